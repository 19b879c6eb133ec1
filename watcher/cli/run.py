"""`watcher run`: the daemon."""

import click

from watcher.cli.options import SettingsSource, exit_with, load_or_exit, settings_options


@click.command()
@click.option("--until-empty", is_flag=True, help="End, exit 0, once the queue is empty and all is decided.")
@settings_options
def command(source: SettingsSource, *, until_empty: bool) -> None:
    """Watch the sessions on the queue and emit a decision for each, until SIGTERM or SIGINT.

    Decisions of the stdout sink go to standard output, logs to standard error. Exit 0 after a clean stop, 78 for
    settings that can't be used, 1 for anything else. SIGHUP reloads the settings that can change at run time; a
    second SIGTERM or SIGINT stops at once.
    """
    loaded = load_or_exit(source)
    from watcher import logs, signals
    from watcher.app import build
    from watcher.errors import ConfigError, WatcherError

    logs.configure(loaded.settings.log.level, loaded.settings.log.format)
    try:
        app = build(loaded, source.load)
        signals.listen(stop=app.daemon.stop, reload=app.reloader.reload)
        app.daemon.run(until_empty=until_empty)
    except ConfigError as error:
        exit_with(error.problems)
    except WatcherError as error:
        raise click.ClickException(str(error)) from error
