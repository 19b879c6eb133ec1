"""`watcher decisions` and `watcher explain`, run as a user runs them."""

import json
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest

from tests.support import ManualClock, decision, run_watcher, session_id, watcher_process
from watcher.domain.model import DecisionEvent, SessionKey
from watcher.ledgers.sqlite.ledger import SqliteLedger
from watcher.queues.sqlite.queue import SqliteQueue
from watcher.util.clock import SystemClock

TRAIL = [
    {"at": 1750000000.0, "event": "received", "sentAt": 1749999999.5, "messageId": "17", "receiveCount": 2},
    {
        "at": 1750000000.1,
        "event": "poll",
        "result": "throttled",
        "seconds": 0.031,
        "next": 1.6,
        "error": "Rate \x1b[2J",
    },
    {"at": 1750000001.7, "event": "something newer", "detail": 1},
    {"at": 1750000001.8, "event": "poll", "result": "succeeded", "seconds": 0.02},
]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def ledger(tmp_path: Path, clock: ManualClock) -> Iterator[SqliteLedger]:
    SqliteQueue(tmp_path / "watcher.db", 60, clock).close()
    with closing(SqliteLedger(tmp_path / "watcher.db", clock)) as opened:
        yield opened


@pytest.fixture
def filled(ledger: SqliteLedger) -> SqliteLedger:
    ledger.record([(decision(number), "[]") for number in range(25)])
    return ledger


@pytest.mark.usefixtures("filled")
def test_the_newest_twenty_are_shown_in_columns_newest_last(tmp_path: Path) -> None:
    done = run_watcher(tmp_path, "decisions")
    head, *lines = done.stdout.splitlines()
    assert head.split() == [
        "TIME",
        "SESSION",
        "ID",
        "POLICY",
        "OUTCOME",
        "REASON",
        "CONFIDENCE",
        "THRESHOLD",
        "POLLS",
        "FEEDBACK",
    ]
    assert [line.split()[1] for line in lines] == [session_id(number) for number in range(5, 25)]
    time = "2025-06-15T15:06:40Z"
    assert lines[0].split() == [time, session_id(5), "default", "live", "confidence_met", "97.3", "80.0", "3", "-"]
    assert len({line.index("live") for line in lines} | {head.index("OUTCOME")}) == 1


@pytest.mark.usefixtures("filled")
def test_json_is_each_event_exactly_as_recorded(tmp_path: Path) -> None:
    done = run_watcher(tmp_path, "decisions", "--json", "--limit", "2")
    assert done.stdout.splitlines() == [decision(23).body, decision(24).body]


def test_one_session_can_be_asked_for(tmp_path: Path, filled: SqliteLedger) -> None:
    filled.record([(decision(3, policy="payout"), "[]")])
    done = run_watcher(tmp_path, "decisions", "--json", "--session-id", session_id(3))
    assert done.stdout.splitlines() == [decision(3).body, decision(3, policy="payout").body]
    done = run_watcher(tmp_path, "decisions", "--session-id", "unknown")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "Error: no decision for unknown\n")


@pytest.mark.parametrize(
    ("options", "numbers"),
    [
        (("--outcome", "not_live"), []),
        (("--outcome", "live", "--reason", "confidence_met", "--limit", "2"), [24, 30]),
        (("--policy", "payout"), [30]),
        (("--since", "2025-06-15T15:00:00Z", "--limit", "1"), [30]),
        (("--since", "1h"), []),
        (("--session-id", session_id(7), "--follow"), [7]),
    ],
)
def test_decisions_are_chosen_by_what_they_say(
    tmp_path: Path, filled: SqliteLedger, options: tuple[str, ...], numbers: list[int]
) -> None:
    filled.record([(decision(30, policy="payout"), "[]")])
    done = run_watcher(tmp_path, "decisions", "--json", *options)
    assert done.returncode == 0
    assert [json.loads(line)["data"]["sessionId"] for line in done.stdout.splitlines()] == list(
        map(session_id, numbers)
    )
    assert done.stderr == ("" if numbers else "no such decisions\n")


def test_a_span_that_is_none_is_told_with_the_fix(tmp_path: Path) -> None:
    done = run_watcher(tmp_path, "decisions", "--since", "soon")
    assert done.returncode == 2
    assert "give 30m, 1h, 7d" in done.stderr


def test_following_one_session_ends_when_it_is_decided(tmp_path: Path, filled: SqliteLedger) -> None:
    with watcher_process(tmp_path, "decisions", "--json", "--follow", "--session-id", session_id(99)) as process:
        filled.record([(decision(98), "[]")])
        filled.record([(decision(99), "[]")])
        out, err = process.communicate(timeout=120)
    assert (process.returncode, out.decode(), err) == (0, f"{decision(99).body}\n", b"")


@pytest.mark.parametrize("command", [("decisions",), ("explain", session_id(1)), ("dead", "list")])
def test_a_look_at_what_is_not_there_makes_nothing(tmp_path: Path, command: tuple[str, ...]) -> None:
    done = run_watcher(tmp_path, *command)
    assert (done.returncode, done.stdout) == (1, "")
    assert "watcher.db" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_following_shows_what_is_decided_meanwhile_until_sigint(tmp_path: Path, filled: SqliteLedger) -> None:
    with watcher_process(tmp_path, "decisions", "--json", "--follow", "--limit", "1") as process:
        assert process.stdout
        assert process.stdout.readline().decode().strip() == decision(24).body
        filled.record([(decision(30), "[]"), (decision(31), "[]")])
        assert process.stdout.readline().decode().strip() == decision(30).body
        assert process.stdout.readline().decode().strip() == decision(31).body
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (130, b"")


def test_a_reader_that_goes_away_leaves_no_traceback(tmp_path: Path, filled: SqliteLedger) -> None:
    with watcher_process(tmp_path, "decisions", "--json", "--follow") as process:
        assert process.stdout
        assert process.stderr
        process.stdout.readline()
        process.stdout.close()
        filled.record([(decision(number), "[]") for number in range(100, 3000)])
        err = process.stderr.read()
        process.wait(timeout=120)
    assert b"Traceback" not in err
    assert b"Exception ignored" not in err


def test_a_sessions_life_is_told(tmp_path: Path, ledger: SqliteLedger, clock: ManualClock) -> None:
    event = decision(1)
    clock.advance(2)
    ledger.record([(event, json.dumps(TRAIL))])
    clock.advance(0.25)
    ledger.mark_delivered([event.key], "stdout")
    clock.advance(0.25)
    ledger.mark_acked([event.key])
    done = run_watcher(tmp_path, "explain", session_id(1))
    assert done.stdout.splitlines() == [
        f"session {session_id(1)}, policy default",
        "  2025-06-15T15:06:40.000Z  received    message 17, receive 2, 0.500 s after it was sent",
        "  2025-06-15T15:06:40.100Z  poll 1      throttled in 0.031 s, next in 1.6 s: Rate \\x1b[2J",
        '  2025-06-15T15:06:41.700Z  something newer  {"detail": 1}',
        "  2025-06-15T15:06:41.800Z  poll 2      succeeded in 0.020 s",
        "  2025-06-15T15:06:42.000Z  decided     live, confidence_met (confidence 97.3, threshold 80.0, 3 polls)",
        "  2025-06-15T15:06:42.250Z  delivered   to stdout",
        "  2025-06-15T15:06:42.500Z  acked",
    ]


def test_a_sessions_life_can_be_read_by_programs(tmp_path: Path, ledger: SqliteLedger) -> None:
    ledger.record([(decision(1), json.dumps(TRAIL)), (decision(1, policy="payout"), "damaged")])
    document = json.loads(run_watcher(tmp_path, "explain", "--json", session_id(1)).stdout)
    assert [told["policy"] for told in document["decisions"]] == ["default", "payout"]
    assert document["decisions"][0]["trail"] == TRAIL
    assert document["decisions"][0]["event"] == json.loads(decision(1).body)
    assert (document["decisions"][1]["trail"], document["queued"]) == ([], [])


ODD = ["NaN", "Infinity", "-Infinity", "1e300", "-1e300", "1" + "0" * 400, "true", "null", "[]"]
"""What may stand where a time or a duration belongs."""


@pytest.mark.parametrize("command", [("explain",), ("explain", "--json"), ("decisions", "--session-id")])
def test_a_life_that_somebody_has_damaged_is_told_as_far_as_it_can_be(
    tmp_path: Path, ledger: SqliteLedger, command: tuple[str, ...]
) -> None:
    odd_steps = [
        {"event": step} | dict.fromkeys(("at", "sentAt", "seconds", "claimed"), "ODD")
        for step in ("received", "corrected", "poll", "newer")
    ]
    trails = [json.dumps(odd_steps).replace('"ODD"', odd) for odd in ODD]
    trails += ["[" * 100_000, "9" * 5000]
    rows = [(decision(1, policy=f"p{number}"), trail) for number, trail in enumerate(trails)]
    ledger.record([*rows, (DecisionEvent(SessionKey(session_id(1), "deep"), "[" * 100_000), "[]")])
    done = run_watcher(tmp_path, *command, session_id(1))
    assert (done.returncode, done.stderr) == (0, "")
    assert all(f"p{number}" in done.stdout for number in range(len(trails)))
    assert "deep" in done.stdout


def test_an_undecided_session_is_told_from_the_queue(tmp_path: Path) -> None:
    with closing(SqliteQueue(tmp_path / "watcher.db", 60, SystemClock())) as queue:
        queue.send([session_id(1), json.dumps({"sessionId": session_id(1)}), session_id(2)])
        queue.receive(1, 0, Event())
    done = run_watcher(tmp_path, "explain", session_id(1))
    assert done.returncode == 0
    leased, waiting = done.stdout.splitlines()
    assert leased.startswith("on the queue: message 1 leased for ")
    assert waiting.startswith("on the queue: message 2 waits, sent ")
    document = json.loads(run_watcher(tmp_path, "explain", "--json", session_id(1)).stdout)
    assert [message["state"] for message in document["queued"]] == ["leased", "waiting"]


@pytest.mark.usefixtures("filled")
def test_an_unknown_session_is_told(tmp_path: Path) -> None:
    done = run_watcher(tmp_path, "explain", "unknown")
    assert (done.returncode, done.stdout) == (1, "")
    assert (
        done.stderr
        == "Error: nothing is known about session unknown: not decided, not on the queue, no dead letter\n"
    )


def test_explain_does_not_call_a_session_undecided_if_the_ledger_is_unreadable(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_text("no database " * 100)
    done = run_watcher(tmp_path, "explain", session_id(1), WATCHER_LEDGER__URL="sqlite:///ledger.db")
    assert (done.returncode, done.stdout) == (1, "")
    assert f"nothing is known about session {session_id(1)}: the ledger can't be read, " in done.stderr


def test_an_unreadable_ledger_is_null_and_not_no_decision(tmp_path: Path) -> None:
    with closing(SqliteQueue(tmp_path / "watcher.db", 60, SystemClock())) as queue:
        queue.send([session_id(1)])
    (tmp_path / "ledger.db").write_text("no database " * 100)
    done = run_watcher(tmp_path, "explain", "--json", session_id(1), WATCHER_LEDGER__URL="sqlite:///ledger.db")
    document = json.loads(done.stdout)
    assert (document["decisions"], len(document["queued"]), document["deadLetters"]) == (None, 1, [])
