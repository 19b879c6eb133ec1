"""`watcher schema`: the JSON Schemas of input and output."""

import json
from collections.abc import Mapping
from typing import Any

import click

from watcher.cli.echo import echo_lines


@click.group()
def command() -> None:
    """Print a JSON Schema (draft 2020-12): of events, messages or settings."""


@command.command()
def event() -> None:
    """Print the schema of a decision's event."""
    from watcher.decisions.event_schema import event_schema

    _print(event_schema())


@command.command()
def message() -> None:
    """Print the schema of a message on the queue."""
    from watcher.consumer.message_schema import message_schema

    _print(message_schema())


@command.command()
def config() -> None:
    """Print the schema of the settings file."""
    from watcher.config import json_schema

    _print(json_schema())


def _print(schema: Mapping[str, Any]) -> None:
    echo_lines(json.dumps(schema, indent=2))
