"""Decisions as messages on an SQS queue."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from watcher.aws.client import build_client
from watcher.config.settings import AwsSettings
from watcher.config.sinks import SqsSinkSettings
from watcher.model import DecisionEvent
from watcher.sinks.aws_calls import Target
from watcher.sinks.aws_places import in_region, queue_endpoint, queue_region
from watcher.sinks.batches import MAX_ENTRIES, Batches
from watcher.sinks.messages import FIFO, message_entry, refused_entries, with_ids


class SqsSink:
    """SendMessageBatch: the CloudEvent is the body; outcome, reason and policy are attributes.

    On a FIFO queue the group is the session, and the deduplication id the hash of the event's id.
    """

    def __init__(self, settings: SqsSinkSettings, aws: AwsSettings) -> None:
        """Set up the client; nothing is called.

        Raises:
            ConfigError: no client can be made from the settings.
        """
        self.name = settings.name
        self.max_batch = MAX_ENTRIES
        self._url = settings.queue_url
        self._client = build_client(
            "sqs",
            in_region(aws, queue_region(settings.queue_url)),
            settings.endpoint_url or queue_endpoint(settings.queue_url),
            concurrency=1,
            endpoint_key=f"sinks.{settings.name}.endpoint_url",
        )
        self._target = Target(
            shown=settings.queue_url,
            action="sqs:SendMessage",
            if_missing="create it, or mend queue_url",
            if_too_long="raise the queue's MaximumMessageSize, or send less context",
        )
        to_entry = partial(message_entry, body_key="MessageBody", is_fifo=settings.queue_url.endswith(FIFO))
        self._batches = Batches(to_entry, self._call)

    def emit(self, events: Sequence[DecisionEvent]) -> None:
        """Send each event as a message.

        Raises:
            SinkError: not all were taken; it says which.
        """
        self._batches.send(events)

    def _call(self, entries: Sequence[Mapping[str, Any]]) -> Mapping[int, str]:
        send = partial(self._client.send_message_batch, QueueUrl=self._url, Entries=with_ids(entries))
        return refused_entries(self._target.call(send), len(entries), self._target)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
