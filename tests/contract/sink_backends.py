"""The sinks that the contract suite runs over. A new one joins with an entry in SINK_BACKENDS."""

import io
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.integration.support.aws_sinks import AWS, take_all
from tests.integration.support.receivers import Receiver, answer
from tests.moto import CREDENTIALS, MotoServer
from watcher.config import (
    EventBridgeSinkSettings,
    FileSinkSettings,
    SnsSinkSettings,
    SqsSinkSettings,
    WebhookSinkSettings,
)
from watcher.domain.ports import Sink
from watcher.sinks import SINKS
from watcher.sinks.stdout import StdoutSink

NAME = "the-sink"


@dataclass(frozen=True)
class SinkBackend:
    """One sink; `bodies` is all that arrived, in order, and `break_down` lasts until `repair`."""

    sink: Sink
    bodies: Callable[[], list[str]]
    break_down: Callable[[], object]
    repair: Callable[[], object]


@dataclass(frozen=True)
class World:
    """What a backend is made from."""

    folder: Path
    stack: ExitStack
    request: pytest.FixtureRequest

    def clients(self) -> tuple[str, Callable[[str], Any]]:
        """Moto's URL, and plain clients for it."""
        patch: pytest.MonkeyPatch = self.request.getfixturevalue("monkeypatch")
        for name, value in CREDENTIALS.items():
            patch.setenv(name, value)
        for name in ("AWS_CA_BUNDLE", "AWS_ENDPOINT_URL", "AWS_PROFILE"):
            patch.delenv(name, raising=False)
        moto: MotoServer = self.request.getfixturevalue("moto")

        def client(service: str) -> Any:
            made = boto3.client(service, endpoint_url=moto.url, region_name="us-east-1")
            self.stack.callback(made.close)
            return made

        return moto.url, client


class _Stream(io.BytesIO):
    is_full = False

    def write(self, data: Any) -> int:
        if self.is_full:
            raise OSError(28, "No space left on device")
        return super().write(data)


def _stdout(world: World) -> SinkBackend:
    stream = _Stream()
    return SinkBackend(
        StdoutSink(NAME, stream),
        lambda: [line for line in stream.getvalue().decode().split("\n") if line],
        lambda: setattr(stream, "is_full", True),
        lambda: setattr(stream, "is_full", False),
    )


def _file(world: World) -> SinkBackend:
    path = world.folder / "sub" / "decisions.jsonl"
    path.parent.mkdir()
    away = world.folder / "away"
    return SinkBackend(
        SINKS["file"](FileSinkSettings(name=NAME, path=str(path)), AWS),
        lambda: path.read_text().splitlines(),
        lambda: path.parent.rename(away),
        lambda: away.rename(path.parent),
    )


def _sqs(world: World) -> SinkBackend:
    _, client = world.clients()
    sqs, arrived = client("sqs"), list[str]()

    def create() -> str:
        return str(sqs.create_queue(QueueName="decisions")["QueueUrl"])

    url = create()

    def bodies() -> list[str]:
        arrived.extend(message["Body"] for message in take_all(sqs, url))
        return arrived

    def delete() -> None:
        bodies()
        sqs.delete_queue(QueueUrl=url)

    sink = SINKS["sqs"](SqsSinkSettings(name=NAME, queue_url=url), AWS)
    return SinkBackend(sink, bodies, delete, create)


def _sns(world: World) -> SinkBackend:
    moto, client = world.clients()
    sqs, sns, arrived = client("sqs"), client("sns"), list[str]()
    url = sqs.create_queue(QueueName="heard")["QueueUrl"]
    queue = "arn:aws:sqs:us-east-1:123456789012:heard"

    def create() -> str:
        arn = str(sns.create_topic(Name="decisions")["TopicArn"])
        raw = {"RawMessageDelivery": "true"}
        sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue, Attributes=raw)
        return arn

    def bodies() -> list[str]:
        arrived.extend(message["Body"] for message in take_all(sqs, url))
        return arrived

    arn = create()
    settings = SnsSinkSettings(name=NAME, topic_arn=arn, endpoint_url=moto)
    return SinkBackend(SINKS["sns"](settings, AWS), bodies, lambda: sns.delete_topic(TopicArn=arn), create)


def _eventbridge(world: World) -> SinkBackend:
    moto, client = world.clients()
    sqs, events, arrived = client("sqs"), client("events"), list[str]()
    url = sqs.create_queue(QueueName="matched")["QueueUrl"]
    target = {"Id": "1", "Arn": "arn:aws:sqs:us-east-1:123456789012:matched"}

    def create() -> None:
        events.create_event_bus(Name="decisions")
        events.put_rule(Name="all", EventBusName="decisions", EventPattern='{"source": ["liveness.watcher"]}')
        events.put_targets(Rule="all", EventBusName="decisions", Targets=[target])

    def bodies() -> list[str]:
        details = (json.loads(message["Body"])["detail"] for message in take_all(sqs, url))
        arrived.extend(json.dumps(detail, separators=(",", ":")) for detail in details)
        return arrived

    def delete() -> None:
        events.remove_targets(Rule="all", EventBusName="decisions", Ids=["1"])
        events.delete_rule(Name="all", EventBusName="decisions")
        events.delete_event_bus(Name="decisions")

    create()
    settings = EventBridgeSinkSettings(name=NAME, bus="decisions", endpoint_url=moto)
    return SinkBackend(SINKS["eventbridge"](settings, AWS), bodies, delete, create)


def _webhook(world: World) -> SinkBackend:
    status = [204]
    taken: list[str] = []

    def take(receiver: Receiver, handler: Any) -> None:
        if status[0] == 204:
            taken.append(receiver.got[-1].body.decode())
        answer(status[0])(receiver, handler)

    receiver = Receiver(take)
    world.stack.callback(receiver.close)
    settings = WebhookSinkSettings(name=NAME, url=receiver.url, allow_private=True, concurrency=1)
    return SinkBackend(
        SINKS["webhook"](settings, AWS),
        lambda: taken,
        lambda: status.__setitem__(0, 503),
        lambda: status.__setitem__(0, 204),
    )


SINK_BACKENDS: dict[str, Callable[[World], SinkBackend]] = {
    "stdout": _stdout,
    "file": _file,
    "sqs": _sqs,
    "sns": _sns,
    "eventbridge": _eventbridge,
    "webhook": _webhook,
}


@contextmanager
def open_backend(kind: str, folder: Path, request: pytest.FixtureRequest) -> Iterator[SinkBackend]:
    """A backend with its sink, both closed at the end."""
    with ExitStack() as stack:
        backend = SINK_BACKENDS[kind](World(folder, stack, request))
        stack.callback(backend.sink.close)
        yield backend
