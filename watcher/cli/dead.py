"""`watcher dead`: dead letters, with the reason for each."""

import json
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from watcher.cli.echo import echo, echo_json, echo_wrapped
from watcher.cli.options import SettingsSource, settings_options, settings_or_exit
from watcher.cli.rendering import exits_on_error, printable
from watcher.util.terminal import is_terminal

if TYPE_CHECKING:
    from watcher.domain.model import DeadLetter
    from watcher.domain.ports import DeadLetters

T = TypeVar("T")


@click.group()
def command() -> None:
    """List, replay or drop dead letters: messages that can never be served."""


@command.command("list", short_help="Show the dead letters, the oldest first.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=100, show_default=True, metavar="N", help="Only the oldest N."
)
@click.option("--json", "as_json", is_flag=True, help="One dead letter per line, as JSON with the whole body.")
@settings_options
def list_command(*, limit: int, as_json: bool, source: SettingsSource) -> None:
    """Show the dead letters, oldest first: id, when, receive count, reason, detail, start of the body."""
    letters = _with_dead_letters(source, lambda dead: dead.list(limit))
    if not letters:
        echo("no dead letters", err=True)
    for letter in letters:
        if as_json:
            echo_json(json.dumps(members_of(letter)))
        else:
            echo_wrapped(line_of(letter), indent=6)


@command.command(short_help="Put dead letters back on the queue.")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--all", "everything", is_flag=True, help="All of them.")
@settings_options
def replay(*, ids: Sequence[str], everything: bool, source: SettingsSource) -> None:
    """Put dead letters back on the queue, for example after adding a missing policy."""
    chosen = _chosen(ids, everything=everything)
    _report("replayed", _with_dead_letters(source, lambda dead: dead.replay(chosen)), chosen)


@command.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--all", "everything", is_flag=True, help="All of them; asks first.")
@click.option("--yes", "-y", "is_sure", is_flag=True, help="Don't ask.")
@settings_options
def drop(*, ids: Sequence[str], everything: bool, is_sure: bool, source: SettingsSource) -> None:
    """Delete dead letters for good."""
    chosen = _chosen(ids, everything=everything)
    if everything and not is_sure:
        if not is_terminal(sys.stdin):
            raise click.UsageError("--all deletes every dead letter: give --yes where no terminal can be asked.")
        click.confirm("Delete all dead letters for good?", abort=True, err=True)
    _report("dropped", _with_dead_letters(source, lambda dead: dead.drop(chosen)), chosen)


def _with_dead_letters(source: SettingsSource, work: "Callable[[DeadLetters], T]") -> T:
    from watcher.queues import open_dead_letters
    from watcher.util.clock import SystemClock

    settings = settings_or_exit(source)
    with exits_on_error(), open_dead_letters(settings, SystemClock()) as dead_letters:
        return work(dead_letters)


def _chosen(ids: Sequence[str], *, everything: bool) -> list[str] | None:
    """The ids without duplicates; None for all."""
    if bool(ids) == everything:
        raise click.UsageError("name the ids (see `watcher dead list`), or give --all; not both")
    return None if everything else list(dict.fromkeys(ids))


def _report(done: str, count: int, chosen: list[str] | None) -> None:
    echo(f"{done} {count}")
    if chosen is not None and count < len(chosen):
        raise click.ClickException(f"{len(chosen) - count} of the {len(chosen)} ids are not dead letters")


def line_of(letter: "DeadLetter") -> str:
    """A dead letter on one line."""
    from watcher.util.rfc3339 import timestamp_of

    detail, body = printable(letter.detail, 200), printable(letter.body)
    when = timestamp_of(letter.dead_at)
    return f"{letter.id}  {when}  received {letter.receive_count}x  {letter.reason}: {detail}  {body}"


def members_of(letter: "DeadLetter") -> dict[str, Any]:
    """A dead letter as members of a JSON object."""
    from watcher.util.rfc3339 import timestamp_of

    return {
        "id": letter.id,
        "deadAt": timestamp_of(letter.dead_at),
        "sentAt": timestamp_of(letter.sent_at),
        "receiveCount": letter.receive_count,
        "reason": letter.reason,
        "detail": letter.detail,
        "body": letter.body,
    }
