"""Small real JPEG files of any size that the service allows, always with the same bytes for the same session."""

import functools
import hashlib
import struct

from watcher.simulator.limits import LIMITS


def _segment(marker: int, payload: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload


def _head() -> bytes:
    jfif = _segment(0xE0, b"JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00")
    return b"\xff\xd8" + jfif


def _picture() -> bytes:
    """One grey 8x8 block, which needs only a single code of one bit in each Huffman table."""
    quantisation = _segment(0xDB, b"\x00" + b"\x10" * 64)
    frame = _segment(0xC0, struct.pack(">BHHB", 8, 8, 8, 1) + b"\x01\x11\x00")
    one_code = b"\x01" + b"\x00" * 15 + b"\x00"
    huffman = _segment(0xC4, b"\x00" + one_code) + _segment(0xC4, b"\x10" + one_code)
    scan = _segment(0xDA, b"\x01\x01\x00\x00\x3f\x00")
    return quantisation + frame + huffman + scan + b"\x3f" + b"\xff\xd9"


_HEAD, _PICTURE = _head(), _picture()


def _comments(seed: bytes, size: int) -> bytes:
    """Comment segments of exactly `size` bytes in all, filled from `seed`."""
    filler = hashlib.sha256(seed).hexdigest().encode()
    out = bytearray()
    while (left := size - len(out)) > 0:
        # A segment has four bytes of overhead, so the rest is never 1 to 3 bytes.
        length = left - 4 if left - 4 <= LIMITS.jpeg_comment else LIMITS.jpeg_comment - 4
        out += _segment(0xFE, (filler * (length // len(filler) + 1))[:length])
    return bytes(out)


@functools.lru_cache(maxsize=64)
def jpeg(session_id: str, index: int, size: int) -> bytes:
    """A JPEG of exactly `size` bytes, different for each session and index.

    Raises:
        ValueError: `size` is outside `LIMITS.smallest_image` to `LIMITS.largest_image`.
    """
    if not LIMITS.smallest_image <= size <= LIMITS.largest_image:
        raise ValueError(f"image size {size}: give {LIMITS.smallest_image} to {LIMITS.largest_image} bytes")
    comments = _comments(f"{session_id}/{index}".encode(), size - len(_HEAD) - len(_PICTURE))
    return _HEAD + comments + _PICTURE
