"""`watcher decisions`: read the ledger."""

import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import click

from watcher.cli.decision_filter import DecisionFilter, Since
from watcher.cli.decision_printer import Print, printer
from watcher.cli.echo import echo
from watcher.cli.exit_codes import ExitCode
from watcher.cli.options import SettingsSource, settings_options, settings_or_exit
from watcher.cli.rendering import exits_on_error
from watcher.domain.model import Outcome, Reason

if TYPE_CHECKING:
    from watcher.domain.ports import DecisionReader

FOLLOW_INTERVAL = 0.5
"""Seconds between two checks for new decisions."""

_SEEN_AT_ONCE = 1000

OUTCOMES, REASONS = [outcome.value for outcome in Outcome], [reason.value for reason in Reason]


@click.command()
@click.option("--session-id", metavar="ID", help="Only this session's; exit 1 if there is none.")
@click.option("--policy", metavar="NAME", help="Only those of this policy.")
@click.option(
    "--outcome", type=click.Choice([outcome.value for outcome in Outcome]), help="Only those with this outcome."
)
@click.option(
    "--reason",
    type=click.Choice([reason.value for reason in Reason]),
    metavar="REASON",
    help="Only those with this reason.",
)
@click.option("--since", type=Since(), metavar="WHEN", help="Only those since: 30m, 1h, 7d, or an RFC 3339 time.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=20, show_default=True, metavar="N", help="Only the newest N."
)
@click.option("--json", "as_json", is_flag=True, help="One event a line, exactly as it was recorded.")
@click.option(
    "--follow", "-f", is_flag=True, help="Go on with new decisions until SIGINT; of one session, until it is decided."
)
@settings_options
def command(*, limit: int, as_json: bool, follow: bool, source: SettingsSource, **wanted: Any) -> None:
    """Show the decisions in the ledger, the newest last.

    With ledger.url = none they are the last 10,000 of the watcher that runs on this machine: run it as its user.
    """
    from watcher.ledgers import open_reader
    from watcher.util.clock import SystemClock

    settings, chosen = settings_or_exit(source), DecisionFilter(**wanted)
    with exits_on_error(), closing(open_reader(settings, SystemClock())) as ledger:
        # Read first: a decision between the two queries is then shown by --follow, or has been shown already.
        newest = [entry.sequence for entry in ledger.recent(1)]
        entries = chosen.newest(ledger, limit)
        show = printer(as_json=as_json)
        show(entries)
        is_over = bool(entries) and chosen.session_id is not None
        if follow and not is_over:
            _follow(ledger, max(newest, default=0), chosen, show)
        elif not entries:
            _complain(chosen)


def _complain(chosen: DecisionFilter) -> None:
    """Say that there is nothing, which for a session is a failure: somebody waits for it."""
    if chosen.session_id is not None:
        raise click.ClickException(f"no decision for {chosen.session_id}")
    echo("no decisions yet" if chosen == DecisionFilter() else "no such decisions", err=True)


def _follow(ledger: "DecisionReader", seen: int, chosen: DecisionFilter, show: Print) -> None:
    try:
        while True:
            entries = ledger.after(seen, _SEEN_AT_ONCE)
            wanted = [entry for entry in entries if chosen.wants(entry)]
            show(wanted)
            if wanted and chosen.session_id is not None:
                return
            if entries:
                seen = entries[-1].sequence
            else:
                time.sleep(FOLLOW_INTERVAL)
    except KeyboardInterrupt:
        raise click.exceptions.Exit(ExitCode.INTERRUPTED) from None
