"""Decisions as messages of an SNS topic."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from watcher.aws.client import build_client
from watcher.config.settings import AwsSettings
from watcher.config.sinks import SnsSinkSettings
from watcher.model import DecisionEvent
from watcher.sinks.aws_calls import Target
from watcher.sinks.aws_places import arn_region, in_region
from watcher.sinks.batches import MAX_ENTRIES, Batches
from watcher.sinks.messages import FIFO, message_entry, refused_entries, with_ids


class SnsSink:
    """PublishBatch: the CloudEvent is the message; outcome, reason and policy are attributes for filter policies.

    On a FIFO topic the group is the session, and the deduplication id the hash of the event's id.
    """

    def __init__(self, settings: SnsSinkSettings, aws: AwsSettings) -> None:
        """Set up the client; nothing is called.

        Raises:
            ConfigError: no client can be made from the settings.
        """
        self.name = settings.name
        self.max_batch = MAX_ENTRIES
        self._arn = settings.topic_arn
        self._client = build_client(
            "sns",
            in_region(aws, arn_region(settings.topic_arn)),
            settings.endpoint_url,
            concurrency=1,
            endpoint_key=f"sinks.{settings.name}.endpoint_url",
        )
        self._target = Target(
            shown=settings.topic_arn,
            action="sns:Publish",
            if_missing="create it, or mend topic_arn",
            if_too_long="raise the topic's MaximumMessageSize, or send less context",
        )
        to_entry = partial(message_entry, body_key="Message", is_fifo=settings.topic_arn.endswith(FIFO))
        self._batches = Batches(to_entry, self._call)

    def emit(self, events: Sequence[DecisionEvent]) -> None:
        """Publish each event.

        Raises:
            SinkError: not all were taken; it says which.
        """
        self._batches.send(events)

    def _call(self, entries: Sequence[Mapping[str, Any]]) -> Mapping[int, str]:
        publish = partial(
            self._client.publish_batch, TopicArn=self._arn, PublishBatchRequestEntries=with_ids(entries)
        )
        return refused_entries(self._target.call(publish), len(entries), self._target)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
