"""What liveness and readiness see of a call to the outside, and that it stays the same call."""

import math
from threading import Thread

import pytest

from tests.support import ManualClock
from tests.unit.support.fakes import PATIENCE
from watcher.telemetry.health import (
    OWN_LIMIT,
    SLOW_CALL,
    Liveness,
    current,
)
from watcher.telemetry.outside_calls import watched


class Backend:
    """Something outside whose calls take `seconds`; what is told meanwhile is kept."""

    size = 3

    def __init__(self, clock: ManualClock, liveness: Liveness) -> None:
        self._clock = clock
        self._liveness = liveness
        self.late: list[str] = []
        self.slow: dict[str, str] = {}

    def ask(self, seconds: float, *, fails: bool = False) -> float:
        self._clock.advance(seconds)
        self.late = self._liveness.late()
        self.slow = dict(self._liveness.slow_calls())
        if fails:
            raise ZeroDivisionError
        return seconds


@pytest.mark.parametrize("limit", [60.0, math.inf])
def test_a_call_to_the_outside_is_named_by_readiness_and_makes_nobody_late(limit: float) -> None:
    clock = ManualClock()
    liveness = Liveness(clock)
    backend = Backend(clock, liveness)
    liveness.beat("consumer").beat()
    seen = watched(backend, "queue", limit)
    assert (seen.size, seen.ask(SLOW_CALL - 1.0)) == (3, 19.0)
    assert (backend.late, backend.slow) == ([], {})
    seen.ask(45.0)
    assert backend.late == []
    assert backend.slow == {"queue": "no answer for 45 s (ask, called by the thread consumer)"}
    assert liveness.slow_calls() == {}
    assert liveness.late() == []


def test_a_call_that_outlasts_all_its_time_outs_makes_its_thread_late() -> None:
    clock = ManualClock()
    liveness = Liveness(clock)
    backend = Backend(clock, liveness)
    liveness.beat("consumer").beat()
    watched(backend, "queue", 60.0).ask(61.0)
    assert backend.late == ["consumer: ask of queue: no return for 61 s, beyond all time-outs"]


def test_after_a_call_the_thread_works_again_even_if_the_call_failed() -> None:
    clock = ManualClock()
    liveness = Liveness(clock)
    liveness.beat("consumer").beat()
    with pytest.raises(ZeroDivisionError):
        watched(Backend(clock, liveness), "queue", 60.0).ask(50.0, fails=True)
    clock.advance(OWN_LIMIT + 1.0)
    assert liveness.late() == ["consumer: no progress for 21 s"]


def test_a_thread_without_a_beat_may_call_too() -> None:
    clock = ManualClock()
    liveness = Liveness(clock)
    found: list[object] = []

    def call() -> None:
        found.append(watched(Backend(clock, liveness), "queue", 60.0).ask(1.0))
        found.append(current())

    thread = Thread(target=call)
    thread.start()
    thread.join(PATIENCE)
    assert found == [1.0, None]


def test_a_wrapped_backend_is_used_as_the_backend_itself() -> None:
    class Store:
        limit = 10
        nothing: None = None

        def __init__(self) -> None:
            self.items: list[str] = []

        def put(self, item: str, *more: str, twice: bool = False) -> int:
            self.items += [item, *more] * (2 if twice else 1)
            return len(self.items)

    store = Store()
    seen = watched(store, "ledger", 60.0)
    assert (seen.put("a"), seen.put("b", "c", twice=True)) == (1, 5)
    assert store.items is seen.items
    store.limit = 20
    assert (seen.limit, seen.nothing) == (20, None)
    with pytest.raises(AttributeError, match="missing"):
        _ = seen.missing  # type: ignore[attr-defined]
    with pytest.raises(TypeError):
        seen.put()  # type: ignore[call-arg]


def test_arguments_may_have_any_name() -> None:
    class Sender:
        def send(self, method: str, part: str, name: str, limit: float) -> tuple[object, ...]:
            return method, part, name, limit

    assert watched(Sender(), "queue", 1.0).send(method="a", part="b", name="c", limit=2.0) == ("a", "b", "c", 2.0)
