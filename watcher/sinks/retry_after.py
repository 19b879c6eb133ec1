"""The header Retry-After."""

from datetime import UTC
from email.utils import parsedate_to_datetime

LONGEST = 300.0
"""Seconds at most that a receiver can ask for: decisions are wanted while the person still waits."""


def retry_after(value: str | None, now: float) -> float | None:
    """Seconds to wait by a header (RFC 9110, 10.2.3: seconds or a date), 0 to 300; None where it says nothing.

    `now` is in epoch seconds.
    """
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:10]), LONGEST)
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):  # the second for a year of twenty digits
        return None
    at = date if date.tzinfo else date.replace(tzinfo=UTC)
    return min(max(at.timestamp() - now, 0.0), LONGEST)
