"""The real watcher on what the CloudFormation template made, on moto's server."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.moto import CREDENTIALS, MotoServer
from tests.stack import aws_client, create_stack
from tests.support import decision, run_watcher, session_id
from watcher.config.urls import dynamodb_table
from watcher.ledgers.dynamodb.ledger import DynamoDbLedger
from watcher.simulator import SessionScript, Simulator
from watcher.util.clock import SystemClock

Watcher = Callable[..., str]


@pytest.fixture
def stack(moto: MotoServer) -> dict[str, str]:
    return create_stack(moto.url)


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(time_scale=3.0, seed=1) as simulator:
        yield simulator


@pytest.fixture
def watcher(moto: MotoServer, stack: dict[str, str], simulator: Simulator, tmp_path: Path) -> Watcher:
    """Runs a command of the watcher's, with settings from the stack's outputs and moto in the place of AWS."""
    (tmp_path / "watcher.toml").write_text(f"""
        [queue]
        url = "{stack["QueueUrl"]}"
        dead_letter_url = "{stack["DeadLetterUrl"]}"
        endpoint_url = "{moto.url}"
        [ledger]
        url = "{stack["LedgerUrl"]}"
        [[sinks]]
        type = "stdout"
        [[sinks]]
        type = "sqs"
        queue_url = "{stack["DecisionsQueueUrl"]}"
        endpoint_url = "{moto.url}"
        [polling]
        session_timeout = 60
        min_interval = 0.1
        max_interval = 0.5
        [http]
        port = 0
    """)
    environment = {
        **CREDENTIALS,
        "AWS_REGION": stack["Region"],
        "AWS_ENDPOINT_URL_REKOGNITION": simulator.url,
        "AWS_ENDPOINT_URL_DYNAMODB": moto.url,
    }

    def run(*arguments: str) -> str:
        done = run_watcher(tmp_path, *arguments, stdin=b"", **environment)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def emitted(moto: MotoServer, stack: dict[str, str]) -> list[str]:
    """Take what is on the decisions' queue, and return the bodies."""
    bodies: list[str] = []
    with closing(aws_client("sqs", moto.url)) as sqs:
        while True:
            request = {"QueueUrl": stack["DecisionsQueueUrl"], "MaxNumberOfMessages": 10, "WaitTimeSeconds": 0}
            messages = sqs.receive_message(**request).get("Messages", [])
            if not messages:
                return bodies
            bodies += [message["Body"] for message in messages]
            for message in messages:
                sqs.delete_message(QueueUrl=stack["DecisionsQueueUrl"], ReceiptHandle=message["ReceiptHandle"])


def test_the_watcher_runs_on_what_the_template_made(
    moto: MotoServer, stack: dict[str, str], watcher: Watcher, simulator: Simulator
) -> None:
    live = simulator.create_session(SessionScript(created_for=0, in_progress_for=2))
    failed = simulator.create_session(SessionScript(ending="FAILED"))

    watcher("enqueue", live, failed, session_id(404))
    shown = watcher("run", "--until-empty")
    first = {json.loads(body)["subject"]: body for body in emitted(moto, stack)}
    assert {subject: json.loads(body)["data"]["outcome"] for subject, body in first.items()} == {
        live: "live",
        failed: "inconclusive",
        session_id(404): "inconclusive",
    }
    assert set(shown.splitlines()) == set(first.values())
    assert set(watcher("decisions", "--json").splitlines()) == set(first.values())
    assert "confidence_met" in watcher("explain", live)

    polls = len(simulator.calls)
    watcher("enqueue", live)
    watcher("run", "--until-empty")
    assert emitted(moto, stack) == [first[live]]
    assert len(simulator.calls) == polls


def test_after_a_crash_between_two_sinks_only_the_other_gets_the_event(
    moto: MotoServer, stack: dict[str, str], watcher: Watcher
) -> None:
    event, table = decision(1), dynamodb_table(stack["LedgerUrl"])
    with closing(DynamoDbLedger(aws_client("dynamodb", moto.url), table, SystemClock())) as ledger:
        ledger.record([(event, "[]")])
        ledger.mark_delivered([event.key], "stdout")
        watcher("enqueue", session_id(1))
        assert watcher("run", "--until-empty") == ""
        assert emitted(moto, stack) == [event.body]
        entry = ledger.find([event.key])[event.key]
    assert set(entry.delivered) == {"stdout", "sqs"}
    assert entry.acked_at is not None


def test_what_can_never_be_served_goes_to_the_dead_letters(
    moto: MotoServer, stack: dict[str, str], watcher: Watcher
) -> None:
    with closing(aws_client("sqs", moto.url)) as sqs:
        sqs.send_message(QueueUrl=stack["QueueUrl"], MessageBody="no session id")
    watcher("run", "--until-empty")
    assert emitted(moto, stack) == []
    assert "invalid_session_id" in watcher("dead", "list")
