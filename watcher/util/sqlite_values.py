"""Values of SQLite rows, believing nothing: a column takes a value of any type, from whatever program writes it."""

from math import isfinite

LATEST = 253_402_300_799.0
"""Epoch seconds of the last second of the year 9999: beyond it no time can be written down."""


def text_in(value: object) -> str:
    """A text; bytes as far as they are UTF-8."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return "" if value is None else str(value)


def time_in(value: object) -> float | None:
    """Epoch seconds; None for what is no time."""
    if isinstance(value, int | float) and isfinite(value) and 0 <= value <= LATEST:
        return float(value)
    return None


def count_in(value: object) -> int:
    """A count; 0 for what is none."""
    return value if isinstance(value, int) and value >= 0 else 0
