"""The `watcher` command: how it starts, fails and ends. The commands are in `commands`, one a file."""

import errno
import io
import os
import signal
import sys
import warnings

import click

from watcher import __version__
from watcher.cli.commands import CommandGroup
from watcher.cli.echo import complain, echo, echo_lines
from watcher.cli.exit_codes import ExitCode
from watcher.util import standard_streams
from watcher.util.environment import drop_invalid
from watcher.util.machine_faults import machine_fault
from watcher.util.text import bounded, escaped

COMPLETION = "_WATCHER_COMPLETE"
"""The variable with which a shell asks click for completions."""

_UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


@click.group(cls=CommandGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", prog_name="watcher")
def cli() -> None:
    """Watch AWS Rekognition Face Liveness sessions to their end and emit one decision for each."""


def main() -> None:
    """Entry point of the `watcher` command."""
    standard_streams.make_robust(escapes_output=not _is_get())  # `get` fails because of it, like the AWS CLI
    _soften_warnings()
    _drop_stray_completion()
    _drop_invalid_variables()
    code = _run()
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # at its end the interpreter would print a traceback for it
    sys.exit(code)


def _is_get() -> bool:
    return bool(sys.argv[1:2]) and sys.argv[1].startswith("get")


def _soften_warnings() -> None:
    """Show warnings that $PYTHONWARNINGS turns into errors (meant for tests), but don't fail because of them."""
    if any("error".startswith(option.partition(":")[0]) for option in sys.warnoptions):
        warnings.simplefilter("default")


def _drop_stray_completion() -> None:
    """Let click complete only if a shell asks: otherwise the command would silently not run."""
    shell, _, instruction = os.environ.get(COMPLETION, "").partition("_")
    is_asked = len(sys.argv) == 1 and shell in ("bash", "zsh", "fish") and instruction in ("source", "complete")
    if not is_asked:
        os.environ.pop(COMPLETION, None)


def _drop_invalid_variables() -> None:
    """Ignore invalid AWS variables; only `get` fails because of them, like the AWS CLI."""
    if not sys.argv[1:2] or _is_get():
        return
    for name in drop_invalid(os.environ):
        complain(f"watcher: {name} is ignored: AWS does not know its value: unset it")


def _run() -> int:
    """Run the command; user errors, interrupts and failed output end it with a message and an exit code."""
    try:
        code = cli.main(prog_name="watcher", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        echo_lines(bounded(_shown(error)), err=True)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return ExitCode.INTERRUPTED
    except OSError as error:
        return _failed(error)
    except (MemoryError, RuntimeError) as error:
        if not (fault := machine_fault(error)):
            raise
        echo(f"Error: this machine: {fault}", err=True)
        return 1
    return code if isinstance(code, int) else 0


def _shown(error: click.ClickException) -> str:
    """Click's text for an error, with the usage. A line break in the message comes from quoted text."""
    text = io.StringIO()
    error.show(text)
    shown = text.getvalue().rstrip("\n")
    message = click.unstyle(error.message)  # as in click's `show`
    return shown.replace(message, escaped(message)) if message else shown


def _failed(error: OSError) -> int:
    """Say what a system error is about: a file, or standard output, which has no name."""
    why = error.strerror or type(error).__name__
    if error.filename is not None:
        echo(f"Error: {bounded(str(error.filename))}: {why}", err=True)
        return 1
    if error.errno not in (*_UNWRITABLE, errno.EPIPE):
        echo(f"Error: {bounded(why)}", err=True)
        return 1
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # or Python fails again on it, at its end
    if error.errno == errno.EPIPE:
        return ExitCode.READER_GONE if _is_get() else 1
    echo(f"Error: standard output can't be written: {why}", err=True)
    return 1
