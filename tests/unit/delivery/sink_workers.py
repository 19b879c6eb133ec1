"""A sink worker by itself, over a sink that rejects what it is told to."""

import math
from collections.abc import Callable, Sequence
from itertools import count
from queue import SimpleQueue

from tests.support import ManualClock, SteppingEvent, decision
from tests.unit.support.builders import a_beat, a_session, value
from watcher.delivery.pending import PendingDelivery
from watcher.delivery.sink_worker import SinkWorker
from watcher.domain.errors import SinkError
from watcher.domain.event_result import DELIVERED, EventResult, failed, not_attempted
from watcher.domain.model import DecisionEvent
from watcher.sessions.session import Session
from watcher.telemetry.metrics import Metrics
from watcher.telemetry.readiness import Readiness
from watcher.util.retry import RetryUntilStopped

Answer = Callable[[Sequence[DecisionEvent]], Sequence[EventResult]]


def all_delivered(events: Sequence[DecisionEvent]) -> Sequence[EventResult]:
    return [DELIVERED] * len(events)


class Recipient:
    """A sink that does with each batch what `answers` say, then delivers all."""

    name = "s"
    max_batch = 4

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.always: Answer = all_delivered
        self.batches: list[list[DecisionEvent]] = []

    def emit(self, events: Sequence[DecisionEvent]) -> Sequence[EventResult]:
        self.batches.append(list(events))
        return (self.answers.pop(0) if self.answers else self.always)(events)

    def close(self) -> None:
        """Nothing to close."""


class CheckedRecipient(Recipient):
    """One whose target can vanish unseen."""

    check_interval = 60.0

    def __init__(self) -> None:
        super().__init__()
        self.checks = 0
        self.missing: Callable[[], bool] = lambda: False

    def verify_target(self) -> None:
        self.checks += 1
        if self.missing():
            raise SinkError("no such target")


def down(_: Sequence[DecisionEvent]) -> Sequence[EventResult]:
    raise SinkError("down")


def broken(events: Sequence[DecisionEvent]) -> Sequence[EventResult]:
    """The receiver is reached, and fails at whatever it is handed."""
    return [failed("down")] * len(events)


def failing_at(*places: int) -> Answer:
    def answer(events: Sequence[DecisionEvent]) -> Sequence[EventResult]:
        return [failed("not these") if place in places else DELIVERED for place in range(len(events))]

    return answer


class SteppingInbox(SimpleQueue[PendingDelivery | None]):
    """An inbox nobody waits at: `get` lets the clock run instead. `ended` is called once it is `until`."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self.until = math.inf
        self.ended: Callable[[], None] = lambda: None

    def get(self, block: bool = True, timeout: float | None = None) -> PendingDelivery | None:
        if block and self.empty():
            seconds = min(math.inf if timeout is None else timeout, self.until - self._clock.monotonic())
            assert seconds < math.inf, "a worker without anything to do would hang"
            self._clock.advance(max(0.0, seconds))
            if self._clock.monotonic() >= self.until:
                self.ended()
        return super().get(block=False)


class Rig:
    """A worker whose waits let the clock run."""

    def __init__(self, sink: Recipient | None = None) -> None:
        self.clock = ManualClock()
        self.halt = SteppingEvent(self.clock)
        self.inbox = SteppingInbox(self.clock)
        self.sink = sink or Recipient()
        self.metrics = Metrics(sinks=["s"])
        self.readiness = Readiness()
        self.taken: list[str] = []
        self.expected = 0
        self.given_up: dict[str, str] = {}
        self.worker = SinkWorker(
            self.sink,
            delivered=self.arrived,
            given_up=self.gave_up,
            clock=self.clock,
            metrics=self.metrics,
            readiness=self.readiness,
            halt=self.halt,
            inbox=self.inbox,
        )
        self.sessions = {number: a_session(number, self.clock) for number in range(30)}

    def arrived(self, sink: str, sessions: Sequence[Session], _: RetryUntilStopped) -> None:
        assert sink == "s"
        self.taken += [session.key.session_id for session in sessions]
        if len(self.taken) == self.expected:
            self.worker.close()

    def gave_up(self, sink: str, session: Session, why: str) -> None:
        assert sink == "s"
        self.given_up[session.session_id] = why
        if not self.expected:
            self.worker.close()

    def deliver(self, *numbers: int, expected: int | None = None) -> None:
        """Put these and let the worker run until all, or as many as expected, are taken."""
        for number in numbers:
            self.worker.put(PendingDelivery(self.sessions[number], decision(number)))
        self.expected = len(numbers) if expected is None else expected
        self.run()

    def run(self) -> None:
        self.worker.run(a_beat(self.clock))

    def run_until(self, then: float) -> None:
        """Let the worker run until then, and over the waits in which nothing is due."""
        self.inbox.until, self.inbox.ended = then, self.worker.close
        self.run()

    def last(self, answer: Answer) -> Answer:
        """The answer to the last batch of a run; what is left waits for the next run."""

        def also(events: Sequence[DecisionEvent]) -> Sequence[EventResult]:
            self.halt.set()
            return answer(events)

        return also

    def ids(self, *numbers: int) -> list[str]:
        return [self.sessions[number].key.session_id for number in numbers]

    def count(self, result: str) -> float | None:
        return value(self.metrics, "watcher_sink_deliveries_total", sink="s", result=result)

    @property
    def is_open(self) -> bool:
        return value(self.metrics, "watcher_sink_circuit_open", sink="s") == 1.0


def never_taking(number: int) -> Answer:
    """As a webhook with one connection fails: what comes after a failure is not begun."""

    def answer(events: Sequence[DecisionEvent]) -> Sequence[EventResult]:
        if decision(number) not in events:
            return all_delivered(events)
        place = list(events).index(decision(number))
        return [DELIVERED] * place + [failed("500")] + [not_attempted("500")] * (len(events) - place - 1)

    return answer


def while_others_come(rig: Rig, answer: Answer) -> Answer:
    """Does as `answer` does, and another decision comes with each try of the one with number 0."""
    numbers = count(1000)

    def also(events: Sequence[DecisionEvent]) -> Sequence[EventResult]:
        if decision(0) in events:
            number = next(numbers)
            rig.worker.put(PendingDelivery(a_session(number, rig.clock), decision(number)))
        return answer(events)

    return also


def pending_of(rig: Rig, number: int) -> PendingDelivery:
    return PendingDelivery(rig.sessions[number], decision(number))
