"""Values of SQLite rows, trusting nothing: any program can write a value of any type to a column."""

from math import isfinite

from watcher.util.rfc3339 import LATEST


def text_in(value: object) -> str:
    """A text; bytes are decoded as far as they are UTF-8."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return "" if value is None else str(value)


def time_in(value: object) -> float | None:
    """Epoch seconds; None if it is not a time."""
    if isinstance(value, int | float) and isfinite(value) and 0 <= value <= LATEST:
        return float(value)
    return None


def count_in(value: object) -> int:
    """A count; 0 if it is not one."""
    return value if isinstance(value, int) and value >= 0 else 0
