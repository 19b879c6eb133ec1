"""Prints an answer, or a query's result, in one of the three formats."""

import base64
import json
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

from watcher.cli.get.failures import CommandFailed
from watcher.cli.get.terminal import ResettingStream, stdout_is_terminal, stdout_width


class Query(Protocol):
    """A compiled JMESPath expression."""

    def search(self, value: Any) -> Any:
        """The expression's result for `value`; None if it finds nothing."""


def print_answer(form: str, answer: Any, *, title: str, query: Query | None, color: str) -> None:
    """Write the answer to stdout, as AWS CLI v1 does. A closed stdout is not an error.

    Raises:
        CommandFailed: unknown format.
        jmespath.exceptions.JMESPathError, ValueError, TypeError, AttributeError: the query, or the format, does not
            fit the answer.
    """
    printers: dict[str, Callable[[Any], None]] = {
        "json": _print_json,
        "text": _print_text,
        "table": _TablePrinter(title, color),
    }
    if form not in printers:
        raise CommandFailed(f"Unknown output type: {form}")
    printer = printers[form]
    if isinstance(printer, _TablePrinter):
        printer.prepare()
    value = answer if query is None else query.search(answer)
    try:
        printer(value)
    except OSError:
        # The reader of our output has closed it; there is no one left to tell.
        pass
    finally:
        flush()


def flush() -> None:
    """Flush the buffer; a reader that has gone is not an error."""
    with suppress(OSError):
        sys.stdout.flush()


def _print_json(value: Any) -> None:
    if value != {}:
        json.dump(value, sys.stdout, indent=4, ensure_ascii=False, default=_encode)
        sys.stdout.write("\n")


def _encode(value: Any) -> str:
    """JSON has no bytes: they become base64."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    raise TypeError("Encountered unrecognized type in JSON encoder.")


def _print_text(value: Any) -> None:
    from watcher.cli.get.text import text_lines

    for line in text_lines(value):
        sys.stdout.write(line)


class _TablePrinter:
    """A table, coloured if requested, or automatically on a terminal."""

    def __init__(self, title: str, color: str) -> None:
        self._title = title
        self._color = color
        self._width = 0
        self._coloured = False

    def prepare(self) -> None:
        """Colour the streams, if at all, before the query runs, so that its errors are written like the AWS CLI's."""
        self._coloured = self._color == "on" or (self._color == "auto" and stdout_is_terminal())
        if self._coloured:
            sys.stdout = ResettingStream(sys.stdout)
            sys.stderr = ResettingStream(sys.stderr)
        self._width = stdout_width()

    def __call__(self, value: Any) -> None:
        from watcher.cli.get.table import TableSections
        from watcher.cli.get.table_layout import Drawing

        table = TableSections()
        if table.fill(self._title, value):
            Drawing(sys.stdout, self._width, coloured=self._coloured).draw(table.sections)
