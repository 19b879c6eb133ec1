"""How commands write to a terminal: the one place, since whatever they show may come from anybody.

An id, an attribute, a remote error or a file's name can have sequences that move the cursor, break lines or turn the
reading direction, and so show what is not there.
"""

import click

from watcher.util.text import bounded, escaped, escaped_json, escaped_lines


def echo(text: str, *, err: bool = False) -> None:
    """Write one line, escaped."""
    click.echo(escaped(text), err=err)


def echo_labelled(label: str, colour: str, text: str) -> None:
    """Write one line that begins with a coloured word; click takes the colour away where stdout is no terminal."""
    click.echo(click.style(label, fg=colour) + escaped(text))


def echo_lines(text: str, *, err: bool = False) -> None:
    """Write lines that we have broken ourselves, each escaped."""
    click.echo(escaped_lines(text), err=err)


def echo_json(document: str) -> None:
    """Write a document of JSON on one line."""
    click.echo(escaped_json(document))


def complain(text: str) -> None:
    """Write one line to stderr, which the journal knows for an error."""
    from watcher.telemetry.journal import marked

    click.echo(marked(escaped(bounded(text))), err=True)
