"""Dates as HTTP writes them."""

from datetime import UTC
from email.utils import parsedate_to_datetime


def http_date(text: str | None) -> float | None:
    """Epoch seconds of a date in a header (RFC 9110, 5.6.7); None for anything else."""
    try:
        date = parsedate_to_datetime(text or "")
    except (ValueError, OverflowError):  # OverflowError: a year of twenty digits
        return None
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
