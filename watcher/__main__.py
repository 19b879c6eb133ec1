"""`watcher` and `python -m watcher`."""

import signal

if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    # Before the other imports, which take a while: Ctrl-C ends the process without a traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import gc
import os
import sys

from watcher.util.environment import drop_foreign
from watcher.util.standard_streams import fill_closed


def main() -> None:
    """Entry point: first what must not wait for a command's imports, which take a while, then the command."""
    _leave_inspection()
    fill_closed()
    drop_foreign(os.environ)
    if sys.argv[1:2] == ["run"]:
        # A start creates little garbage: until its end, the collector would only walk through the modules again.
        gc.disable()
        from watcher.daemon import signals  # noqa: PLC0415 - only `run` needs it

        signals.install_listener()
    from watcher.cli import main as run_command  # noqa: PLC0415 - late, for it imports click

    run_command()


def _leave_inspection() -> None:
    """Start again without $PYTHONINSPECT: with it, Python ends with a traceback and 1, whatever the exit code."""
    if sys.flags.inspect and os.environ.pop("PYTHONINSPECT", ""):
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - the same process again


if __name__ == "__main__":
    main()
