"""The shell blocks of README.md and of other pages work as they stand there."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, pages, shell_blocks
from tests.support import watcher_process
from watcher.simulator import SessionScript, Simulator

MARK = "run by tests/acceptance/test_docs.py"
LIMIT = 100.0
"""Seconds after which a block that hangs has failed the test."""

OWN_SESSION, COMPLETION, QUEUE, GET, SIMULATE = BLOCKS = (
    ("README.md", 2),
    ("watcher/cli/README.md", 0),
    ("watcher/cli/README.md", 1),
    ("watcher/cli/README.md", 2),
    ("watcher/simulator/README.md", 0),
)
"""Page and number of each block that is run here."""


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator() as running:
        yield running


def run(block: tuple[str, int], folder: Path, **variables: str) -> str:
    """What a shell prints that runs the block in the folder, or in the root if the page expects that."""
    page, number = block
    text = shell_blocks(page)[number].text
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "WATCHER_"))}
    environ |= {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "TMPDIR": str(folder)}
    environ |= {"AWS_EC2_METADATA_DISABLED": "true", "WATCHER_HTTP__PORT": "0", "HOME": str(folder)} | variables
    replaced = text.replace("8080", str(free_port()))
    with (folder / "out").open("w+") as out, (folder / "err").open("w+") as err:
        shell = subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", replaced],
            cwd=ROOT if page == "README.md" else folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
        try:
            code = shell.wait(LIMIT)
        finally:
            stop(shell)
        out.seek(0)
        err.seek(0)
        assert code == 0, err.read()
        return out.read()


def stop(shell: "subprocess.Popen[bytes]") -> None:
    """End it, and what it has left behind."""
    with suppress(ProcessLookupError):
        os.killpg(shell.pid, signal.SIGKILL)
    shell.wait()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def test_each_block_that_names_this_file_is_run() -> None:
    marked = [
        (page, number) for page in pages() for number, block in enumerate(shell_blocks(page)) if block.mark == MARK
    ]
    assert sorted(marked) == sorted(BLOCKS)


def test_a_session_of_ones_own_ends_as_a_verified_webhook(tmp_path: Path) -> None:
    printed = run(OWN_SESSION, tmp_path)
    [acted] = re.findall(r"^let in ([0-9a-f-]{36}):default$", printed, re.MULTILINE)
    [event] = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
    assert event["data"]["sessionId"] == acted
    assert event["data"]["outcome"] == "live"


def test_completion_can_be_switched_on(tmp_path: Path) -> None:
    assert run(COMPLETION, tmp_path) == ""


def test_sessions_are_put_on_the_queue(tmp_path: Path, simulator: Simulator) -> None:
    """In a folder where a watcher has run before: that makes the ledger."""
    before = watcher_process(tmp_path, "run", "--until-empty", WATCHER_AWS__ENDPOINT_URL=simulator.url)
    before.communicate(timeout=LIMIT)
    assert before.returncode == 0
    printed = run(QUEUE, tmp_path, WATCHER_DECISION__POLICIES__PAYOUT__THRESHOLD="95")
    assert "3f1c9a52-7a44-4d0e-9d6e-0f6a1f3b8c11" in printed


def test_one_session_is_printed(tmp_path: Path, simulator: Simulator) -> None:
    session_id = simulator.create_session(SessionScript(created_for=0, in_progress_for=0, confidence=97.5))
    keys = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any", "AWS_REGION": "us-east-1"}
    printed = run(GET, tmp_path, id=session_id, AWS_ENDPOINT_URL_REKOGNITION=simulator.url, **keys)
    assert printed == "SUCCEEDED\t97.5\n"


def test_the_simulator_is_called_from_a_shell(tmp_path: Path) -> None:
    printed = run(SIMULATE, tmp_path)
    assert re.match(r'"(CREATED|IN_PROGRESS|SUCCEEDED)"\n', printed)
    assert "CreateFaceLivenessSession" in printed
