"""How the commands that search queue and ledger show their results."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from watcher.cli.echo import echo
from watcher.util.text import escaped, rounded_down

if TYPE_CHECKING:
    from watcher.domain.model import LedgerEntry

T = TypeVar("T")


@contextmanager
def exits_on_error() -> Iterator[None]:
    """A queue or ledger error ends the command with its text on stderr and exit code 1."""
    from watcher.domain.errors import ConfigError, WatcherError

    try:
        yield
    except ConfigError as error:
        raise click.ClickException("; ".join(error.problems)) from error
    except WatcherError as error:
        raise click.ClickException(str(error)) from error


def searched_queue(what: str, search: Callable[[], Sequence[T] | None]) -> Sequence[T] | None:
    """The result of searching the queue; None if that is impossible, as with SQS. Errors only go to stderr."""
    from watcher.domain.errors import QueueError

    try:
        return search()
    except QueueError as error:
        echo(f"no {what} to search: {error}", err=True)
        return None


def printable(text: str, limit: int = 80) -> str:
    """The start of a text on one line, with control characters escaped, because it may come from anyone."""
    return escaped(text[:limit]) + ("" if len(text) <= limit else "…")


def cell(value: object) -> str:
    """A value in a row. A confidence has fifteen digits; two behind the point say all that anybody compares."""
    if isinstance(value, float):
        value = rounded_down(value)
    return "-" if value is None else printable(str(value))


def event_of(entry: "LedgerEntry") -> dict[str, Any]:
    """The recorded event; empty if it is damaged."""
    try:
        event = json.loads(entry.event.body)
    except (ValueError, RecursionError):
        return {}
    return event if isinstance(event, dict) else {}


def data_of(entry: "LedgerEntry") -> dict[str, Any]:
    """The `data` of the recorded event."""
    data = event_of(entry).get("data")
    return data if isinstance(data, dict) else {}


def feedback_codes(data: dict[str, Any]) -> list[str]:
    """The codes of a decision's feedback; none if it is from before an update, or damaged."""
    items = data.get("feedback")
    found = [item.get("code") for item in items if isinstance(item, dict)] if isinstance(items, list) else []
    return [str(code) for code in found]
