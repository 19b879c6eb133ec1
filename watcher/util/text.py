"""Texts of unknown length and origin, made fit to be shown."""

import json

LONGEST = 4096
"""Characters of a text that is quoted: more than any that we write, less than fills a terminal or a log."""


def bounded(text: str, limit: int = LONGEST) -> str:
    """The text; of one that is too long its start, and how long it was."""
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text)} characters)"


def escaped(text: str, *, keep: str = "") -> str:
    """The text on one line; what could drive a terminal, begin a line or turn the reading direction is escaped.

    That is all that Unicode does not count as printable: control and format characters, separators but the blank.
    Those in `keep` stay.
    """
    if text.isprintable():
        return text
    shown = (char if char.isprintable() or char in keep else char.encode("unicode_escape").decode() for char in text)
    return "".join(shown)


def escaped_lines(text: str) -> str:
    """A text of several lines that we have broken ourselves, with all else escaped."""
    return escaped(text, keep="\n\t")


def escaped_json(text: str) -> str:
    """The same document of JSON on one line, with what `escaped` escapes in JSON's notation."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in text)
