"""`watcher wait`: wait for a session's decision; and the same for `watcher enqueue --wait`."""

import json
import math
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from watcher.cli.exit_codes import ExitCode, WaitExit
from watcher.cli.options import SettingsSource, settings_options, settings_or_exit
from watcher.cli.rendering import exits_on_error
from watcher.cli.wait.constants import CONSTANTS
from watcher.domain.model import DEFAULT_POLICY

if TYPE_CHECKING:
    from watcher.config import Settings
    from watcher.domain.model import SessionKey


def _checked(_context: click.Context, _option: click.Parameter, seconds: float | None) -> float | None:
    """The time-out; NaN is in no range, and click lets it pass."""
    if seconds is not None and math.isnan(seconds):
        raise click.BadParameter("give a number of seconds")
    return seconds


def wait_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `--timeout` and `--json`; it gets them as `timeout` (None: the default) and `as_json`."""
    command = click.option("--json", "as_json", is_flag=True, help="Each decision as its event, one JSON line.")(
        command
    )
    return click.option(
        "--timeout",
        type=click.FloatRange(min=0),
        callback=_checked,
        metavar="S",
        help=f"Seconds to wait; 0: read once.  [default: polling.session_timeout + {CONSTANTS.margin:.0f}]",
    )(command)


@click.command()
@click.argument("session_id", metavar="ID")
@click.option("--policy", metavar="NAME", default=DEFAULT_POLICY, show_default=True, help="Policy that decides it.")
@wait_options
@settings_options
def command(*, session_id: str, policy: str, timeout: float | None, as_json: bool, source: SettingsSource) -> None:
    """Wait until a session is decided, and show the decision.

    Exit 0: live; 3: not_live; 4: inconclusive; 5: not decided in time; 1: an unknown id, a dead letter, or an error.
    A session that was decided before is answered at once. Whether an id is unknown can't be told with SQS, which
    can't be searched: then the exit code is 5. With ledger.url = none it asks the watcher: run it on the
    watcher's own machine, as its user.
    """
    settings = settings_or_exit(source)
    with exits_on_error():
        code = wait_for(settings, [_key(settings, session_id, policy)], timeout, as_json=as_json)
    raise click.exceptions.Exit(code)


def require_readable(settings: "Settings") -> None:
    """Check that decisions can be read, where the settings alone tell.

    Raises:
        LedgerError: they are in the memory of a watcher whose port is not known.
    """
    from watcher.ledgers import open_reader
    from watcher.util.clock import SystemClock

    if settings.ledger_kind == "none":
        open_reader(settings, SystemClock()).close()


def wait_for(settings: "Settings", keys: Sequence["SessionKey"], timeout: float | None, *, as_json: bool) -> WaitExit:
    """Show each session's decision as it comes; returns the worst result.

    Raises:
        ClickException: there are no keys: exit code 0 would say that somebody is live.
        WatcherError: the settings or the ledger can't be used.
    """
    from watcher.cli.wait.display import WaitDisplay
    from watcher.cli.wait.ledger_reader import LedgerReader
    from watcher.cli.wait.location import locate
    from watcher.cli.wait.waiting import PACES, Waiting
    from watcher.ledgers import open_reader
    from watcher.util.clock import SystemClock

    if not keys:
        raise click.ClickException("no session to wait for")
    clock = SystemClock()
    display = WaitDisplay(clock, as_json=as_json)
    seconds = settings.polling.session_timeout + CONSTANTS.margin if timeout is None else timeout
    worst = WaitExit.LIVE
    try:
        with closing(LedgerReader(lambda: open_reader(settings, clock))) as reader:
            where, pace = partial(locate, settings, clock), PACES[settings.ledger_kind]
            for result in Waiting(reader, where, pace, display, clock).results(keys, seconds):
                display.result(result)
                worst = worst.or_worse(result.code)
    except KeyboardInterrupt:
        raise click.exceptions.Exit(ExitCode.INTERRUPTED) from None
    finally:
        display.clear()
    return worst


def _key(settings: "Settings", session_id: str, policy: str) -> "SessionKey":
    """The session under this policy, which may have been removed from the settings since its decision.

    Raises:
        InvalidMessage: the id is not one, or the policy can't be one.
    """
    from watcher.consumer.message import parse_message

    body = json.dumps({"sessionId": session_id, "policy": policy})
    earlier = {policy} if policy and policy.isascii() and policy.isprintable() else set()
    return parse_message(body, 0.0, {*settings.decision.policies, *earlier}).key
