"""`watcher demo`: all of it together on this machine."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click

from watcher.cli.echo import echo, echo_lines

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@click.command()
@click.option(
    "--sessions", type=click.IntRange(1, 20_000), default=200, show_default=True, metavar="N", help="How many."
)
@click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same sessions.")
@click.option(
    "--keep",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Keep settings, queue, ledger, decisions and log in this new folder.  [default: a temporary one]",
)
def command(*, sessions: int, seed: int, keep: Path | None) -> None:
    """See the watcher work, without an AWS account: a local endpoint, a queue, the real daemon, N sessions.

    The sessions end in every possible way, including faults of the service and the network. The decisions are
    compared with each session's script: exit code 0 if all are right, 1 with the differences if not. Nothing outside
    a temporary folder is touched.
    """
    with _stop_signals_unwind():
        from watcher.cli.demo.next_steps import as_called, next_steps
        from watcher.cli.demo.runner import run_demo
        from watcher.cli.demo.workspace import DemoError

        try:
            is_good = run_demo(sessions, seed, keep)
        except DemoError as error:
            echo_lines(f"Error: {error}", err=True)
            raise click.exceptions.Exit(1) from error
    echo_lines(f"\n{next_steps(sessions, seed, keep, as_called(sys.argv[0]))}", err=True)
    sys.exit(0 if is_good else 1)


@contextmanager
def _stop_signals_unwind() -> Iterator[None]:
    """Make Ctrl-C, SIGTERM and a closed terminal end the demo as a shell expects, after cleaning up."""

    def stop(number: int, _frame: FrameType | None) -> None:
        for one in _STOP_SIGNALS:  # a second Ctrl-C must not interrupt the clean-up, which takes at most seconds
            signal.signal(one, signal.SIG_IGN)
        sys.exit(128 + number)

    taken = [one for one in _STOP_SIGNALS if one != signal.SIGHUP or signal.getsignal(one) != signal.SIG_IGN]  # nohup
    before = {one: signal.signal(one, stop) for one in taken}
    try:
        yield
    except SystemExit:
        echo("demo: interrupted, and all of it stopped", err=True)
        raise
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
