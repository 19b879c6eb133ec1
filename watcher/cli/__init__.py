"""The commands, one a file. Each is imported only when it is called, so that a quick one starts quickly."""

import errno
import io
import os
import signal
import sys
from importlib import import_module

import click

from watcher import __version__
from watcher.util import standard_streams
from watcher.util.text import bounded

COMMANDS = {
    "run": "watcher.cli.run",
    "demo": "watcher.cli.demo",
    "enqueue": "watcher.cli.enqueue",
    "get-face-liveness-session-results": "watcher.cli.get",
    "get": "watcher.cli.get",
    "check": "watcher.cli.check",
    "config": "watcher.cli.config",
    "decisions": "watcher.cli.decisions",
    "explain": "watcher.cli.explain",
    "dead": "watcher.cli.dead",
    "simulate": "watcher.cli.simulate",
}


INTERRUPTED = 130
"""Exit code after Ctrl-C: 128 and the signal's number, as a shell has it."""

_UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


class LazyGroup(click.Group):
    """A group whose commands live in modules that are imported on demand."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order of the manual."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's module and take its `command`."""
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        command: click.Command = import_module(module).command
        if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
            signal.signal(signal.SIGINT, signal.default_int_handler)  # commands may answer it from here on
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="watcher")
def cli() -> None:
    """Watch AWS Rekognition Face Liveness sessions to their end and emit one decision for each."""


def main() -> None:
    """Entry point of the `watcher` command."""
    standard_streams.escape_unencodable()
    code = _run()
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # the interpreter's end would answer it with a traceback
    sys.exit(code)


def _run() -> int:
    """Run the command; a user's mistake, an interrupt or an output that fails ends it with words and a code."""
    try:
        code = cli.main(prog_name="watcher", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        text = io.StringIO()
        error.show(text)
        click.echo(bounded(text.getvalue()), err=True, nl=False)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except OSError as error:
        return _failed(error)
    return code if isinstance(code, int) else 0


def _failed(error: OSError) -> int:
    """Say what an error of the system is about: a file, or standard output, which has no name."""
    why = error.strerror or type(error).__name__
    if error.filename is not None:
        click.echo(f"Error: {bounded(str(error.filename))}: {why}", err=True)
        return 1
    if error.errno not in (*_UNWRITABLE, errno.EPIPE):
        raise error  # a bug: whoever meets another one has to say what it is about
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # or Python fails at it once more, at its end
    if error.errno != errno.EPIPE:
        click.echo(f"Error: standard output can't be written: {why}", err=True)
    return 1
