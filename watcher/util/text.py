"""Prepares values for display: texts of unknown length and origin, and numbers that are compared."""

import json

LONGEST = 4096
"""Maximum characters of a quoted text: more than any of our own, less than would fill a terminal or a log."""


def bounded(text: str, limit: int = LONGEST) -> str:
    """The text; for one that is too long, its start and its length."""
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text)} characters)"


def escaped(text: str, *, keep: str = "") -> str:
    """The text on one line, escaping what could control a terminal, start a line or change the reading direction.

    That is everything that Unicode does not class as printable: control and format characters, and separators except
    the space. Characters in `keep` stay.
    """
    if text.isprintable():
        return text
    shown = (char if char.isprintable() or char in keep else char.encode("unicode_escape").decode() for char in text)
    return "".join(shown)


def escaped_lines(text: str) -> str:
    """A text whose line breaks are our own, with everything else escaped."""
    return escaped(text, keep="\n\t")


def escaped_json(text: str) -> str:
    """The same JSON document on one line, using JSON escapes for what `escaped` escapes."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in text)


def rounded_down(number: float) -> float:
    """The number with at most two decimals: a confidence just below a threshold must not look equal to it."""
    rounded = round(number, 2)
    return round(rounded - 0.01, 2) if rounded > number else rounded
