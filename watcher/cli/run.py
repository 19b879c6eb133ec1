"""`watcher run`: the daemon."""

import faulthandler
import gc
import os
import sys
from functools import partial
from typing import IO, TYPE_CHECKING, Any

import click

from watcher.cli.options import SettingsSource, exit_with, load_or_exit, settings_options
from watcher.daemon import signals
from watcher.telemetry.journal import marked
from watcher.util.text import escaped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from watcher.app.build import App
    from watcher.config import Loaded, Risk


@click.command()
@click.option("--until-empty", is_flag=True, help="End, exit 0, once the queue is empty and all is decided.")
@settings_options
def command(source: SettingsSource, *, until_empty: bool) -> None:
    """Watch the sessions on the queue and emit a decision for each, until SIGTERM or SIGINT.

    Decisions of the stdout sink go to standard output, logs to standard error. Exit 0 after a clean stop, 78 for
    settings that can't be used, 1 for anything else. SIGHUP reloads the settings that can change at run time; a
    second SIGTERM or SIGINT stops at once.
    """
    listener = signals.install_listener()  # before anything that takes time
    loaded = load_or_exit(source)
    from watcher.app.build import build
    from watcher.app.endpoint_risks import endpoint_risks
    from watcher.app.open_files import allow_files
    from watcher.config import risks
    from watcher.daemon.systemd import Notifier
    from watcher.domain.errors import ConfigError, WatcherError
    from watcher.telemetry import logs
    from watcher.util import line_buffer, stalls

    stderr = line_buffer.install_buffer()
    logs.configure(loaded.settings.log.level, loaded.settings.log.format)
    stderr.on_recovery = logs.report_dropped_lines
    _log_risks([*risks(loaded), *allow_files(loaded.settings)])
    _log_overridden(loaded)
    notifier = Notifier.take(os.environ)
    if notifier.watchdog:
        faulthandler.enable()  # the watchdog ends a hung watcher with SIGABRT: the log then shows where it hung
    try:
        stalls.arm(os.environ)
        _log_risks(endpoint_risks(loaded.settings, os.environ))
        read = source.again(loaded)
        app = build(loaded, read, notifier, read.peek)
        listener.connect(_handlers(app, partial(stderr.drain, line_buffer.LAST_FLUSH)))
        gc.freeze()
        gc.enable()
        app.daemon.run(until_empty=until_empty)
    except ConfigError as error:
        exit_with(error)
    except WatcherError as error:
        notifier.failed(error)
        raise _EndedError(str(error)) from error


def _handlers(app: "App", flush: "Callable[[], object]") -> signals.Handlers:
    from watcher.telemetry import logs

    return signals.Handlers(
        stop=app.daemon.stop,
        reload=app.reload,
        stop_limit=app.daemon.stop_limit,
        beat=app.signals_beat.beat,
        log=logs.logger(),
        flush=flush,
    )


def _log_overridden(loaded: "Loaded") -> None:
    from watcher.telemetry import logs

    for key, file in loaded.overridden.items():
        logs.logger().info("setting_overridden", key=key, by=loaded.origins[key], file=file)


def _log_risks(found: "Iterable[Risk]") -> None:
    from watcher.telemetry import logs

    for risk in found:
        logs.logger().warning("risky_setting", subject=risk.subject, problem=risk.what, fix=risk.fix)


class _EndedError(click.ClickException):
    """The daemon ended with an error: exit 1, and a line that the journal marks as an error."""

    def show(self, file: IO[Any] | None = None) -> None:
        print(marked(f"Error: {escaped(self.format_message())}"), file=file or sys.stderr)
