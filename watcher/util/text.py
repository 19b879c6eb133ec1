"""Texts of unknown length and origin, made fit to be shown."""

LONGEST = 4096
"""Characters of a text that is quoted: more than any that we write, less than fills a terminal or a log."""


def bounded(text: str, limit: int = LONGEST) -> str:
    """The text; of one that is too long its start, and how long it was."""
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text)} characters)"
