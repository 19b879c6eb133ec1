import pytest

from watcher.sinks.webhook.http_post import retry_after

NOW = 1_750_000_000.0
"""Sun, 15 Jun 2025 15:06:40 GMT"""


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        ("120", 120),
        (" 7 ", 7),
        ("86400", 300),
        ("9" * 5000, 300),
        ("Sun, 15 Jun 2025 15:07:40 GMT", 60),
        ("Sun, 15 Jun 2025 15:07:40 -0000", 60),
        ("Sunday, 15-Jun-25 15:07:40 GMT", 60),
        ("Sun, 15 Jun 2025 14:00:00 GMT", 0),
        ("Sun, 15 Jun 2035 14:00:00 GMT", 300),
    ],
)
def test_seconds_and_dates_are_understood_and_bounded(value: str, seconds: float) -> None:
    assert retry_after(value, NOW) == seconds


FAR = "Sun, 15 Jun 99999999999999999999 15:07:40 GMT"
"""No ValueError: an OverflowError, which would end the sink's thread and with it the watcher."""


@pytest.mark.parametrize("value", [None, "", "soon", "-5", "1.5", "²", "Sun, 99 Jun 2025 15:07:40 GMT", "0x10", FAR])
def test_what_is_neither_says_nothing(value: str | None) -> None:
    assert retry_after(value, NOW) is None
