"""A sink at moto's server, whatever its kind: in the end its events lie on an SQS queue, where they can be read."""

import json
from contextlib import closing
from typing import Any

from tests.chaos.backends import client, received
from tests.chaos.history import Seen

NAME = "out"


class AwsSink:
    """A queue, a topic with a queue behind it, or an event bus with a rule that leads to one."""

    def __init__(self, kind: str, url: str) -> None:
        """`kind`: the sink's type in the settings."""
        self._kind = kind
        self._sqs = client("sqs", url)
        self._queue: str = self._sqs.create_queue(QueueName=NAME)["QueueUrl"]
        names = ["QueueArn"]
        arn = self._sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=names)["Attributes"][names[0]]
        with closing(client({"eventbridge": "events"}.get(kind, kind), url)) as service:
            self._target = {"sqs": self._plain, "sns": _topic, "eventbridge": _bus}[kind](service, arn)

    def _plain(self, _service: Any, _arn: str) -> dict[str, str]:
        return {"queue_url": self._queue}

    def settings(self, endpoint_url: str) -> dict[str, str]:
        """Its table in the settings, called through `endpoint_url`."""
        return {"type": self._kind, "name": NAME, "endpoint_url": endpoint_url, **self._target}

    def seen(self) -> list[Seen]:
        """All that has arrived."""
        return [self._event(message["Body"]) for message in received(self._sqs, self._queue)]

    def _event(self, body: str) -> Seen:
        if self._kind != "eventbridge":
            return Seen(NAME, body, json.loads(body))
        event = json.loads(body)["detail"]
        # The bus has parsed it; the members are still in their order.
        return Seen(NAME, json.dumps(event, separators=(",", ":")), event)

    def close(self) -> None:
        self._sqs.close()


def _topic(sns: Any, queue_arn: str) -> dict[str, str]:
    arn = sns.create_topic(Name=NAME)["TopicArn"]
    sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue_arn, Attributes={"RawMessageDelivery": "true"})
    return {"topic_arn": arn}


def _bus(events: Any, queue_arn: str) -> dict[str, str]:
    events.create_event_bus(Name=NAME)
    events.put_rule(Name="all", EventBusName=NAME, EventPattern=json.dumps({"source": ["liveness.watcher"]}))
    events.put_targets(Rule="all", EventBusName=NAME, Targets=[{"Id": "queue", "Arn": queue_arn}])
    return {"bus": NAME}
