import math

import pytest

from watcher.simulator.limits import LIMITS
from watcher.simulator.sessions import CreateRequest, SessionScript, SimulatedSession
from watcher.simulator.store import SessionStore


def session(name: str, created_at: float = 0.0, token: str = "") -> SimulatedSession:
    return SimulatedSession(name, SessionScript(), CreateRequest(token=token), created_at)


def test_a_token_gives_its_session_while_that_lives() -> None:
    store = SessionStore()
    first = session("a", token="t")
    store.add(first)
    assert store.with_token("t", 179.9) is first
    assert store.with_token("t", 180.0) is None
    assert store.with_token("other", 0.0) is None


def test_a_faster_life_ends_a_token_sooner() -> None:
    store = SessionStore(time_scale=10)
    store.add(session("a", token="t"))
    assert store.with_token("t", 18.0) is None


def test_an_id_in_use_is_refused() -> None:
    store = SessionStore()
    store.add(session("a"))
    with pytest.raises(ValueError, match="session id a is in use"):
        store.add(session("a"))


def test_sessions_long_over_are_forgotten() -> None:
    store = SessionStore()
    store.add(session("old", token="t"))
    store.add(session("late", created_at=LIMITS.remembered_seconds - 1))
    assert store.get("old") is not None
    store.add(session("later", created_at=LIMITS.remembered_seconds))
    assert store.get("old") is None
    assert len(store) == 2


def test_the_number_of_sessions_is_bounded_even_if_they_read_expired_for_good() -> None:
    store = SessionStore(expired_for=math.inf, max_sessions=3)
    for number in range(10):
        store.add(session(str(number), created_at=number, token=f"t{number}"))
    assert len(store) == 3
    assert store.get("6") is None
    assert store.get("7") is not None
    assert store.with_token("t6", 9.0) is None


def test_a_newer_sessions_token_survives_the_older_ones_end() -> None:
    store = SessionStore(max_sessions=1)
    store.add(session("old", created_at=0.0, token="t"))
    new = session("new", created_at=200.0, token="t")
    store.add(new)
    assert store.with_token("t", 200.0) is new


def test_polls_are_counted_from_one() -> None:
    store = SessionStore()
    one = session("a")
    assert [store.count_poll(one), store.count_poll(one)] == [1, 2]
