"""Decisions as events on an EventBridge bus."""

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import structlog

from watcher.config.settings import AwsSettings
from watcher.config.sinks import EventBridgeSinkSettings
from watcher.errors import Refusal
from watcher.model import DecisionEvent
from watcher.sinks.aws_calls import MayNotLookError, Target
from watcher.sinks.aws_client import arn_region, open_client
from watcher.sinks.batches import MAX_ENTRIES, Batches, Entry

log = structlog.get_logger(__name__)

SOURCE = "liveness.watcher"
DETAIL_TYPE = "liveness.decision.v1"
"""The CloudEvents type of every decision."""

_TIME_BYTES = 14
"""What an entry's time counts for (EventBridge user guide, size of a PutEvents entry)."""


class EventBridgeSink:
    """PutEvents: source `liveness.watcher`, detail-type `liveness.decision.v1`, time as in the event.

    The detail is the whole CloudEvent and not only its data, so that consumers have the id to drop repeats by, and
    the same bytes as those of every other sink. Rules match members such as `detail.data.outcome`.
    """

    def __init__(self, settings: EventBridgeSinkSettings, aws: AwsSettings) -> None:
        """Set up the client; nothing is called.

        Raises:
            ConfigError: no client can be made from the settings.
        """
        self.name = settings.name
        self.max_batch = MAX_ENTRIES
        self._bus = settings.bus
        self._is_known = False
        self._client = open_client("events", settings, aws, arn_region(settings.bus))
        self._target = Target(
            shown=f"event bus {settings.bus}",
            action="events:PutEvents",
            look_action="events:DescribeEventBus",
            if_missing="create it, or mend bus",
            if_too_long="send less context",
        )
        self._batches = Batches(self._entry, self._call)

    def emit(self, events: Sequence[DecisionEvent]) -> None:
        """Put each event on the bus.

        Raises:
            SinkError: not all were taken; it says which.
        """
        if not self._is_known:
            self._look_for_bus()
        self._batches.send(events)

    def look(self) -> None:
        """Ask for the bus, and put nothing on it.

        Raises:
            MayNotLookError: no leave to ask, which says nothing about putting.
            SinkError: it is not there, or can't be reached.
        """
        self._target.look(partial(self._client.describe_event_bus, Name=self._bus))

    def _look_for_bus(self) -> None:
        """Ask once: PutEvents has no error for a bus that isn't there, and the decisions would be gone."""
        try:
            self.look()
        except MayNotLookError:
            log.warning("bus not verified", sink=self.name, bus=self._bus, fix="allow events:DescribeEventBus on it")
        self._is_known = True

    def _entry(self, event: DecisionEvent) -> Entry:
        fields = {
            "Time": json.loads(event.body)["time"],
            "Source": SOURCE,
            "DetailType": DETAIL_TYPE,
            "Detail": event.body,
            "EventBusName": self._bus,
        }
        return Entry(fields, _TIME_BYTES + len(SOURCE) + len(DETAIL_TYPE) + len(event.body.encode()))

    def _call(self, entries: Sequence[Mapping[str, Any]]) -> Mapping[int, str | Refusal]:
        answer = self._target.call(partial(self._client.put_events, Entries=list(entries)))
        told = list(answer.get("Entries") or ())
        told += [None] * (len(entries) - len(told))
        return {place: self._why(entry) for place, entry in enumerate(told) if not _is_taken(entry)}

    def _why(self, entry: object) -> str | Refusal:
        if not isinstance(entry, Mapping) or not entry.get("ErrorCode"):
            return f"{self._target.shown}: the answer says nothing about the entry"
        return self._target.told(str(entry["ErrorCode"]), str(entry.get("ErrorMessage") or ""))

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def _is_taken(entry: object) -> bool:
    return isinstance(entry, Mapping) and bool(entry.get("EventId"))
