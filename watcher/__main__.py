"""`watcher` and `python -m watcher`."""

import _signal  # type: ignore[import-not-found]  # `signal` takes milliseconds, in which Ctrl-C is a traceback

if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)  # until the command that answers it is imported

import os
import sys

from watcher.util.environment import drop_foreign
from watcher.util.standard_streams import fill_closed


def main() -> None:
    """Entry point: what must not wait for the imports of a command, which take a while, and then the command."""
    fill_closed()
    drop_foreign(os.environ)
    if sys.argv[1:2] == ["run"]:
        from watcher import signals  # noqa: PLC0415 - only `run` needs it

        signals.install()
    from watcher.cli import main as run_command  # noqa: PLC0415 - late, for it imports click

    run_command()


if __name__ == "__main__":
    main()
