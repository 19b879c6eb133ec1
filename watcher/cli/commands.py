"""The commands: where each lives, and how `watcher --help` lists them. None is imported to be listed."""

import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from importlib import import_module
from typing import NamedTuple

import click


class CommandEntry(NamedTuple):
    """A command's module, and its line in the help: short enough for a terminal of 80 columns."""

    module: str
    summary: str


GROUPS: Mapping[str, Mapping[str, CommandEntry]] = {
    "Start here": {
        "demo": CommandEntry("watcher.cli.demo", "see it work, without an AWS account"),
        "simulate": CommandEntry("watcher.cli.simulate", "serve a local Rekognition endpoint"),
        "help": CommandEntry("watcher.cli.help", "show the help of a command"),
    },
    "Run": {
        "check": CommandEntry("watcher.cli.check", "look at everything that `run` needs"),
        "run": CommandEntry("watcher.cli.run", "watch the sessions on the queue"),
        "status": CommandEntry("watcher.cli.status", "show the state of the running watcher"),
        "config": CommandEntry("watcher.cli.config", "show the settings in force"),
    },
    "Sessions": {
        "enqueue": CommandEntry("watcher.cli.enqueue", "put session ids on the queue"),
        "wait": CommandEntry("watcher.cli.wait", "wait for a session's decision"),
        "decisions": CommandEntry("watcher.cli.decisions", "show the decisions in the ledger"),
        "explain": CommandEntry("watcher.cli.explain", "tell the life of one session"),
        "dead": CommandEntry("watcher.cli.dead", "list, replay or drop dead letters"),
        "get": CommandEntry("watcher.cli.get", "print one session's results"),
        "get-face-liveness-session-results": CommandEntry("watcher.cli.get", "the same, by the AWS CLI's name"),
    },
    "Integrate": {
        "schema": CommandEntry("watcher.cli.schema", "print the JSON Schema of an event"),
        "secret": CommandEntry("watcher.cli.secret", "make a secret that signs webhooks"),
    },
}
COMMANDS: Mapping[str, CommandEntry] = {name: entry for group in GROUPS.values() for name, entry in group.items()}


class CommandGroup(click.Group):
    """The commands of `COMMANDS`, each imported when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's module and take its `command`."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        command: click.Command = import_module(entry.module).command
        if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
            signal.signal(signal.SIGINT, signal.default_int_handler)  # commands may answer it from here on
            sys.unraisablehook = _end_if_interrupted
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is meant; an unknown one fails, and names the nearest."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            raise unknown_command([], args[0], ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands in their groups."""
        width = max(map(len, COMMANDS))
        for title, rows in _rows(width):
            with formatter.section(title):
                formatter.write_dl(rows, col_max=width)


def _end_if_interrupted(unraisable: "sys.UnraisableHookArgs") -> None:
    """Python goes on after a Ctrl-C that comes while a callback of its own runs, as it often does during imports."""
    if unraisable.exc_type is KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.raise_signal(signal.SIGINT)
    sys.__unraisablehook__(unraisable)


def unknown_command(group: Sequence[str], name: str, ctx: click.Context) -> click.UsageError:
    """The error for a command that does not exist, in the group that these words name."""
    known = ctx.command.list_commands(ctx) if isinstance(ctx.command, click.Group) else ()
    nearest = get_close_matches(name, known, n=1)
    root = ctx.find_root()
    lists = " ".join([str(root.info_name), "help", *group])
    hint = f"Did you mean '{' '.join([*group, nearest[0]])}'?" if nearest else f"'{lists}' lists them."
    return click.UsageError(f"No such command '{' '.join([*group, name])}'. {hint}", root)


def _rows(width: int) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    for title, group in GROUPS.items():
        # The first column is as wide in each group, so that all summaries begin in one column.
        yield title, [(name.ljust(width), entry.summary) for name, entry in group.items()]
