"""Ctrl-C ends a command wherever it comes."""

import subprocess
import sys
from signal import SIGINT

_INTERRUPTED_IN_A_CALLBACK = """
import signal, watcher.__main__, click
from watcher.cli import cli
cli.get_command(click.Context(cli), "secret")
class Interrupted:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)
Interrupted()
print("it goes on")
"""


def test_an_interrupt_that_python_would_ignore_ends_the_process() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _INTERRUPTED_IN_A_CALLBACK], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (-SIGINT, "", "")
