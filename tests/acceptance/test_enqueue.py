"""`watcher enqueue`, run as a user runs it."""

import json
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest

from tests.support import run_watcher, session_id
from watcher.consumer.message import parse_message
from watcher.queues.sqlite.queue import SqliteQueue
from watcher.util.clock import SystemClock

ONE, TWO, THREE = session_id(1), session_id(2), session_id(3)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "watcher.toml").write_text("[decision.policies.payout]\nthreshold = 95.0\n")
    return tmp_path


def on_the_queue(folder: Path) -> list[str]:
    with closing(SqliteQueue(folder / "watcher.db", 60, SystemClock())) as queue:
        bodies: list[str] = []
        while deliveries := queue.receive(100, 0, Event()):
            bodies += [delivery.body for delivery in deliveries]
        return bodies


def test_ids_go_on_the_queue_as_they_are(folder: Path) -> None:
    done = run_watcher(folder, "enqueue", ONE, TWO, ONE)
    assert (done.returncode, done.stdout, done.stderr) == (0, "enqueued 3\n", "")
    assert on_the_queue(folder) == [ONE, TWO, ONE]


def test_options_make_a_message_of_an_id(folder: Path) -> None:
    options = ("--policy", "payout", "--created-at", "2025-06-15T15:06:40+02:00", "--context", '{"user": "ü"}')
    assert run_watcher(folder, "enqueue", *options, ONE).returncode == 0
    (body,) = on_the_queue(folder)
    request = parse_message(body, 9e9, ["payout"])
    assert request.key == (ONE, "payout")
    assert (request.created_at, request.context) == (1749992800.0, '{"user":"ü"}'.encode())


@pytest.mark.parametrize(
    ("given", "epoch"), [("2025-06-15t15:06:40.5z", 1_750_000_000.5), ("2016-12-31T23:59:60Z", 1_483_228_800.0)]
)
def test_every_time_of_rfc_3339_is_taken(folder: Path, given: str, epoch: float) -> None:
    line = json.dumps({"sessionId": TWO, "createdAt": given}).encode()
    done = run_watcher(folder, "enqueue", "--created-at", given, ONE, "--file", "-", stdin=line)
    assert (done.returncode, done.stdout, done.stderr) == (0, "enqueued 2\n", "")
    requests = [parse_message(body, 9e9, []) for body in on_the_queue(folder)]
    assert [(request.created_at, request.ignored) for request in requests] == [(epoch, {})] * 2


def test_a_file_has_an_id_or_a_message_a_line(folder: Path) -> None:
    message = json.dumps({"sessionId": TWO, "policy": "payout", "context": {"a": 1}})
    (folder / "ids").write_bytes(f"\ufeff{ONE}\r\n\n  \n{message}\n{THREE}".encode())
    done = run_watcher(folder, "enqueue", "--file", "ids")
    assert (done.returncode, done.stdout, done.stderr) == (0, "enqueued 3\n", "")
    assert on_the_queue(folder) == [ONE, message, THREE]


def test_stdin_is_a_file_and_arguments_come_first(folder: Path) -> None:
    assert run_watcher(folder, "enqueue", THREE, "--file", "-", stdin=f"{ONE}\n".encode()).stdout == "enqueued 2\n"
    assert on_the_queue(folder) == [THREE, ONE]


def test_options_fill_what_a_message_does_not_say(folder: Path) -> None:
    line = json.dumps({"sessionId": ONE, "policy": None, "context": {"mine": True}})
    run_watcher(folder, "enqueue", "--policy", "payout", "--context", "{}", "--file", "-", stdin=line.encode())
    assert [json.loads(body) for body in on_the_queue(folder)] == [
        {"sessionId": ONE, "policy": "payout", "context": {"mine": True}}
    ]


def test_a_hint_is_added_to_every_message_that_does_not_set_it(folder: Path) -> None:
    lines = [{"sessionId": TWO, "complete": value} for value in (None, False, True)]
    text = "\n".join([TWO, *map(json.dumps, lines)]).encode()
    done = run_watcher(folder, "enqueue", "--complete", ONE, "--file", "-", stdin=text)
    assert (done.returncode, done.stdout, done.stderr) == (0, "enqueued 5\n", "")
    requests = [parse_message(body, 9e9, []) for body in on_the_queue(folder)]
    assert [request.is_complete for request in requests] == [True, True, True, False, True]


@pytest.mark.parametrize("options", [(), ("--complete",)])
def test_a_hint_that_is_none_is_an_error(folder: Path, options: tuple[str, ...]) -> None:
    values = ["yes", "true", 1, 0, [], {}]
    messages = [json.dumps({"sessionId": TWO, "complete": value}) for value in values]
    envelope = json.dumps({"TopicArn": "arn", "Message": messages[0]})
    lines = "\n".join([*messages, envelope, ONE]).encode()
    done = run_watcher(folder, "enqueue", *options, "--file", "-", stdin=lines)
    assert (done.returncode, done.stdout) == (1, "enqueued 1\n")
    assert done.stderr.splitlines() == [
        f"line {number}: complete {value!r} is not true or false: give one of them, or leave it out"
        for number, value in enumerate([*values, values[0]], 1)
    ]


def test_bad_lines_are_told_and_the_good_ones_go_in(folder: Path) -> None:
    lines = [
        ONE.encode(),
        b"not-an-id",
        b"\xff\xfe",
        b'{"sessionId": ',
        json.dumps({"sessionId": TWO, "policy": "nope"}).encode(),
        json.dumps({"sessionId": TWO, "createdAt": "yesterday"}).encode(),
        json.dumps({"sessionId": TWO, "context": "x" * 300_000}).encode(),
        THREE.encode(),
    ]
    done = run_watcher(folder, "enqueue", "--file", "-", stdin=b"\n".join(lines))
    assert (done.returncode, done.stdout) == (1, "enqueued 2\n")
    told = done.stderr.splitlines()
    assert [line.split(":")[0] for line in told] == [f"line {number}" for number in range(2, 8)]
    for line, reason in zip(
        told,
        ["lowercase UUID", "UTF-8", "not JSON", "'nope' is unknown", "RFC 3339", "256 KiB"],
        strict=True,
    ):
        assert reason in line
    assert on_the_queue(folder) == [ONE, THREE]


def test_an_envelope_goes_in_but_takes_no_options(folder: Path) -> None:
    envelope = json.dumps({"TopicArn": "arn", "Message": ONE}).encode()
    assert run_watcher(folder, "enqueue", "--file", "-", stdin=envelope).returncode == 0
    done = run_watcher(folder, "enqueue", "--policy", "payout", "--file", "-", stdin=envelope)
    assert done.returncode == 1
    assert "envelope" in done.stderr
    assert on_the_queue(folder) == [envelope.decode()]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "no session ids: name some, or give --file"),
        (("--policy", "nope", ONE), "--policy: policy 'nope' is unknown (known: default, payout)"),
        (
            ("--created-at", "2025-06-15T15:06:40", ONE),
            "--created-at: '2025-06-15T15:06:40' is not a time with an offset",
        ),
        (("--context", "{", ONE), "--context: '{' is not JSON"),
        (("--context", "[1]", ONE), "--context: '[1]' is not a JSON object"),
        (("--context", '{"a": {"b": 1, "b": 2}}', ONE), "the member 'b' is there twice"),
        (("--context", '{"a": NaN}', ONE), "NaN is not a finite number"),
        (("--file", "nowhere"), "'nowhere': No such file"),
    ],
)
def test_a_usage_error_names_the_fix_and_sends_nothing(folder: Path, arguments: tuple[str, ...], told: str) -> None:
    done = run_watcher(folder, "enqueue", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in " ".join(done.stderr.split())
    assert not (folder / "watcher.db").exists()


def test_an_empty_file_is_no_mistake(folder: Path) -> None:
    done = run_watcher(folder, "enqueue", "--file", "-")
    assert (done.returncode, done.stdout) == (0, "enqueued 0\n")


def test_many_ids_go_in_in_order(folder: Path) -> None:
    ids = [session_id(number) for number in range(1201)]
    done = run_watcher(folder, "enqueue", "--file", "-", stdin="\n".join(ids).encode())
    assert done.stdout == "enqueued 1201\n"
    assert on_the_queue(folder) == ids


def test_a_queue_that_fails_tells_where_to_go_on(folder: Path) -> None:
    (folder / "watcher.db").write_text("this is no database at all " * 100)
    done = run_watcher(folder, "enqueue", ONE)
    assert done.returncode == 1
    assert "watcher.db: file is not a database - this is not an SQLite database" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_id_without_the_policy_that_is_required_is_not_enqueued(folder: Path) -> None:
    settings = folder / "watcher.toml"
    settings.write_text("[decision]\nrequire_policy = true\n" + settings.read_text())
    lines = f'{{"sessionId": "{THREE}", "policy": "payout"}}\n{TWO}\n'.encode()
    done = run_watcher(folder, "enqueue", "--file", "-", stdin=lines)
    assert (done.returncode, done.stdout) == (1, "enqueued 1\n")
    assert done.stderr.startswith("line 2: ")
    assert "decision.require_policy" in done.stderr
    done = run_watcher(folder, "enqueue", ONE, "--file", "-", stdin=lines)
    assert (done.returncode, done.stdout) == (2, "")
    assert "argument 1: the message names no policy" in done.stderr
    assert 'give it "policy", or name one with --policy' in done.stderr
    assert run_watcher(folder, "enqueue", ONE, "--policy", "payout").returncode == 0
    assert [json.loads(body)["sessionId"] for body in on_the_queue(folder)] == [THREE, ONE]


FOREIGN = json.dumps({"sessionId": TWO, "policy": "default", "context": {"userId": "victim"}})
"""A text that somebody passes on as a session id, chosen by the person who is checked."""

NO_IDS = [
    (FOREIGN, "is JSON: give a message with --file FILE (--file - reads stdin)"),
    (f"  {FOREIGN}\n", "is JSON: give a message with --file"),
    (json.dumps({"TopicArn": "arn", "Message": FOREIGN}), "is JSON: give a message with --file"),
    (json.dumps({"sessionId": TWO}), "is JSON: give a message with --file"),
    (json.dumps(TWO), "is JSON: give a message with --file"),
    ("{", "is JSON: give a message with --file"),
    (f"\ufeff {FOREIGN}", "is JSON: give a message with --file"),
    (f"\ufeff{TWO}", "is not a lowercase UUID"),
    (TWO.upper().replace("0", "A"), "is not a lowercase UUID"),
    (f"{TWO}\n{THREE}", "is not a lowercase UUID"),
    ("", "is not a lowercase UUID"),
]


@pytest.mark.parametrize("options", [(), ("--policy", "payout"), ("--context", "{}")], ids=str)
def test_an_argument_that_is_no_session_id_sends_nothing(folder: Path, options: tuple[str, ...]) -> None:
    texts = [text for text, _ in NO_IDS]
    done = run_watcher(folder, "enqueue", *options, ONE, *texts, THREE, "--file", "-", stdin=ONE.encode())
    assert (done.returncode, done.stdout) == (2, "")
    lines = done.stderr.splitlines()
    for number, (line, (_, told)) in enumerate(zip(lines, NO_IDS, strict=False), 2):
        assert line.startswith(f"argument {number}: ")
        assert told in line
    wrong, all_of_them = len(NO_IDS), len(NO_IDS) + 2
    assert f"{wrong} of {all_of_them} arguments are wrong: nothing was enqueued" in " ".join(done.stderr.split())
    assert "victim" not in done.stderr
    assert not (folder / "watcher.db").exists()


def test_one_wrong_argument_among_ids_is_enough(folder: Path) -> None:
    done = run_watcher(folder, "enqueue", ONE, FOREIGN, THREE, "--file", "-", stdin=ONE.encode())
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("argument 2: ")
    assert "1 of 3 arguments are wrong: nothing was enqueued" in " ".join(done.stderr.split())
    assert not (folder / "watcher.db").exists()


def test_every_wrong_argument_is_named(folder: Path) -> None:
    done = run_watcher(folder, "enqueue", "x", ONE, FOREIGN, "\udcff")
    assert done.returncode == 2
    assert [line.split(":")[0] for line in done.stderr.splitlines()[:3]] == [f"argument {n}" for n in (1, 3, 4)]
    assert not (folder / "watcher.db").exists()


@pytest.mark.parametrize("policy", ["default", "payout"])
def test_a_line_that_names_another_policy_than_the_command_line_sends_nothing(folder: Path, policy: str) -> None:
    other = "payout" if policy == "default" else "default"
    said = [json.dumps({"sessionId": TWO, "policy": name}) for name in (policy, other, policy, other)]
    lines = "\n".join([*map(session_id, range(600)), *said]).encode()
    done = run_watcher(folder, "enqueue", "--policy", policy, ONE, "--file", "-", stdin=lines)
    assert (done.returncode, done.stdout) == (2, "")
    assert [line.split(":")[0] for line in done.stderr.splitlines()[:2]] == ["line 602", "line 604"]
    assert f"policy '{other}' in the message, --policy {policy} on the command line" in done.stderr
    assert "--policy conflicts with 2 lines: nothing was enqueued" in done.stderr
    assert not (folder / "watcher.db").exists()


@pytest.mark.parametrize(
    ("asked", "said", "unknown"),
    [("typo", "payout", "typo"), ("payout", "typo", ""), ("typo", "other", "typo"), ("default", "typo", "")],
)
def test_a_conflict_is_named_also_if_one_of_the_two_policies_is_unknown(
    folder: Path, asked: str, said: str, unknown: str
) -> None:
    lines = f"{ONE}\n{json.dumps({'sessionId': TWO, 'policy': said})}\n{{".encode()
    done = run_watcher(folder, "enqueue", "--policy", asked, "--file", "-", stdin=lines)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("line 2: ")]
    assert line == f"line 2: policy '{said}' in the message, --policy {asked} on the command line: give one of them"
    told = " ".join(done.stderr.split())
    assert "--policy conflicts with 1 line: nothing was enqueued" in told
    assert (f"policy '{unknown}' is unknown (known: default, payout)" in told) == bool(unknown)
    assert not (folder / "watcher.db").exists()


@pytest.mark.parametrize("line", ["", ONE, "{", "[]", '{"policy": null}', '{"policy": "typo"}', "\xff"])
def test_an_unknown_policy_of_the_command_line_is_told_once(folder: Path, line: str) -> None:
    done = run_watcher(folder, "enqueue", "--policy", "typo", ONE, "--file", "-", stdin=line.encode("latin-1"))
    assert (done.returncode, done.stdout) == (2, "")
    told = " ".join(done.stderr.split())
    assert "Invalid value for --policy: policy 'typo' is unknown (known: default, payout)" in told
    assert "line 1" not in told


def test_a_line_that_names_the_policy_of_the_command_line_goes_in(folder: Path) -> None:
    line = json.dumps({"sessionId": TWO, "policy": "payout"})
    done = run_watcher(folder, "enqueue", "--policy", "payout", ONE, "--file", "-", stdin=line.encode())
    assert (done.returncode, done.stdout) == (0, "enqueued 2\n")
    assert [json.loads(body)["policy"] for body in on_the_queue(folder)] == ["payout", "payout"]
