from collections.abc import Sequence

import pytest

from watcher.simulator.images import jpeg
from watcher.simulator.limits import LIMITS


def segments(image: bytes) -> list[int]:
    """Markers of a JPEG up to its scan, each found by the length of the one before."""
    markers, position = [], 2
    while True:
        assert image[position] == 0xFF
        markers.append(image[position + 1])
        if markers[-1] == 0xDA:
            return markers
        position += 2 + int.from_bytes(image[position + 2 : position + 4])


# 65,000 to 66,300 is where a second comment segment begins.
@pytest.mark.parametrize("sizes", [range(256, 300), [2048], range(65_650, 65_720), [LIMITS.largest_image]], ids=str)
def test_an_image_is_a_jpeg_of_exactly_the_size_asked_for(sizes: Sequence[int]) -> None:
    for size in sizes:
        image = jpeg("session", 0, size)
        assert len(image) == size
        assert image.startswith(b"\xff\xd8\xff\xe0")
        assert image.endswith(b"\xff\xd9")
        markers = [marker for marker in segments(image) if marker != 0xFE]
        assert (size, markers) == (size, [0xE0, 0xDB, 0xC0, 0xC4, 0xC4, 0xDA])


def test_an_image_is_the_same_every_time_and_different_from_every_other() -> None:
    first = jpeg("a", 0, 300)
    jpeg.cache_clear()
    assert jpeg("a", 0, 300) == first
    assert len({first, jpeg("a", 1, 300), jpeg("b", 0, 300)}) == 3


@pytest.mark.parametrize("size", [LIMITS.smallest_image - 1, LIMITS.largest_image + 1])
def test_a_size_that_the_service_would_not_send_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match=f"image size {size}: give 256 to 204800 bytes"):
        jpeg("a", 0, size)
