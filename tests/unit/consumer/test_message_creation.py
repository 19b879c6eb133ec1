import json

import pytest

from tests.support import START
from tests.unit.support.messages import ID
from watcher.consumer.message import parse_message
from watcher.domain.creation import Creation, created
from watcher.util.rfc3339 import timestamp

SENT = START
LIFETIME = 180.0


def creation_of(created_at: str | None, first_sent_at: float | None = None) -> Creation:
    body = json.dumps({"sessionId": ID, "createdAt": created_at})
    return parse_message(body, SENT, (), first_sent_at=first_sent_at, lifetime=LIFETIME).creation


@pytest.mark.parametrize("ago", [0.0, 1.5, 179.0, 180.0])
def test_a_creation_within_a_lifetime_of_the_sent_time_counts(ago: float) -> None:
    assert creation_of(timestamp(SENT - ago)) == Creation(SENT - ago, is_given=True, rejected=None)


@pytest.mark.parametrize("ago", [180.001, 181.0, 3600.0, 1e9])
def test_a_creation_of_long_before_the_sent_time_is_refused(ago: float) -> None:
    found = creation_of(timestamp(SENT - ago))
    assert (found.at, found.is_given) == (SENT, False)
    assert found.rejected == pytest.approx(SENT - ago, abs=0.001)


@pytest.mark.parametrize(
    "text",
    [
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00-23:59",
        "1969-12-31T23:59:59Z",
        "2025-06-15T15:06:40+14:00",  # 01:06 in UTC
        "2025-06-15T16:06:40+23:59",
        "2016-12-31T23:59:60Z",
    ],
)
def test_no_year_and_no_offset_makes_a_session_older_than_its_message_allows(text: str) -> None:
    found = creation_of(text)
    assert (found.at, found.is_given) == (SENT, False)
    assert found.rejected is not None


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59Z", "2025-06-15T15:06:40-12:00", "2025-06-15T15:06:41Z"])
def test_a_creation_after_the_sent_time_is_the_sent_time(text: str) -> None:
    assert creation_of(text) == Creation(SENT, is_given=True, rejected=None)


@pytest.mark.parametrize("text", [None, "NaN", "nan", "inf", "-1", "0000-01-01T00:00:00Z", "2025-06-15T15:06:40"])
def test_what_is_no_time_leaves_the_sent_time(text: str | None) -> None:
    assert creation_of(text) == Creation(SENT, is_given=False, rejected=None)


def test_a_first_sent_time_within_a_lifetime_counts_and_no_creation_is_later() -> None:
    assert creation_of(None, SENT - 100.0) == Creation(SENT - 100.0, is_given=False, rejected=None)
    assert creation_of(timestamp(SENT - 50.0), SENT - 100.0) == Creation(SENT - 100.0, is_given=True, rejected=None)
    assert creation_of(timestamp(SENT - 150.0), SENT - 100.0).at == SENT - 150.0


@pytest.mark.parametrize("first", [SENT - 3600.0, 0.0, -1.0])
def test_a_first_sent_time_of_long_ago_is_refused_and_takes_nothing_else_with_it(first: float) -> None:
    assert creation_of(None, first) == Creation(SENT, is_given=False, rejected=first)
    assert creation_of(timestamp(SENT - 30.0), first) == Creation(SENT - 30.0, is_given=True, rejected=first)


def test_a_first_sent_time_in_the_future_says_nothing() -> None:
    assert creation_of(None, SENT + 3600.0) == Creation(SENT, is_given=False, rejected=None)


def test_without_a_lifetime_every_creation_counts() -> None:
    assert created(0.0, SENT, None, float("inf")) == Creation(0.0, is_given=True, rejected=None)
