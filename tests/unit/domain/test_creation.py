"""Which of a message's times is the session's creation."""

import pytest

from watcher.domain.creation import Creation, created

SENT, LIFETIME = 1000.0, 180.0


@pytest.mark.parametrize(
    ("given", "first_sent_at", "expected"),
    [
        (None, None, Creation(SENT, is_given=False, rejected=None)),
        (900.0, None, Creation(900.0, is_given=True, rejected=None)),
        (820.0, None, Creation(820.0, is_given=True, rejected=None)),
        (819.0, None, Creation(SENT, is_given=False, rejected=819.0)),
        (1500.0, None, Creation(SENT, is_given=True, rejected=None)),
        (None, 950.0, Creation(950.0, is_given=False, rejected=None)),
        (900.0, 950.0, Creation(900.0, is_given=True, rejected=None)),
        (990.0, 950.0, Creation(950.0, is_given=True, rejected=None)),
        (100.0, 950.0, Creation(950.0, is_given=False, rejected=100.0)),
        (100.0, 50.0, Creation(SENT, is_given=False, rejected=50.0)),
    ],
)
def test_the_earliest_possible_time_counts(
    given: float | None, first_sent_at: float | None, expected: Creation
) -> None:
    assert created(given, SENT, first_sent_at, LIFETIME) == expected
