"""Dates in headers."""

import pytest

from watcher.util.http_date import http_date


@pytest.mark.parametrize(
    "text", ["Sun, 15 Jun 2025 15:06:40 GMT", "Sun, 15 Jun 2025 15:06:40 -0000", "Sun, 15 Jun 2025 17:06:40 +0200"]
)
def test_a_date_is_epoch_seconds(text: str) -> None:
    assert http_date(text) == 1_750_000_000.0


@pytest.mark.parametrize(
    "text", [None, "", "soon", "Sun, 99 Jun 2025 15:06:40 GMT", f"Sun, 15 Jun {'9' * 20} 15:06:40 GMT"]
)
def test_anything_else_is_none(text: str | None) -> None:
    assert http_date(text) is None
