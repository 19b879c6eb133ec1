"""How commands write to a terminal: in one place, because anything that they show may come from anyone.

An id, an attribute, a remote error or a file name can contain sequences that move the cursor, break lines or reverse
the reading direction, and so fake what is shown.
"""

import sys
from textwrap import wrap

import click

from watcher.util.terminal import coloured, columns
from watcher.util.text import bounded, escaped, escaped_json, escaped_lines


def echo(text: str, *, err: bool = False) -> None:
    """Write one line, escaped."""
    click.echo(escaped(text), err=err)


def echo_labelled(label: str, colour: str, text: str, indent: int = 0) -> None:
    """Write one line that begins with a coloured word, wrapped for a terminal; later lines are indented."""
    body = "\n".join(_wrapped(escaped(label + text), indent)).removeprefix(label)
    click.echo(coloured(label, colour, sys.stdout) + body, color=True)


def echo_wrapped(text: str, indent: int) -> None:
    """Write one line, escaped; wrapped for a terminal, and later lines are indented."""
    click.echo("\n".join(_wrapped(escaped(text), indent)))


def _wrapped(line: str, indent: int) -> list[str]:
    """The lines that fit the terminal; a third of it at most is indented."""
    width = columns(sys.stdout)
    if width is None:
        return [line]
    space = " " * (indent if width >= 3 * indent else 2)
    # Neither at hyphens nor within a word: what is copied from it, such as a URL, must stay whole.
    return wrap(line, width, subsequent_indent=space, break_long_words=False, break_on_hyphens=False)


def echo_lines(text: str, *, err: bool = False) -> None:
    """Write lines that we have split ourselves, each escaped."""
    click.echo(escaped_lines(text), err=err)


def echo_json(document: str) -> None:
    """Write a document of JSON on one line."""
    click.echo(escaped_json(document))


def complain(text: str) -> None:
    """Write one line to stderr, marked as an error for the journal."""
    from watcher.telemetry.journal import marked

    click.echo(marked(escaped(bounded(text))), err=True)
