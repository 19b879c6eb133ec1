"""What drives a terminal is escaped in all that commands write: ids, attributes, errors, names may be anybody's."""

import json
import tomllib
from contextlib import closing
from pathlib import Path
from subprocess import CompletedProcess
from threading import Event

import pytest

from tests.support import ManualClock, decision, run_watcher, session_id
from watcher.domain.model import DeadReason, DecisionEvent, SessionKey
from watcher.ledgers.sqlite.ledger import SqliteLedger
from watcher.queues.sqlite.queue import SqliteQueue

HOSTILE = "\x1b[2J\x9b31m\x7f\u202etxt.exe\u2028\u2029\x85\u2066\U000e0041"
"""Sequences of C0 and C1, DEL, overrides of the reading direction, separators of lines, an invisible tag."""


def assert_harmless(done: "CompletedProcess[str]", lines: int | None = None) -> None:
    """Nothing but printable characters and the line breaks of our own."""
    for text in (done.stdout, done.stderr):
        assert [char for char in text if not (char.isprintable() or char == "\n")] == []
    if lines is not None:
        assert done.stdout.count("\n") == lines


@pytest.fixture
def dead(tmp_path: Path) -> None:
    """A dead letter with a hostile body and detail."""
    with closing(SqliteQueue(tmp_path / "watcher.db", 60, ManualClock())) as queue:
        queue.send([json.dumps({"sessionId": session_id(1), "context": {"x": HOSTILE}}, ensure_ascii=False)])
        (delivery,) = queue.receive(1, 0, Event())
        queue.dead_letter(delivery, DeadReason.UNKNOWN_POLICY, f"policy {HOSTILE}\nforged line")


@pytest.mark.usefixtures("dead")
@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        (("dead", "list"), 1),
        (("dead", "list", "--json"), 1),
        (("explain", session_id(1)), 2),
        (("explain", session_id(1), "--json"), 1),
        (("dead", "drop", f"x{HOSTILE}\n"), 1),
    ],
)
def test_dead_letters_are_shown_escaped(tmp_path: Path, arguments: tuple[str, ...], lines: int) -> None:
    assert_harmless(run_watcher(tmp_path, *arguments), lines)


@pytest.mark.parametrize(
    "arguments",
    [
        ("explain", f"{HOSTILE}\nforged"),
        ("wait", f"{HOSTILE}\nforged"),
        ("wait", session_id(1), "--policy", f"{HOSTILE}\nforged"),
        ("decisions", "--session-id", f"{HOSTILE}\nforged"),
        ("enqueue", f"{HOSTILE}\nforged"),
        ("enqueue", "--policy", f"{HOSTILE}\nforged", session_id(1)),
        ("enqueue", "--created-at", f"{HOSTILE}\nforged", session_id(1)),
        (f"no-such{HOSTILE}\nforged",),
        (f"--no-such{HOSTILE}\nforged",),
        ("run", "--set", f"aws.{HOSTILE}\nforged=1"),
        ("run", "--set", f"aws.region={HOSTILE}\nforged"),
        ("run", "--config", f"{HOSTILE}\nforged"),
        ("check", "--offline", "--set", f"queue.url=sqlite:///{HOSTILE}\nforged/x.db"),
        ("check", "--offline", "--set", f"log.level={HOSTILE}\nforged"),
        ("config", "show", "--json", "--set", f"aws.profile={HOSTILE}\nforged"),
        ("simulate", "--scenario", f"{HOSTILE}\nforged"),
        ("simulate", "--host", f"{HOSTILE}\nforged"),
        ("demo", "--sessions", f"{HOSTILE}\nforged"),
    ],
    ids=str,
)
def test_arguments_are_quoted_escaped(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = run_watcher(tmp_path, *arguments)
    assert_harmless(done)
    assert not [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("forged")]


@pytest.mark.parametrize("argument", [f"--no-such={HOSTILE}", f"--output={HOSTILE}", f"--endpoint-url={HOSTILE}"])
def test_errors_of_get_are_escaped_too(tmp_path: Path, argument: str) -> None:
    done = run_watcher(tmp_path, "get", "--session-id", session_id(1), argument)
    assert done.returncode != 0
    assert_harmless(done)


def test_settings_that_are_shown_escaped_load_back(tmp_path: Path) -> None:
    done = run_watcher(tmp_path, "config", "show", "--set", f"aws.profile={HOSTILE}")
    assert tomllib.loads(done.stdout)["aws"]["profile"] == HOSTILE


def test_decisions_are_json_and_tables_without_control_characters(tmp_path: Path) -> None:
    sample = decision(1)
    data = json.loads(sample.body)
    data["data"] |= {"outcome": HOSTILE, "context": {"x": HOSTILE}}
    event = DecisionEvent(SessionKey(session_id(1), "default"), json.dumps(data, ensure_ascii=False))
    with closing(SqliteLedger(tmp_path / "watcher.db", ManualClock())) as ledger:
        ledger.record([(event, "[]")])
    for arguments in (("decisions",), ("explain", session_id(1)), ("wait", session_id(1))):
        assert_harmless(run_watcher(tmp_path, *arguments))
    done = run_watcher(tmp_path, "decisions", "--json")
    assert_harmless(done, 1)
    assert json.loads(done.stdout) == data
