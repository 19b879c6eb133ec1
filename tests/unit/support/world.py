"""The core of a watcher put together from fakes."""

from collections.abc import Mapping, Sequence
from threading import Condition, Event
from typing import Any

from tests.support import ManualClock, Unlimited
from tests.unit.support.builders import a_beat, a_lease, a_session, live_answer, put_in, value
from tests.unit.support.fakes import Calls, FakeHintLog, FakeLedger, FakeQueue, FakeResults, FakeSink
from watcher.consumer.consumer import Consumer
from watcher.consumer.dead_letters import DeadLetterWriter
from watcher.consumer.hint_receiver import HintReceiver
from watcher.consumer.hint_sharing import HintSharing
from watcher.consumer.lease_extender import LeaseExtender
from watcher.decisions.decider import Decider
from watcher.delivery.outbox import Outbox
from watcher.delivery.selection import Selection
from watcher.domain.active_rules import ActiveRules, Rules
from watcher.domain.errors import PollError
from watcher.domain.model import DEFAULT_POLICY, Decision, DecisionEvent, DecisionRules, Lease, SessionResult
from watcher.domain.ports import Sink
from watcher.polling.deadline_watchdog import DeadlineWatchdog
from watcher.polling.endpoint_check import EndpointCheck
from watcher.polling.hints import Hints
from watcher.polling.policy import PollPolicy
from watcher.polling.poller import Poller
from watcher.polling.scheduler import Scheduler
from watcher.polling.strategies import backoff
from watcher.sessions.in_flight import InFlight
from watcher.sessions.session import Session
from watcher.telemetry.health import OUTSIDE_LIMIT
from watcher.telemetry.metrics import Metrics
from watcher.telemetry.outside_calls import watched
from watcher.telemetry.readiness import Readiness


class World:
    """A watcher's core over fakes; its threads are the test's to start."""

    def __init__(
        self,
        *script: SessionResult | PollError,
        sinks: Sequence[str] = ("a",),
        limit: int = 100,
        policies: Mapping[str, DecisionRules] | None = None,
        selections: Mapping[str, Selection] | None = None,
        room: Condition | None = None,
    ) -> None:
        """`room` is what a dead letter waits on for its place."""
        self.clock = ManualClock()
        self.calls = Calls()
        self.queue = FakeQueue(self.calls)
        self.ledger = FakeLedger(self.calls)
        self.sinks = {name: FakeSink(name, self.calls) for name in sinks}
        self.results = FakeResults(*(script or [live_answer()]))
        self.metrics = Metrics(policies or (), list(sinks))
        self.readiness = Readiness()
        self.in_flight = InFlight(limit)
        self.policy = PollPolicy(backoff(1.0, 10.0, 1.6, 0.0), self.clock)
        self.active_rules = ActiveRules(
            Rules({DEFAULT_POLICY: DecisionRules(), **(policies or {})}, self.policy, 180.0)
        )
        self.scheduler = Scheduler(Unlimited(), self.clock, a_beat(self.clock))
        shared: dict[str, Any] = {"metrics": self.metrics, "readiness": self.readiness, "clock": self.clock}
        queue = watched(self.queue, "queue", OUTSIDE_LIMIT)
        ledger = watched(self.ledger, "ledger", OUTSIDE_LIMIT)
        sink_list: list[Sink] = [watched(sink, f"sink {name}", OUTSIDE_LIMIT) for name, sink in self.sinks.items()]
        self.dead_letters = DeadLetterWriter(
            queue=queue, metrics=self.metrics, readiness=self.readiness, changed=room
        )
        self.outbox = Outbox(
            queue=queue,
            ledger=ledger,
            sinks=sink_list,
            selections=selections,
            in_flight=self.in_flight,
            dead_letter=self.dead_letters.put,
            ack_gather=0.0,  # a wait of real seconds
            **shared,
        )
        results = watched(self.results, "endpoint", OUTSIDE_LIMIT)
        self.endpoint = EndpointCheck(results)
        self.decisions: list[tuple[Decision, DecisionEvent]] = []
        """What the decider handed to the outbox."""
        decider = Decider(
            active_rules=self.active_rules,
            source="/watcher/us-east-1",
            decided=self._decide,
            clock=self.clock,
            metrics=self.metrics,
        )
        self.hints = Hints(
            in_flight=self.in_flight,
            scheduler=self.scheduler,
            active_rules=self.active_rules,
            clock=self.clock,
            metrics=self.metrics,
        )
        self.hint_log = FakeHintLog()
        self.hint_sharing = HintSharing(hint_log=self.hint_log, announce=self.hints.announce, clock=self.clock)
        self.poller = Poller(
            results=results,
            endpoint=self.endpoint,
            scheduler=self.scheduler,
            ended=decider.decide,
            hints=self.hints,
            active_rules=self.active_rules,
            **shared,
        )
        self.consumer = Consumer(
            queue=queue,
            ledger=ledger,
            in_flight=self.in_flight,
            polls=self.poller,
            deliveries=self.outbox,
            hints=HintReceiver(hints=self.hints, share=self.hint_sharing.share),
            dead_letters=self.dead_letters,
            active_rules=self.active_rules,
            **shared,
        )

    def _decide(self, session: Session, decision: Decision, event: DecisionEvent) -> None:
        self.decisions.append((decision, event))
        self.outbox.decided(session, decision, event)

    def session(
        self, number: int = 1, *leases: Lease, policy: str = DEFAULT_POLICY, traceparent: str = ""
    ) -> Session:
        """A session in flight, under one lease unless told otherwise."""
        session = a_session(number, self.clock, policy=policy, traceparent=traceparent)
        first, *others = leases or (a_lease(number),)
        return put_in(self.in_flight, session, first, *others, now=self.clock.monotonic())

    def dead_letter(self, stop: Event | None = None) -> None:
        """Dead-letter what the consumer handed over, until none is left or, after a stop, until a failure."""
        self.dead_letters.close()
        self.dead_letters.run(stop or Event(), a_beat(self.clock))

    def lease_extender(self, visibility_timeout: float = 60.0) -> LeaseExtender:
        """What keeps the leases of this world alive."""
        return LeaseExtender(
            queue=watched(self.queue, "queue", OUTSIDE_LIMIT),
            in_flight=self.in_flight,
            visibility_timeout=visibility_timeout,
            clock=self.clock,
            metrics=self.metrics,
            readiness=self.readiness,
        )

    def watchdog(self) -> DeadlineWatchdog:
        """What ends sessions while the workers hang."""
        return DeadlineWatchdog(
            scheduler=self.scheduler, poller=self.poller, clock=self.clock, readiness=self.readiness
        )

    def labelled(self, name: str, **labels: str) -> float | None:
        return value(self.metrics, name, **labels)
