"""`watcher wait` with queue and ledger at AWS, which is moto's server."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.conftest import Daemon
from tests.moto import CREDENTIALS, MotoServer
from tests.stack import create_stack
from tests.support import run_watcher, session_id
from watcher.simulator import SessionScript, Simulator

UNKNOWN = session_id(404)


@pytest.fixture
def environment(moto: MotoServer, environment: dict[str, str]) -> dict[str, str]:
    """Settings for the stack's queue and table."""
    stack = create_stack(moto.url)
    return {
        **environment,
        **CREDENTIALS,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_REGION": stack["Region"],
        "AWS_ENDPOINT_URL_DYNAMODB": moto.url,
        "AWS_ENDPOINT_URL_SQS": moto.url,
        "NO_PROXY": "*",
        "WATCHER_QUEUE__URL": stack["QueueUrl"],
        "WATCHER_QUEUE__TYPE": "sqs",
        "WATCHER_LEDGER__URL": stack["LedgerUrl"],
    }


def test_the_decisions_of_a_watcher_elsewhere_are_waited_for(
    tmp_path: Path, simulator: Simulator, start: Callable[..., Daemon], environment: dict[str, str]
) -> None:
    start()
    live = simulator.create_session(SessionScript(created_for=0, in_progress_for=8))
    unsure = simulator.create_session(SessionScript(created_for=0, in_progress_for=0, confidence=10.0))
    done = run_watcher(tmp_path, "enqueue", "--wait", "--timeout", "60", live, unsure, stdin=b"", **environment)
    assert (done.returncode, done.stderr) == (3, "enqueued 2\n")
    _, *rows = done.stdout.splitlines()
    assert {row.split()[1]: row.split()[3] for row in rows} == {live: "live", unsure: "not_live"}
    again = run_watcher(tmp_path, "wait", live, stdin=b"", **environment)
    assert (again.returncode, again.stdout.splitlines()[1:]) == (0, [row for row in rows if live in row])


def test_an_id_that_only_sqs_may_know_is_not_decided_in_time(tmp_path: Path, environment: dict[str, str]) -> None:
    done = run_watcher(tmp_path, "wait", "--timeout", "1", UNKNOWN, stdin=b"", **environment)
    assert (done.returncode, done.stdout) == (5, "")
    words = "it may be on the queue or among the dead letters, which can't be searched on SQS"
    assert done.stderr == f"session {UNKNOWN}: not decided within 1 s: {words}\n"


def test_a_missing_table_is_a_failure_at_once(tmp_path: Path, environment: dict[str, str]) -> None:
    settings = environment | {"WATCHER_LEDGER__URL": "dynamodb:///other"}
    done = run_watcher(tmp_path, "wait", "--timeout", "86400", UNKNOWN, stdin=b"", **settings)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: ledger table 'other' in DynamoDB: ")
    assert "check ledger.url and aws.region, or create the table" in done.stderr


def test_a_table_that_can_not_be_read_is_a_failure(tmp_path: Path, environment: dict[str, str]) -> None:
    settings, words = {"AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:1"}, "Could not connect to the endpoint URL"
    done = run_watcher(tmp_path, "wait", "--timeout", "1", UNKNOWN, stdin=b"", **environment | settings)
    assert (done.returncode, done.stdout) == (1, "")
    first, last = done.stderr.splitlines()
    assert first.startswith("the ledger can't be read, trying again: ledger table")
    assert last.startswith(f"Error: session {UNKNOWN}: not known whether it is decided, the ledger can't be read: ")
    assert words in first
    assert words in last
