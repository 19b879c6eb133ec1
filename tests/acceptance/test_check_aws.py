"""The real `watcher check` on a queue and sinks at AWS: moto's server, and one that refuses to be looked at."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from tests.stack import aws_client
from tests.support import run_watcher
from watcher.simulator import Simulator
from watcher.simulator.http1 import Request
from watcher.simulator.server import HttpServer
from watcher.simulator.service import TimedReply
from watcher.simulator.wire import reply

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_REGION": "us-east-1",
    "NO_PROXY": "*",
}


class Checked:
    """`watcher check` with a queue and sinks; `url` is AWS for all but Rekognition."""

    def __init__(self, folder: Path, simulator: Simulator, url: str) -> None:
        self.clients: dict[str, Any] = {name: aws_client(name, url) for name in ("sqs", "sns", "events")}
        self._folder = folder
        self._environment = {
            **ENVIRONMENT,
            "AWS_ENDPOINT_URL": url,
            "AWS_ENDPOINT_URL_REKOGNITION": simulator.url,
            "WATCHER_QUEUE__TYPE": "sqs",
            "WATCHER_LEDGER__URL": "sqlite:///ledger.db",
        }

    def queue(self, name: str, **attributes: str) -> str:
        url: str = self.clients["sqs"].create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        return url

    def queue_with_redrive(self, receives: int) -> str:
        dead = self.queue("dead")
        found = self.clients["sqs"].get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])
        policy = {"deadLetterTargetArn": found["Attributes"]["QueueArn"], "maxReceiveCount": receives}
        return self.queue("sessions", RedrivePolicy=json.dumps(policy))

    def run(self, queue_url: str, *sinks: dict[str, str]) -> tuple[int, dict[str, str]]:
        """Exit code, and the lines by their subjects, the last of each."""
        given = {"WATCHER_QUEUE__URL": queue_url, "WATCHER_SINKS": json.dumps(sinks)}
        done: subprocess.CompletedProcess[str] = run_watcher(
            self._folder, "check", stdin=b"", **self._environment, **given
        )
        assert done.stderr == ""
        return done.returncode, {line[9:24].strip(): line for line in done.stdout.splitlines()}

    def close(self) -> None:
        for client in self.clients.values():
            client.close()


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def checked(tmp_path: Path, simulator: Simulator, moto_server: str) -> Iterator[Checked]:
    with closing(Checked(tmp_path, simulator, moto_server)) as checked:
        yield checked


def test_targets_that_are_there_are_well(checked: Checked) -> None:
    topic = checked.clients["sns"].create_topic(Name="decisions.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]
    checked.clients["events"].create_event_bus(Name="decisions")
    code, lines = checked.run(
        checked.queue_with_redrive(10),
        {"name": "a", "type": "sqs", "queue_url": checked.queue("decisions")},
        {"name": "b", "type": "sns", "topic_arn": topic},
        {"name": "c", "type": "eventbridge", "bus": "decisions"},
        {"name": "d", "type": "eventbridge", "bus": "default"},
    )
    assert code == 0
    assert {name: line[:8].strip() for name, line in lines.items() if name.startswith(("sink", "queue"))} == {
        "queue": "ok",
        **{f"sink {name}": "ok" for name in "abcd"},
    }
    assert "exists; nothing was sent" in lines["sink a"]


def test_targets_that_are_not_there_have_failed(checked: Checked) -> None:
    queue_url = checked.queue_with_redrive(10)
    code, lines = checked.run(
        queue_url,
        {"name": "a", "type": "sqs", "queue_url": f"{queue_url}-typo"},
        {"name": "b", "type": "sns", "topic_arn": "arn:aws:sns:us-east-1:123456789012:typo"},
        {"name": "c", "type": "eventbridge", "bus": "typo"},
    )
    assert code == 1
    assert [lines[f"sink {name}"][:8].strip() for name in "abc"] == ["failed"] * 3
    assert all(
        key in lines[f"sink {name}"] for name, key in zip("abc", ["queue_url", "topic_arn", "bus"], strict=True)
    )
    assert all("create it, or" in lines[f"sink {name}"] for name in "abc")


@pytest.mark.parametrize(
    ("receives", "words"), [(9, "maxReceiveCount = 9"), (None, "the queue has no redrive policy")]
)
def test_a_redrive_policy_that_is_missing_or_too_strict_is_a_warning(
    checked: Checked, receives: int | None, words: str
) -> None:
    code, lines = checked.run(checked.queue("sessions") if receives is None else checked.queue_with_redrive(receives))
    assert code == 0
    assert lines["queue"].startswith("warning")
    assert words in lines["queue"]


def test_a_target_that_may_not_be_looked_at_is_a_warning_with_the_action(
    tmp_path: Path, simulator: Simulator, moto_server: str
) -> None:
    def refuse(request: Request) -> TimedReply:
        if "x-amz-target" in request.headers:
            body = b'{"__type": "AccessDeniedException", "message": "not authorized to perform it"}'
            return TimedReply(reply(400, body, content_type="application/x-amz-json-1.0"))
        body = b"<ErrorResponse><Error><Code>AuthorizationError</Code><Message>no</Message></Error></ErrorResponse>"
        return TimedReply(reply(403, body, content_type="text/xml"))

    with ExitStack() as stack:
        refusing = stack.enter_context(closing(HttpServer(refuse, "127.0.0.1", 0)))
        checked = stack.enter_context(closing(Checked(tmp_path, simulator, moto_server)))
        there = {"endpoint_url": "http://{}:{}".format(*refusing.address)}
        code, lines = checked.run(
            checked.queue_with_redrive(10),
            {"name": "a", "type": "sqs", "queue_url": "https://sqs.us-east-1.amazonaws.com/1/decisions", **there},
            {"name": "b", "type": "sns", "topic_arn": "arn:aws:sns:us-east-1:123456789012:decisions", **there},
            {"name": "c", "type": "eventbridge", "bus": "decisions", **there},
        )
    assert code == 0
    assert [lines[f"sink {name}"][:8].strip() for name in "abc"] == ["warning"] * 3
    actions = ["sqs:GetQueueAttributes", "sns:GetTopicAttributes", "events:DescribeEventBus"]
    assert all(f"allow {action}" in lines[f"sink {name}"] for name, action in zip("abc", actions, strict=True))
