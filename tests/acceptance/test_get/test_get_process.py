"""The two programs as processes of their own: start to exit, terminals, signals, closed pipes."""

import json
import os
import pty
import signal
import struct
import subprocess
import termios
from fcntl import ioctl
from pathlib import Path

import pytest

from tests.acceptance.test_get.corpus import ANSWERS, BASE, FEEDBACK, IN_S3, INLINE, SESSION_ID
from tests.acceptance.test_get.endpoint import Answer, Endpoint
from tests.acceptance.test_get.programs import Programs
from tests.acceptance.test_get.words import comparable

BOTH = ("aws", "watcher")
FULL = {
    **BASE,
    "Confidence": 99.5,
    "ReferenceImage": INLINE,
    "AuditImages": [IN_S3, INLINE],
    "Feedback": FEEDBACK,
    "Metadata": {"SDKType": "web"},
}


@pytest.mark.parametrize("form", ["json", "text", "table"])
@pytest.mark.parametrize("answer", [FULL, ANSWERS[28], {}], ids=["full", "unicode", "empty"])
def test_a_whole_process_prints_the_same_bytes(
    answer: object, form: str, programs: Programs, endpoint: Endpoint
) -> None:
    url = endpoint.url(endpoint.put(Answer.of(answer)))
    aws, watcher = (
        programs.process(who, "--session-id", SESSION_ID, "--endpoint-url", url, "--output", form, "--color", "on")
        for who in BOTH
    )
    assert watcher == aws
    assert watcher.code == 0


def test_the_alias_and_a_settings_file_in_the_way_change_nothing(
    programs: Programs, endpoint: Endpoint, tmp_path: Path
) -> None:
    (programs.home / "watcher.toml").write_text('[aws]\nregion = "nowhere-1"\nendpoint_url = "http://127.0.0.1:9"\n')
    url = endpoint.url(endpoint.put(Answer.of(FULL)))
    try:
        command = [*programs.command("watcher")[:-1], "get", "--session-id", SESSION_ID, "--endpoint-url", url]
        done = subprocess.run(
            command, capture_output=True, env=programs.environment(), cwd=programs.home, check=True, timeout=60
        )
    finally:
        (programs.home / "watcher.toml").unlink()
    assert json.loads(done.stdout) == FULL
    assert done.stderr == b""


@pytest.mark.parametrize(
    "arguments", [[], ["--session-id", SESSION_ID, "--output", "x"], ["--session-id", SESSION_ID, "extra"]], ids=str
)
def test_a_whole_process_fails_in_the_same_words(arguments: list[str], programs: Programs) -> None:
    aws, watcher = (programs.process(who, *arguments) for who in BOTH)
    assert (watcher.code, watcher.stdout) == (aws.code, aws.stdout)
    assert comparable(watcher.stderr) == comparable(aws.stderr)


def on_terminal(programs: Programs, who: str, columns: int, arguments: list[str]) -> tuple[int, bytes]:
    """Exit code and output of a run whose stdout is a terminal of so many columns."""
    ours, theirs = pty.openpty()
    settings = termios.tcgetattr(theirs)
    settings[1] &= ~termios.OPOST  # newlines as they were written
    termios.tcsetattr(theirs, termios.TCSANOW, settings)
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("hhhh", 24, columns, 0, 0))
    process = subprocess.Popen(
        [*programs.command(who), *arguments],
        stdout=theirs,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
        env=programs.environment(),
        cwd=programs.home,
    )
    os.close(theirs)
    output = b""
    try:
        while chunk := os.read(ours, 65536):
            output += chunk
    except OSError:
        pass  # Linux's way to say that the other end is closed.
    finally:
        os.close(ours)
    return process.wait(30), output


@pytest.mark.parametrize("columns", [0, 40, 76, 200])
def test_a_table_fits_a_terminal_and_is_coloured_in_the_same_way(
    columns: int, programs: Programs, endpoint: Endpoint
) -> None:
    url = endpoint.url(endpoint.put(Answer.of({**FULL, "ReferenceImage": IN_S3})))
    arguments = ["--session-id", SESSION_ID, "--endpoint-url", url, "--output", "table"]
    aws, watcher = (on_terminal(programs, who, columns, arguments) for who in BOTH)
    assert watcher == aws
    assert b"\x1b[34m" in watcher[1]


def test_an_error_after_the_table_began_leaves_a_terminal_in_the_same_state(
    programs: Programs, endpoint: Endpoint
) -> None:
    url = endpoint.url(endpoint.put(Answer.of({})))
    query = ["--query", "length(Nope)"]
    arguments = ["--session-id", SESSION_ID, "--endpoint-url", url, "--output", "table", *query]
    aws, watcher = (on_terminal(programs, who, 80, arguments) for who in BOTH)
    assert watcher == aws
    assert watcher[0] == 255


def interrupted(programs: Programs, endpoint: Endpoint, who: str, *more: str) -> tuple[int, bytes, bytes]:
    """What a run leaves that gets SIGINT while it waits for its answer."""
    endpoint.arrived.clear()
    url = endpoint.url(endpoint.put(Answer(b"", hang=True)))
    process = subprocess.Popen(
        [*programs.command(who), "--session-id", SESSION_ID, "--endpoint-url", url, *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=programs.environment(),
        cwd=programs.home,
    )
    assert endpoint.arrived.wait(30)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=30)
    return process.returncode, output, errors


def test_an_interrupt_ends_both_alike(programs: Programs, endpoint: Endpoint) -> None:
    aws, watcher = (interrupted(programs, endpoint, who) for who in BOTH)
    assert watcher == aws == (130, b"\n", b"")


def test_an_interrupt_ends_a_wait_too(programs: Programs, endpoint: Endpoint) -> None:
    assert interrupted(programs, endpoint, "watcher", "--wait") == (130, b"\n", b"")


def test_a_reader_that_goes_away_is_no_traceback(programs: Programs, endpoint: Endpoint) -> None:
    image = {"Bytes": "A" * 270_000}
    url = endpoint.url(endpoint.put(Answer.of({"SessionId": SESSION_ID, "AuditImages": [image] * 4})))
    for who in BOTH:
        process = subprocess.Popen(
            [*programs.command(who), "--session-id", SESSION_ID, "--endpoint-url", url],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=programs.environment(),
            cwd=programs.home,
        )
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        errors = process.stderr.read()
        process.stderr.close()
        assert process.wait(30) in (0, 120), who
        assert b"Traceback" not in errors, who


def test_an_encoding_that_lacks_a_character_fails_alike(programs: Programs, endpoint: Endpoint) -> None:
    url = endpoint.url(endpoint.put(Answer.of({"Status": "顔", "SessionId": SESSION_ID})))
    arguments = ["--session-id", SESSION_ID, "--endpoint-url", url]
    for form in ("json", "text", "table"):
        aws, watcher = (
            programs.process(who, *arguments, "--output", form, PYTHONIOENCODING="latin-1") for who in BOTH
        )
        assert watcher == aws, form
        assert watcher.code == 255
