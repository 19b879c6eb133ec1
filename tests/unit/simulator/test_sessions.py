import pytest

from watcher.simulator.sessions import (
    CREATED,
    ENDINGS,
    EXPIRED,
    FAILED,
    IN_PROGRESS,
    LIFE_SECONDS,
    SUCCEEDED,
    CreateRequest,
    SessionScript,
    SimulatedSession,
    status_at,
)

SCRIPT = SessionScript(created_for=2, in_progress_for=8)


@pytest.mark.parametrize(
    ("age", "status"),
    [
        (0, CREATED),
        (1.999, CREATED),
        (2, IN_PROGRESS),
        (9.999, IN_PROGRESS),
        (10, SUCCEEDED),
        (179.999, SUCCEEDED),
        (180, EXPIRED),
        (239.999, EXPIRED),
        (240, None),
    ],
)
def test_status_is_a_function_of_age_alone(age: float, status: str | None) -> None:
    assert status_at(SCRIPT, age, expired_for=60) == status


@pytest.mark.parametrize("ending", [FAILED, EXPIRED])
def test_other_endings_come_at_the_same_age(ending: str) -> None:
    script = SessionScript(ending=ending, created_for=2, in_progress_for=8)
    assert [status_at(script, age, 60) for age in (9.9, 10)] == [IN_PROGRESS, ending]


@pytest.mark.parametrize("ending", [CREATED, IN_PROGRESS])
def test_a_session_left_alone_stays_where_it_is_until_its_life_is_over(ending: str) -> None:
    script = SessionScript(ending=ending, created_for=2, in_progress_for=8)
    assert [status_at(script, age, 60) for age in (100, 179.9, 180)] == [ending, ending, EXPIRED]


def test_without_expired_time_a_session_is_not_found_at_the_end_of_its_life() -> None:
    assert status_at(SCRIPT, LIFE_SECONDS, expired_for=0) is None


def test_a_slow_session_never_outlives_its_three_minutes() -> None:
    assert status_at(SessionScript(created_for=500), LIFE_SECONDS, expired_for=1) == EXPIRED


def test_the_time_scale_makes_a_session_live_faster() -> None:
    session = SimulatedSession("id", SCRIPT, CreateRequest(), created_at=100.0)
    assert session.status(100.9, time_scale=10, expired_for=60) == IN_PROGRESS
    assert session.status(101.0, time_scale=10, expired_for=60) == SUCCEEDED
    assert session.status(118.0, time_scale=10, expired_for=60) == EXPIRED


def test_an_unknown_ending_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=f"'COMPLETED' is not known: use one of {', '.join(ENDINGS)}"):
        SessionScript(ending="COMPLETED")


def test_a_token_is_not_shown_by_a_session_request() -> None:
    assert "hush" not in repr(CreateRequest(token="hush"))
