"""Decisions as messages on an SQS queue."""

from functools import partial

from watcher.config.settings import AwsSettings
from watcher.config.sinks import SqsSinkSettings
from watcher.sinks.aws.client import open_client
from watcher.sinks.aws.message_entries import FIFO
from watcher.sinks.aws.message_sink import MessageSink
from watcher.sinks.aws.target import Target, sink_service
from watcher.util.urls import queue_place, without_secrets


class SqsSink(MessageSink):
    """SendMessageBatch."""

    def __init__(self, settings: SqsSinkSettings, aws: AwsSettings) -> None:
        """Set up the client; nothing is called.

        Raises:
            ConfigError: no client can be made from the settings.
        """
        url = settings.queue_url
        client = open_client("sqs", settings, aws, *queue_place(url))
        target = Target(
            service=sink_service("SQS", "queue", if_missing="create it, or fix queue_url"),
            shown=without_secrets(url),
            action="sqs:SendMessage",
            check_action="sqs:GetQueueAttributes",
            if_too_long="raise the queue's MaximumMessageSize, or send less context",
        )
        super().__init__(
            settings.name,
            client,
            target,
            body_key="MessageBody",
            is_fifo=url.endswith(FIFO),
            send=lambda entries: client.send_message_batch(QueueUrl=url, Entries=entries),
            ask=partial(client.get_queue_attributes, QueueUrl=url, AttributeNames=["QueueArn"]),
        )
