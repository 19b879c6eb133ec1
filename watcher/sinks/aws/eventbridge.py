"""Decisions as events on an EventBridge bus."""

import json
from collections.abc import Mapping, Sequence
from functools import partial
from math import inf
from threading import Event
from typing import Any

import structlog

from watcher.config.settings import AwsSettings
from watcher.config.sinks import EventBridgeSinkSettings
from watcher.domain.errors import SinkError
from watcher.domain.event_result import DELIVERED, EventResult, EventStatus, failed
from watcher.domain.model import DecisionEvent
from watcher.domain.ports import Clock
from watcher.sinks.aws.batches import BatchSender, Entry
from watcher.sinks.aws.client import arn_region, open_client
from watcher.sinks.aws.target import CheckNotPermitted, Target, TargetMissing, sink_service
from watcher.util.clock import SystemClock

log = structlog.get_logger(__name__)

SOURCE = "liveness.watcher"
DETAIL_TYPE = "liveness.decision.v1"
"""The CloudEvents type of every decision."""

CHECK_INTERVAL = 60.0
"""Seconds after which the bus is checked even if nothing was sent, so that readiness reports a deleted bus; and for
which a good answer counts while later checks get none (a throttled call says nothing about the bus)."""

CHECK_PAUSE = 0.2
"""Minimum seconds between two checks. DescribeEventBus has a quota of 50 calls a second per account and region, which
others need as well; events sent in between wait for confirmation."""

_MAX_BATCH = 100
"""Events that one check confirms: ten calls, so that the pause limits no throughput."""

_TIME_BYTES = 14
"""Bytes that an entry's time counts for (EventBridge user guide, size of a PutEvents entry)."""


class EventBridgeSink:
    """PutEvents: source `liveness.watcher`, detail-type `liveness.decision.v1`, time as in the event.

    The detail is the whole CloudEvent, not only its data, so that consumers have the id for ignoring duplicates, and
    the same bytes as from every other sink. Rules match members such as `detail.data.outcome`. PutEvents reports
    success for a bus that does not exist, so its answer proves nothing: events count as delivered only once the bus
    has been seen to exist after they were put.
    """

    max_batch = _MAX_BATCH
    check_interval = CHECK_INTERVAL

    def __init__(self, settings: EventBridgeSinkSettings, aws: AwsSettings, clock: Clock | None = None) -> None:
        """Set up the client; nothing is called.

        Raises:
            ConfigError: no client can be made from the settings.
        """
        self.name = settings.name
        self._bus = settings.bus
        self._clock = clock or SystemClock()
        self._seen_at = self._checked_at = self._denied_at = -inf
        self._is_warned = False
        self._closed = Event()
        self._client = open_client("events", settings, aws, arn_region(settings.bus))
        self._target = Target(
            service=sink_service("EventBridge", "event bus", if_missing="create it, or fix bus"),
            shown=f"event bus {settings.bus}",
            action="events:PutEvents",
            check_action="events:DescribeEventBus",
            if_too_long="send less context",
        )
        self._batches = BatchSender(self._entry, self._call)

    def emit(self, events: Sequence[DecisionEvent]) -> Sequence[EventResult]:
        """Put each event on the bus, and check that the bus exists; returns the result of each.

        Raises:
            SinkError: none was attempted, or the bus is missing, and all have to be sent again.
        """
        if not events:
            return []
        if self._clock.monotonic() - self._seen_at > CHECK_INTERVAL:
            self.verify_target()
        results = self._batches.send(events)
        if any(result.status is EventStatus.DELIVERED for result in results):
            self._closed.wait(max(0.0, self._checked_at + CHECK_PAUSE - self._clock.monotonic()))
            self.verify_target()
        return results

    def check(self) -> None:
        """Check the bus, without putting anything on it.

        Raises:
            CheckNotPermitted: permission denied, which says nothing about PutEvents.
            SinkError: it does not exist, or can't be reached.
        """
        self._target.check(partial(self._client.describe_event_bus, Name=self._bus))

    def verify_target(self) -> None:
        """Check that the bus exists.

        Without permission to check, this only logs that once.

        Raises:
            SinkError: it is missing, or was not seen for `CHECK_INTERVAL`.
        """
        now = self._checked_at = self._clock.monotonic()
        if now - self._denied_at < CHECK_INTERVAL:
            return
        try:
            self.check()
        except CheckNotPermitted:
            self._denied_at = now
            self._warn()
        except TargetMissing:
            self._seen_at = -inf
            raise
        except SinkError:
            if now - self._seen_at > CHECK_INTERVAL:
                raise
        else:
            self._seen_at = now

    def _warn(self) -> None:
        if not self._is_warned:
            self._is_warned = True
            consequence = "PutEvents reports success for a deleted bus: decisions could be lost unnoticed"
            fix = "allow events:DescribeEventBus on it"
            log.warning("bus_check_denied", sink=self.name, bus=self._bus, consequence=consequence, fix=fix)

    def _entry(self, event: DecisionEvent) -> Entry:
        fields = {
            "Time": json.loads(event.body)["time"],
            "Source": SOURCE,
            "DetailType": DETAIL_TYPE,
            "Detail": event.body,
            "EventBusName": self._bus,
        }
        return Entry(fields, _TIME_BYTES + len(SOURCE) + len(DETAIL_TYPE) + len(event.body.encode()))

    def _call(self, entries: Sequence[Mapping[str, Any]]) -> Sequence[EventResult]:
        answer = self._target.call(partial(self._client.put_events, Entries=list(entries)))
        told = list(answer.get("Entries") or ())[: len(entries)]
        told += [None] * (len(entries) - len(told))
        return [self._result(entry) for entry in told]

    def _result(self, entry: object) -> EventResult:
        told = entry if isinstance(entry, Mapping) else {}
        if told.get("ErrorCode"):  # whatever else the answer says of the entry
            return self._target.result(str(told["ErrorCode"]), str(told.get("ErrorMessage") or ""))
        return DELIVERED if told.get("EventId") else failed(f"{self._target.shown}: the answer omits the entry")

    def close(self) -> None:
        """Close the connections."""
        self._closed.set()
        self._client.close()
