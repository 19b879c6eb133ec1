"""Times as RFC 3339 writes them."""

import re
from datetime import UTC, datetime, time, timedelta

LATEST = 253_402_300_799.0
"""Epoch seconds of the last second of the year 9999, the last time that can be formatted."""

_LEAP_SECOND = re.compile(r"(\d{4}-\d\d-\d\d.\d\d:\d\d):60(?!\d)")


def timestamp(epoch: float) -> str:
    """RFC 3339 in UTC with milliseconds."""
    return datetime.fromtimestamp(epoch, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def timestamp_of(value: object) -> str:
    """As `timestamp`, for an untrusted value; `-` if it is not a valid time."""
    try:
        return timestamp(value) if isinstance(value, int | float) else "-"
    except (ValueError, OverflowError, OSError):  # not a number, or beyond the years 1 to 9999
        return "-"


def creation_time(value: object) -> float | None:
    """Epoch seconds of an RFC 3339 time with its offset; None for anything else.

    `t` and `z` may be lower case (5.6), and a leap second counts as the following one, because epoch seconds have
    none.
    """
    if not isinstance(value, str):
        return None
    text, leaps = _LEAP_SECOND.subn(r"\1:59", value.strip().upper(), count=1)
    try:
        parsed = datetime.fromisoformat(text)
        if parsed.tzinfo is None:
            return None
        # In UTC, or an offset could move it out of the years that an event's time can have.
        moment = parsed.astimezone(UTC) + timedelta(seconds=leaps)
    except (ValueError, OverflowError):
        return None
    # Leap seconds end a UTC day (5.7); which days is not known in advance.
    is_possible = not leaps or moment.time().replace(microsecond=0) == time.min
    return moment.timestamp() if is_possible else None
