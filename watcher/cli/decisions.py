"""`watcher decisions`: read the ledger."""

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING

import click

from watcher.cli.echo import echo, echo_json
from watcher.cli.exit_codes import ExitCode
from watcher.cli.options import SettingsSource, settings_options, settings_or_exit
from watcher.cli.rendering import data_of, event_of, exits_on_error, printable

if TYPE_CHECKING:
    from watcher.domain.model import LedgerEntry
    from watcher.domain.ports import Ledger

FOLLOW_INTERVAL = 0.5
"""Seconds between two looks for new decisions."""

_SEEN_AT_ONCE = 1000

HEAD = ("TIME", "SESSION ID", "POLICY", "OUTCOME", "REASON", "CONFIDENCE", "THRESHOLD", "POLLS")
# Wide enough for nearly everything, and the same from line to line, so that --follow needs no look into the future.
WIDTHS = (24, 36, 10, 12, 26, 17, 9, 5)


@click.command()
@click.option("--session-id", metavar="ID", help="Only this session's.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=20, show_default=True, metavar="N", help="Only the newest N."
)
@click.option("--json", "as_json", is_flag=True, help="One event a line, exactly as it was recorded.")
@click.option("--follow", "-f", is_flag=True, help="Go on with new decisions as they are taken, until SIGINT.")
@settings_options
def command(*, session_id: str | None, limit: int, as_json: bool, follow: bool, source: SettingsSource) -> None:
    """Show the decisions in the ledger, the newest last."""
    from watcher.ledgers import open_ledger
    from watcher.util.clock import SystemClock

    settings = settings_or_exit(source)
    with exits_on_error(), closing(open_ledger(settings, SystemClock(), create=False)) as ledger:
        # Taken first: what is decided between the two questions is then shown by --follow, or was shown already.
        newest = [entry.sequence for entry in ledger.recent(1)]
        entries = ledger.recent(limit, session_id)
        if not entries:
            echo("no decisions yet" if session_id is None else f"no decision for {session_id}", err=True)
        _show(entries, as_json=as_json, head=True)
        if follow:
            seen = max([*newest, *(entry.sequence for entry in entries)], default=0)
            _follow(ledger, seen, session_id, as_json=as_json)


def _follow(ledger: "Ledger", seen: int, session_id: str | None, *, as_json: bool) -> None:
    try:
        while True:
            entries = ledger.after(seen, _SEEN_AT_ONCE)
            wanted = [entry for entry in entries if session_id in (None, entry.event.key.session_id)]
            _show(wanted, as_json=as_json, head=False)
            if entries:
                seen = entries[-1].sequence
            else:
                time.sleep(FOLLOW_INTERVAL)
    except KeyboardInterrupt:
        raise click.exceptions.Exit(ExitCode.INTERRUPTED) from None


def _show(entries: Sequence["LedgerEntry"], *, as_json: bool, head: bool) -> None:
    if as_json:
        for entry in entries:
            echo_json(entry.event.body)
    else:
        for line in _table(entries, head=head):
            echo(line)


def _table(entries: Sequence["LedgerEntry"], *, head: bool) -> Iterator[str]:
    if head and entries:
        yield _line(HEAD)
    for entry in entries:
        yield _line(_cells(entry))


def _line(cells: Sequence[str]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, WIDTHS, strict=True)).rstrip()


def _cells(entry: "LedgerEntry") -> list[str]:
    data = data_of(entry)
    members = ("outcome", "reason", "confidence", "threshold", "polls")
    values = (event_of(entry).get("time"), *entry.event.key, *(data.get(member) for member in members))
    return ["-" if value is None else printable(str(value)) for value in values]
