"""What the simulator takes, keeps and gives at most."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FileLimits:
    """Of a scenario file, and of the numbers in it."""

    size: int = 1 << 20
    """Bytes of a scenario file."""

    number: float = 1e6
    """A weight, rate or burst: infinity is a fine duration, but these can't be reckoned with it."""

    box: float = 100.0
    """A side of a bounding box; its place may be as far outside of the picture."""

    sigma: float = 10.0
    """Of a log-normal distribution,"""

    median: float = 1e9
    """and its median in seconds."""


FILE_LIMITS = FileLimits()


@dataclass(frozen=True, slots=True)
class Limits:
    """What the simulator takes, keeps and gives at most."""

    head: int = 64 * 1024
    """Bytes of a request line and headers."""

    body: int = 1024 * 1024
    """Bytes of a request's body; the API's have a few hundred."""

    length_digits: int = 19
    """Of a Content-Length: those of a 64-bit number. Python itself refuses to read thousands of them."""

    smallest_image: int = 256
    """Bytes of an image: room for a JPEG's head and picture."""

    largest_image: int = 204_800
    """LivenessImageBlob in the service model."""

    jpeg_comment: int = 65_533
    """Bytes of one comment: its length is a 16-bit number that counts itself."""

    audit_images: int = 4
    """AuditImagesLimit in the service model."""

    calls: int = 100_000
    """Calls that are remembered,"""

    sessions: int = 100_000
    """and sessions."""

    remembered_seconds: float = 3600.0
    """Clock seconds for which a session that is over can still be looked at from Python."""

    wait: float = 86_400.0
    """Seconds of a stall: infinity is more than a socket time-out can be."""

    join_seconds: float = 5.0
    """Seconds that a stop waits for each thread."""

    breather_seconds: float = 0.1
    """Seconds without accepting when no connection can be: too many files are open."""


LIMITS = Limits()
