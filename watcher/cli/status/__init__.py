"""`watcher status`: what the running watcher says of itself."""

import json

import click

from watcher.cli.echo import echo_json, echo_labelled, echo_wrapped
from watcher.cli.options import SettingsSource, load_or_exit, settings_options

_COLOURS = {"active": "green", "degraded": "yellow"}


@click.command()
@click.option("--url", metavar="URL", help="Its metrics port, such as http://127.0.0.1:9464.  [default: as set]")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on one line.")
@settings_options
def command(*, url: str | None, as_json: bool, source: SettingsSource) -> None:
    """Show the state of the running watcher.

    Health, rate, sessions in flight, the settings in force, and what a reload or a restart would change. Settings are
    shown on the watcher's own machine only. Exit 0: active; 1: degraded, something is wrong; 3: deactivating, or
    nothing answers; 4: what answers is not a watcher.
    """
    from watcher.cli.status.client import ask
    from watcher.cli.status.lines import lines

    answer = ask(_base(url, source))
    if as_json:
        echo_json(json.dumps(answer.members()))
    else:
        first, *rest = lines(answer)
        echo_labelled(answer.state, _COLOURS.get(answer.state, "red"), first)
        for line in rest:
            echo_wrapped(line, indent=11)
    raise click.exceptions.Exit(answer.exit_code)


def _base(url: str | None, source: SettingsSource) -> str:
    """The URL to ask: as given, or of the settings' own port."""
    from watcher.util.urls import is_http_url, own_url

    if url is None:
        http = load_or_exit(source).settings.http
        if http.port == 0:
            raise click.UsageError(
                "http.port = 0 is a free port: give --url with the port of the log's `started` line"
            )
        return own_url(http.host, http.port)
    base = url if "://" in url else f"http://{url}"
    if not is_http_url(base):
        raise click.BadParameter("not an http URL: give one such as http://127.0.0.1:9464", param_hint="--url")
    return base.partition("?")[0].removesuffix("/status.json").rstrip("/")
