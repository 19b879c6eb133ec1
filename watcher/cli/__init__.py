"""The commands, one a file. Each is imported only when it is called, so that a quick one starts quickly."""

import errno
import os
import sys
from importlib import import_module

import click

from watcher import __version__

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
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="watcher")
def cli() -> None:
    """Watch AWS Rekognition Face Liveness sessions to their end and emit one decision for each."""


def main() -> None:
    """Entry point of the `watcher` command."""
    try:
        cli(prog_name="watcher")
    except OSError as error:  # all others have been told by what they are about
        if error.errno not in _UNWRITABLE:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python fails at it once more, at its end
        click.echo(f"Error: standard output can't be written: {error.strerror}", err=True)
        sys.exit(1)
