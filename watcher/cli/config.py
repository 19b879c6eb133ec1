"""`watcher config`: the settings and their schema."""

import click

from watcher.cli.echo import echo_lines
from watcher.cli.options import SettingsSource, load_or_exit, settings_options


@click.group()
def command() -> None:
    """Show the effective settings, or the JSON Schema of the file."""


@command.command(short_help="Show the effective settings, and where each came from.")
@settings_options
@click.option("--json", "as_one_object", is_flag=True, help="One JSON object on one line: file, settings, origins.")
def show(source: SettingsSource, *, as_one_object: bool) -> None:
    """Show the effective settings and where each came from; secrets are hidden."""
    loaded = load_or_exit(source)
    from watcher.config import as_json, as_toml

    echo_lines(as_json(loaded) if as_one_object else as_toml(loaded))


@command.command()
def schema() -> None:
    """Print the JSON Schema of the settings file (draft 2020-12)."""
    import json

    from watcher.config import json_schema

    echo_lines(json.dumps(json_schema(), indent=2))
