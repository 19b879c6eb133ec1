"""Decisions as messages of an SNS topic."""

from functools import partial

from watcher.config.settings import AwsSettings
from watcher.config.sinks import SnsSinkSettings
from watcher.sinks.aws.client import arn_region, open_client
from watcher.sinks.aws.message_entries import FIFO
from watcher.sinks.aws.message_sink import MessageSink
from watcher.sinks.aws.target import Target, sink_service


class SnsSink(MessageSink):
    """PublishBatch; the attributes are for filter policies."""

    def __init__(self, settings: SnsSinkSettings, aws: AwsSettings) -> None:
        """Set up the client; nothing is called.

        Raises:
            ConfigError: no client can be made from the settings.
        """
        arn = settings.topic_arn
        client = open_client("sns", settings, aws, arn_region(arn))
        target = Target(
            service=sink_service("SNS", "topic", if_missing="create it, or fix topic_arn"),
            shown=arn,
            action="sns:Publish",
            check_action="sns:GetTopicAttributes",
            if_too_long="raise the topic's MaximumMessageSize, or send less context",
        )
        super().__init__(
            settings.name,
            client,
            target,
            body_key="Message",
            is_fifo=arn.endswith(FIFO),
            send=lambda entries: client.publish_batch(TopicArn=arn, PublishBatchRequestEntries=entries),
            ask=partial(client.get_topic_attributes, TopicArn=arn),
        )
