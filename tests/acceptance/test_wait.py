"""`watcher wait` and `watcher enqueue --wait`, run as a user runs them."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from queue import SimpleQueue
from signal import SIGINT, SIGKILL
from threading import Event

import pytest

from tests.acceptance.conftest import PATIENCE, Daemon
from tests.support import ManualClock, decision, environment_of, run_watcher, session_id, watcher_process
from watcher.cli.wait.location import UNKNOWN
from watcher.domain.model import DeadReason
from watcher.ledgers.sqlite.ledger import SqliteLedger
from watcher.queues.sqlite.queue import SqliteQueue
from watcher.simulator import SessionScript, Simulator
from watcher.simulator.calls import CallRecord
from watcher.util.clock import SystemClock

OVER = SessionScript(created_for=0, in_progress_for=0)
LASTING = SessionScript(created_for=0, in_progress_for=40)
FAILING = SessionScript(created_for=0, in_progress_for=0, ending="FAILED")
UNSURE = SessionScript(created_for=0, in_progress_for=0, confidence=10.0)
ONE, TWO, THREE = session_id(1), session_id(2), session_id(3)

Start = Callable[..., Daemon]


def run(folder: Path, *arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end; the port of a watcher is not known to it."""
    return run_watcher(folder, *arguments, stdin=b"", **{"WATCHER_HTTP__PORT": "0", **settings})


def record(folder: Path, *outcomes: str) -> None:
    """Sessions 1, 2, … have these decisions."""
    with closing(SqliteLedger(folder / "watcher.db", ManualClock())) as ledger:
        ledger.record([(decision(number, outcome), "[]") for number, outcome in enumerate(outcomes, 1)])


def send(folder: Path, *bodies: str) -> None:
    with closing(SqliteQueue(folder / "watcher.db", 60, SystemClock())) as queue:
        queue.send(bodies)


def ended(process: "subprocess.Popen[bytes]") -> tuple[int, str, str]:
    """Exit code, standard output and error of a command that ends by itself."""
    with process:
        out, err = process.communicate(timeout=PATIENCE)
    return process.returncode, out.decode(), err.decode()


def test_each_outcome_of_a_real_watcher_has_its_exit_code(
    tmp_path: Path, simulator: Simulator, start: Start, environment: dict[str, str]
) -> None:
    scripts = {LASTING: 0, UNSURE: 3, FAILING: 4}
    ids = {simulator.create_session(script): code for script, code in scripts.items()}
    assert run(tmp_path, "enqueue", *ids).returncode == 0
    waiting = {one: watcher_process(tmp_path, "wait", one, **environment) for one in ids}  # before there is a watcher
    daemon = start()
    results = {one: ended(process) for one, process in waiting.items()}
    assert {one: code for one, (code, _, _) in results.items()} == ids
    outcomes = {0: "live", 3: "not_live", 4: "inconclusive"}
    for one, (code, out, err) in results.items():
        head, row = out.splitlines()
        assert head.startswith("TIME")
        assert row.split()[1:4] == [one, "default", outcomes[code]]
        assert err == ""
    daemon.wait_for_decisions(3)
    [event] = [each for each in daemon.decisions if each["subject"] == next(iter(ids))]
    done = run(tmp_path, "wait", "--json", next(iter(ids)))
    assert (done.returncode, json.loads(done.stdout), done.stderr) == (0, event, "")


def test_enqueue_waits_too(tmp_path: Path, simulator: Simulator, start: Start, environment: dict[str, str]) -> None:
    start()
    live, unsure = simulator.create_session(OVER), simulator.create_session(UNSURE)
    options = ("--complete", "--wait", "--json", "--timeout", "60")
    done = run(tmp_path, "enqueue", *options, live, unsure, live, **environment)
    assert (done.returncode, done.stderr) == (3, "enqueued 3\n")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert {event["subject"]: event["data"]["outcome"] for event in events} == {live: "live", unsure: "not_live"}
    assert len(events) == 2
    again = run(tmp_path, "enqueue", "--wait", live, **environment)
    assert (again.returncode, again.stderr) == (0, "enqueued 1\n")
    assert live in again.stdout


def test_without_a_ledger_the_running_watcher_answers(
    tmp_path: Path, simulator: Simulator, start: Start, environment: dict[str, str]
) -> None:
    none = {"WATCHER_LEDGER__URL": "none"}
    port = {"WATCHER_HTTP__PORT": str(start(**none).wait_for_event("started")["port"])}
    live, unsure = simulator.create_session(OVER), simulator.create_session(UNSURE)
    done = run(tmp_path, "enqueue", "--wait", "--json", live, unsure, **environment | none | port)
    assert (done.returncode, done.stderr) == (3, "enqueued 2\n")
    events = {json.loads(line)["subject"]: line for line in done.stdout.splitlines()}
    assert events.keys() == {live, unsure}
    done = run(tmp_path, "wait", "--json", live, **none, **port)
    assert (done.returncode, done.stdout.splitlines(), done.stderr) == (0, [events[live]], "")
    done = run(tmp_path, "wait", ONE, **none, **port)
    watcher = f"http://127.0.0.1:{port['WATCHER_HTTP__PORT']}"
    unknown = UNKNOWN.replace("not decided", f"not decided by the watcher at {watcher}")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"Error: session {ONE}: {unknown}\n")
    done = run(tmp_path, "explain", ONE, **none, **port)
    assert done.stderr == f"Error: nothing is known about session {ONE}: {unknown.removeprefix('unknown: ')}\n"
    done = run(tmp_path, "decisions", "--json", "--outcome", "not_live", **none, **port)
    assert done.stdout.splitlines() == [events[unsure]]
    done = run(tmp_path, "explain", live, **none, **port)
    assert done.returncode == 0
    assert "delivered   to stdout" in done.stdout


def test_the_death_of_a_watcher_ends_no_wait(
    tmp_path: Path,
    simulator: Simulator,
    calls: "SimpleQueue[CallRecord]",
    start: Start,
    environment: dict[str, str],
) -> None:
    first = start(WATCHER_QUEUE__VISIBILITY_TIMEOUT="2")
    session = simulator.create_session(LASTING)
    waiting = watcher_process(tmp_path, "enqueue", "--wait", session, **environment)
    calls.get(timeout=PATIENCE)
    first.send(SIGKILL)
    first.end()
    start()
    code, out, _ = ended(waiting)
    assert code == 0
    assert session in out


def test_without_a_watcher_it_is_not_decided_in_time(tmp_path: Path) -> None:
    assert run(tmp_path, "enqueue", ONE).returncode == 0
    done = run(tmp_path, "wait", "--timeout", "0.5", ONE, WATCHER_HTTP__PORT="1")
    assert (done.returncode, done.stdout) == (5, "")
    assert done.stderr.startswith(f"session {ONE}: not decided within 0.5 s: nothing listens at 127.0.0.1:1 (is ")
    assert "its message waits on the queue, sent " in done.stderr
    done = run(tmp_path, "enqueue", "--wait", "--timeout", "0", "--json", TWO)
    assert (done.returncode, done.stdout) == (5, "")
    assert done.stderr.startswith(
        f"enqueued 1\nsession {TWO}: not decided yet: its message waits on the queue, sent "
    )


def test_an_interrupt_leaves_no_traceback(tmp_path: Path) -> None:
    record(tmp_path)
    with watcher_process(tmp_path, "enqueue", "--wait", ONE, WATCHER_HTTP__PORT="0") as process:
        assert process.stderr
        assert process.stderr.readline() == b"enqueued 1\n"
        process.send_signal(SIGINT)
        assert process.wait(PATIENCE) == 130
        assert process.stderr.read().strip() == b""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((ONE,), f"session {ONE}: {UNKNOWN}"),
        (("no-id",), "sessionId 'no-id' is not a lowercase UUID, as CreateFaceLivenessSession gives it"),
        ((ONE.upper().replace("0", "A"),), "is not a lowercase UUID"),
        (("\udcff\x1b[2J",), "is not a lowercase UUID"),
        ((ONE, "--policy", "nope"), "policy 'nope' is unknown (known: default, payout)"),
        ((ONE, "--set", "ledger.url=none"), "http.port = 0 is any free port: give the port of the log's `started`"),
    ],
)
def test_what_can_not_be_decided_fails_at_once(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    policy = {"WATCHER_DECISION__POLICIES__PAYOUT__THRESHOLD": "95"}
    done = run(tmp_path, "wait", *arguments, **policy)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: ")
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert "\x1b" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_decision_outlives_its_policy(tmp_path: Path) -> None:
    with closing(SqliteLedger(tmp_path / "watcher.db", ManualClock())) as ledger:
        ledger.record([(decision(1, "live", policy="old"), "[]")])
    send(tmp_path)
    assert run(tmp_path, "wait", ONE, "--policy", "old").returncode == 0
    done = run(tmp_path, "wait", ONE, "--policy", "older")
    words = (
        "policy 'older' is unknown (known: default): add [decision.policies.NAME] for it; decided under policy old"
    )
    assert (done.returncode, done.stderr.partition(": give")[0]) == (
        1,
        f"Error: session {ONE}, policy older: {words}",
    )


def test_a_wait_for_decisions_that_can_not_be_read_enqueues_nothing(tmp_path: Path) -> None:
    done = run(tmp_path, "enqueue", "--wait", ONE, WATCHER_LEDGER__URL="none")
    assert (done.returncode, done.stdout) == (1, "")
    assert "http.port = 0 is any free port" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("wait",),
        ("wait", ONE, "--timeout", "nan"),
        ("wait", ONE, "--timeout", "-1"),
        ("enqueue", ONE, "--json"),
        ("enqueue", ONE, "--timeout", "5"),
    ],
)
def test_a_malformed_command_line_is_a_usage_error(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = run(tmp_path, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Usage: ")
    assert list(tmp_path.iterdir()) == []


def test_invalid_settings_have_their_own_code(tmp_path: Path) -> None:
    assert run(tmp_path, "wait", ONE, "--set", "ledger.url=nope").returncode == 78


def test_a_dead_letter_is_named_with_its_reason_and_the_way_back(tmp_path: Path) -> None:
    record(tmp_path)
    with closing(SqliteQueue(tmp_path / "watcher.db", 60, SystemClock())) as queue:
        queue.send([json.dumps({"sessionId": ONE, "policy": "gone"})])
        [message] = queue.receive(1, 0, Event())
        queue.dead_letter(message, DeadReason.UNKNOWN_POLICY, "policy 'gone' \x1b[2J")
    done = run(tmp_path, "wait", ONE)
    assert (done.returncode, done.stdout) == (1, "")
    reason = "unknown_policy: policy 'gone' \\x1b[2J; once that is fixed: watcher dead replay 1"
    assert done.stderr == f"Error: session {ONE}: dead letter 1, {reason}\n"


def dead_letter(folder: Path, body: str) -> None:
    send(folder, body)
    with closing(SqliteQueue(folder / "watcher.db", 60, SystemClock())) as queue:
        [message] = queue.receive(1, 0, Event())
        queue.dead_letter(message, DeadReason.UNKNOWN_POLICY, "policy is unknown")


def test_a_dead_letter_under_another_policy_is_named_and_is_not_the_answer(tmp_path: Path) -> None:
    record(tmp_path)
    policy = {
        "WATCHER_DECISION__POLICIES__PAYOUT__THRESHOLD": "95",
        "WATCHER_DECISION__POLICIES__ZZ__THRESHOLD": "95",
    }
    payout = ("wait", ONE, "--policy", "payout", "--timeout", "0")
    image = {"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": {"object": {"key": f"{ONE}/r.jpg"}}}
    dead_letter(tmp_path, json.dumps({"Records": [image]}))
    dead_letter(tmp_path, json.dumps({"sessionId": TWO, "context": {"of": ONE}}))
    assert run(tmp_path, *payout, **policy).stderr == f"Error: session {ONE}, policy payout: {UNKNOWN}\n"
    dead_letter(tmp_path, json.dumps({"sessionId": ONE, "policy": "zz"}))
    done = run(tmp_path, *payout, **policy)
    words = "dead letter under policy zz: give that as --policy"
    assert (done.returncode, done.stderr) == (1, f"Error: session {ONE}, policy payout: {words}\n")
    done = run(tmp_path, "wait", ONE, "--policy", "zz", **policy)
    assert done.stderr.startswith(f"Error: session {ONE}, policy zz: dead letter 3, unknown_policy: ")
    dead_letter(tmp_path, f'{{"sessionId": "{ONE}", ')
    done = run(tmp_path, *payout, **policy)
    assert done.stderr.startswith(f"Error: session {ONE}, policy payout: dead letter 4, ")
    send(tmp_path, json.dumps({"sessionId": ONE, "policy": "payout"}))
    assert run(tmp_path, *payout, **policy).returncode == 5


def test_a_message_under_another_policy_is_named(tmp_path: Path) -> None:
    send(
        tmp_path,
        json.dumps({"sessionId": ONE, "policy": "payout"}),
        json.dumps({"sessionId": TWO, "context": {"of": ONE}}),
    )
    policy = {"WATCHER_DECISION__POLICIES__PAYOUT__THRESHOLD": "95"}
    done = run(tmp_path, "wait", ONE, **policy)
    assert done.returncode == 1
    assert done.stderr == f"Error: session {ONE}: on the queue under policy payout: give that as --policy\n"
    done = run(tmp_path, "wait", ONE, "--policy", "payout", "--timeout", "0", **policy)
    assert done.returncode == 5
    assert done.stderr.startswith(f"session {ONE}, policy payout: not decided yet: its message waits on the queue")


def test_a_notification_of_s3_makes_no_session_known(tmp_path: Path) -> None:
    image = {"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": {"object": {"key": f"{ONE}/r.jpg"}}}
    send(tmp_path, json.dumps({"Records": [image]}))
    done = run(tmp_path, "wait", ONE)
    assert (done.returncode, done.stderr) == (1, f"Error: session {ONE}: {UNKNOWN}\n")
    send(tmp_path, f'{{"sessionId": "{ONE}", ')
    assert run(tmp_path, "wait", ONE, "--timeout", "0").returncode == 5  # until it is a dead letter with a reason


def test_a_message_that_a_watcher_holds_is_told_from_one_that_waits(tmp_path: Path) -> None:
    send(tmp_path, ONE)
    with closing(SqliteQueue(tmp_path / "watcher.db", 60, SystemClock())) as queue:
        queue.receive(1, 0, Event())
    done = run(tmp_path, "wait", ONE, "--timeout", "0")
    assert "a watcher holds its message, leased for " in done.stderr


def test_of_several_sessions_the_worst_result_counts(tmp_path: Path) -> None:
    record(tmp_path, "live", "inconclusive", "not_live")
    done = run(tmp_path, "enqueue", "--wait", ONE, TWO, THREE)
    assert done.returncode == 4
    assert [row.split()[1] for row in done.stdout.splitlines()[1:]] == [ONE, TWO, THREE]
    lines = f"{ONE}\nnot-an-id\n{THREE}".encode()
    done = run_watcher(tmp_path, "enqueue", "--wait", "--file", "-", stdin=lines)
    assert done.returncode == 1
    assert len(done.stdout.splitlines()) == 3


def test_no_session_at_all_is_not_live(tmp_path: Path) -> None:
    done = run(tmp_path, "enqueue", "--wait", "--file", "-")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "enqueued 0\nError: no session to wait for\n")


def test_a_damaged_record_lets_nobody_in(tmp_path: Path) -> None:
    record(tmp_path, "live")
    with closing(sqlite3.connect(tmp_path / "watcher.db")) as connection, connection:
        connection.execute("UPDATE ledger_entries SET body = replace(body, 'live', 'live\nlive')")
    done = run(tmp_path, "wait", ONE)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"Error: session {ONE}: the ledger's record of its decision is damaged")


def test_a_ledger_that_can_not_be_opened_fails_at_once(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_text("this is no database at all " * 100)
    send(tmp_path, ONE)
    done = run(tmp_path, "wait", ONE, WATCHER_LEDGER__URL="sqlite:///ledger.db")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"Error: {tmp_path / 'ledger.db'}: file is not a database - this is not an SQLite")
    assert done.stderr.count("\n") == 1


def test_a_decision_that_can_not_be_printed_is_no_success(tmp_path: Path) -> None:
    record(tmp_path, "live")
    command = [sys.executable, "-m", "watcher", "wait", ONE]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command, cwd=tmp_path, env=environment_of(), stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert (done.returncode, done.stderr) == (
        1,
        b"Error: standard output can't be written: No space left on device\n",
    )
