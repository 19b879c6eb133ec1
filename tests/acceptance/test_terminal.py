"""The commands in a real terminal, and in pipes."""

import os
import pty
import re
import signal
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.acceptance.conftest import PATIENCE, put_on_queue
from tests.support import environment_of, run_watcher, session_id
from watcher.simulator import SessionScript, Simulator

ESCAPE = "\x1b["


class Terminal:
    """A command in a terminal of its own, 80 columns wide unless said otherwise."""

    def __init__(self, cwd: Path, *arguments: str, columns: int = 80, **settings: str) -> None:
        self._ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (24, columns))
        environment = environment_of(**{"TERM": "xterm", **settings})
        for name in {"NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES"} - settings.keys():
            environment.pop(name, None)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "watcher", *arguments],
            cwd=cwd,
            env=environment,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self._text = ""

    def read_until(self, is_there: Callable[[str], bool]) -> str:
        """What it shows, up to now; or up to its end, if that does not appear."""
        while not is_there(self._text):
            try:
                more = os.read(self._ours, 65536)
            except OSError:  # the other end is closed
                more = b""
            if not more:
                break
            self._text += more.decode().replace("\r\n", "\n")
        return self._text

    def end(self) -> str:
        """All that it shows until it ends."""
        text = self.read_until(lambda _: False)
        self.process.wait(PATIENCE)
        return text

    def close(self) -> None:
        """Kill what still runs."""
        self.process.kill()
        self.process.wait(PATIENCE)
        os.close(self._ours)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    terminals: list[Terminal] = []

    def opened(*arguments: str, columns: int = 80, **settings: str) -> Terminal:
        terminals.append(Terminal(tmp_path, *arguments, columns=columns, **settings))
        return terminals[-1]

    yield opened
    for one in terminals:
        one.close()


CHECK = ("check", "--offline", "--set", "aws.sign_request=false")


def test_check_is_coloured_and_wrapped_in_a_terminal(terminal: Callable[..., Terminal]) -> None:
    lines = terminal(*CHECK, "--set", "decision.threshold=40").end().splitlines()
    assert any(line.startswith("\x1b[32mok\x1b[0m       ") for line in lines)
    (warning,) = [
        number for number, line in enumerate(lines) if line.startswith("\x1b[33mwarning\x1b[0m  thresholds ")
    ]
    assert lines[warning + 1].startswith(" " * 24)
    plain = [line.replace("\x1b[33m", "").replace("\x1b[32m", "").replace("\x1b[0m", "") for line in lines]
    assert max(map(len, plain)) <= 80


@pytest.mark.parametrize("settings", [{"NO_COLOR": "1"}, {"TERM": "dumb"}, {"NO_COLOR": "1", "FORCE_COLOR": "1"}])
def test_no_colour_is_respected_by_check_and_the_log(
    terminal: Callable[..., Terminal], settings: dict[str, str]
) -> None:
    assert ESCAPE not in terminal(*CHECK, **settings).end()
    log = terminal(
        "run", "--until-empty", "--set", "http.port=0", "--set", "aws.sign_request=false", **settings
    ).end()
    assert "started" in log
    assert not log.startswith("{")
    assert ESCAPE not in log


def test_colours_can_be_forced_in_a_pipe(tmp_path: Path) -> None:
    assert "\x1b[32mok\x1b[0m" in run_watcher(tmp_path, *CHECK, FORCE_COLOR="1").stdout
    assert ESCAPE not in run_watcher(tmp_path, *CHECK).stdout
    run = ("run", "--until-empty", "--set", "http.port=0", "--set", "aws.sign_request=false")
    assert ESCAPE in run_watcher(tmp_path, *run, "--set", "log.format=console", FORCE_COLOR="1").stderr
    assert ESCAPE not in run_watcher(tmp_path, *run, FORCE_COLOR="1").stderr


def test_run_shows_each_decision_as_one_readable_line_in_a_terminal(
    tmp_path: Path, terminal: Callable[..., Terminal], simulator: Simulator, environment: dict[str, str]
) -> None:
    subject = simulator.create_session(SessionScript(in_progress_for=1, confidence=97.25))
    put_on_queue(tmp_path, subject)
    run = terminal("run", **environment)
    line = f"\x1b[32mlive\x1b[0m         {subject} 97.25 >= 80\n"
    assert line in run.read_until(lambda text: line in text)
    run.process.send_signal(signal.SIGTERM)
    assert "specversion" not in run.end()
    assert run.process.returncode == 0


@pytest.mark.parametrize("columns", [80, 40])
def test_a_wait_shows_in_one_line_that_it_waits_and_clears_it(
    tmp_path: Path, terminal: Callable[..., Terminal], columns: int
) -> None:
    put_on_queue(tmp_path, session_id(1))
    text = terminal("wait", "--timeout", "1", session_id(1), columns=columns, WATCHER_HTTP__PORT="1").end()
    *progress, last = text.split("\r\x1b[K")
    assert progress[0] == ""
    assert re.match(r"not decided yet; waited \d+ s, nothing ", progress[1])
    assert max(map(len, progress)) < columns
    assert last.startswith(f"session {session_id(1)}: not decided within 1 s: nothing listens at")


@pytest.mark.parametrize("columns", [80, 40])
def test_the_tables_of_the_demo_fit(terminal: Callable[..., Terminal], columns: int) -> None:
    text = terminal("demo", "--sessions", "3", columns=columns, NO_COLOR="1").end()
    table = [
        line for line in text.splitlines() if line.startswith(("outcome ", "live ", "not_live ", "inconclusive "))
    ]
    assert table
    assert max(map(len, table)) <= columns
