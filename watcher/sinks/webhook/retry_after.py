"""The header Retry-After."""

from watcher.util.http_date import http_date

LONGEST = 300.0
"""Seconds at most that a receiver can ask for: decisions are wanted while the person still waits."""


def retry_after(value: str | None, now: float) -> float | None:
    """Seconds to wait by a header (RFC 9110, 10.2.3: seconds or a date), 0 to 300; None where it says nothing.

    `now` is in epoch seconds, by the receiver's clock if it tells it.
    """
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:10]), LONGEST)
    at = http_date(text)
    return None if at is None else min(max(at - now, 0.0), LONGEST)
