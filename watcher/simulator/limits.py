"""The simulator's limits."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FileLimits:
    """Limits of a scenario file, and of the numbers in it."""

    size: int = 1 << 20
    """Bytes of a scenario file."""

    number: float = 1e6
    """Maximum weight, rate or burst: infinity is a valid duration, but can't be used in calculations with these."""

    box: float = 100.0
    """Maximum side of a bounding box, and distance of its position from the picture."""

    sigma: float = 10.0
    """Maximum sigma of a log-normal distribution,"""

    median: float = 1e9
    """and maximum median in seconds."""


FILE_LIMITS = FileLimits()


@dataclass(frozen=True, slots=True)
class Limits:
    """The simulator's limits."""

    head: int = 64 * 1024
    """Bytes of a request line and headers."""

    body: int = 1024 * 1024
    """Bytes of a request's body; the API's have a few hundred."""

    length_digits: int = 19
    """Maximum digits of a Content-Length: those of a 64-bit number. Python itself refuses thousands."""

    smallest_image: int = 256
    """Minimum bytes of an image: room for a JPEG's header and picture."""

    largest_image: int = 204_800
    """Maximum bytes of an image: LivenessImageBlob in the service model."""

    jpeg_comment: int = 65_533
    """Maximum bytes of one comment: its length is a 16-bit number that includes itself."""

    audit_images: int = 4
    """AuditImagesLimit in the service model."""

    feedback: int = 10
    """FeedbackList in the service model."""

    sdk_type: int = 64
    """Maximum characters: SDKTypeString in the service model."""

    calls: int = 100_000
    """Calls that are remembered,"""

    sessions: int = 100_000
    """and sessions."""

    hints: int = 100_000
    """Maximum hints that wait to be sent: those of as many sessions as are remembered."""

    hint_batch: int = 500
    """Maximum hints that are sent together, as in one transaction of `watcher enqueue`."""

    remembered_seconds: float = 3600.0
    """Clock seconds for which a finished session remains accessible from Python."""

    wait: float = 86_400.0
    """Maximum seconds of a stall: a socket time-out can't be infinite."""

    join_seconds: float = 5.0
    """Seconds that a stop waits for each thread."""

    breather_seconds: float = 0.1
    """Seconds to wait before the next accept if too many files are open."""


LIMITS = Limits()
