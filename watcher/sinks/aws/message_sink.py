"""The common part of the SQS and SNS sinks: decisions as messages, up to ten in a call."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from watcher.aws.batch_limits import BATCH_LIMITS
from watcher.domain.event_result import EventResult
from watcher.domain.model import DecisionEvent
from watcher.sinks.aws.batches import BatchSender
from watcher.sinks.aws.message_entries import entry_results, message_entry, with_ids
from watcher.sinks.aws.target import Target


class MessageSink:
    """Sends each event as a message: the CloudEvent is the body; outcome, reason and policy are attributes.

    At a FIFO target the group is the session, and the deduplication id the hash of the event's id.
    """

    max_batch = BATCH_LIMITS.entries

    def __init__(
        self,
        name: str,
        client: Any,
        target: Target,
        *,
        body_key: str,
        is_fifo: bool,
        send: Callable[[list[dict[str, Any]]], Mapping[str, Any]],
        ask: Callable[[], object],
    ) -> None:
        """`client`: boto3's, owned from here on. `send` makes a call with entries, `ask` one to check the target."""
        self.name = name
        self._client = client
        self._target = target
        self._send = send
        self._ask = ask
        self._batches = BatchSender(partial(message_entry, body_key=body_key, is_fifo=is_fifo), self._call)

    def emit(self, events: Sequence[DecisionEvent]) -> Sequence[EventResult]:
        """Send each event; returns the result of each.

        Raises:
            SinkError: none was attempted.
        """
        return self._batches.send(events)

    def check(self) -> None:
        """Check the target, without sending anything.

        Raises:
            CheckNotPermitted: permission denied, which says nothing about sending.
            SinkError: it does not exist, or can't be reached.
        """
        self._target.check(self._ask)

    def _call(self, entries: Sequence[Mapping[str, Any]]) -> Sequence[EventResult]:
        answer = self._target.call(lambda: self._send(with_ids(entries)))
        return entry_results(answer, len(entries), self._target)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
