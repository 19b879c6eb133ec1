"""The manual pages, from the commands themselves."""

import re
from collections.abc import Iterable, Iterator
from inspect import cleandoc

import click

from watcher.cli import cli
from watcher.cli.commands import GROUPS
from watcher.cli.get import NAME as GET
from watcher.cli.get.help_text import HEADINGS, INTRODUCTION
from watcher.cli.get.options import OPTIONS, Option

FOLDER = "watcher/cli/share/man/man1"
SECOND_NAME = "liveness-watcher"

SUMMARY = "decide AWS Rekognition Face Liveness sessions"
ENVIRONMENT = {
    "WATCHER_CONFIG": "The settings file, unless --config names one.",
    "WATCHER_SECTION__KEY": "One setting, such as WATCHER_DECISION__THRESHOLD; it overrides the file.",
    "AWS_REGION, AWS_PROFILE, ...": "As for the AWS CLI.",
    "NO_COLOR, FORCE_COLOR": "No colours, or colours in pipes, too.",
}
FILES = {"./watcher.toml, /etc/watcher/watcher.toml": "The settings file, the first that is there."}
EXIT_STATUS = {
    "0": "Success.",
    "1": "Failure. For status: something is wrong.",
    "2": "A mistake on the command line.",
    "3": "For status: the watcher is not running. For wait: not_live.",
    "4": "For status: what answers is not a watcher. For wait: inconclusive.",
    "5": "For wait: not decided in time.",
    "78": "Invalid settings.",
    "130": "Interrupted.",
}


def manual_pages() -> Iterator[tuple[str, str]]:
    """Each page's file with its text."""
    root = click.Context(cli, info_name="watcher", **cli.context_settings)
    yield f"{FOLDER}/watcher.1", page(root, SUMMARY)
    yield f"{FOLDER}/{SECOND_NAME}.1", ".so man1/watcher.1\n"
    for name, entry in _entries():
        command = cli.get_command(root, name)
        assert command is not None
        yield from _pages(click.Context(command, info_name=name, parent=root), entry)


def _entries() -> Iterator[tuple[str, str]]:
    yield from ((name, entry.summary) for group in GROUPS.values() for name, entry in group.items())


def _pages(context: click.Context, summary: str) -> Iterator[tuple[str, str]]:
    """The page of a command, and those of the commands below it."""
    text = _page_of_get(context, summary) if context.info_name in ("get", GET) else page(context, summary)
    yield f"{FOLDER}/{_dashed(context)}.1", text
    if isinstance(context.command, click.Group):
        for name, command in context.command.commands.items():
            below = click.Context(command, info_name=name, parent=context)
            yield from _pages(below, _summary(command))


def page(context: click.Context, summary: str) -> str:
    """The page of one command, for the macros of man(7)."""
    command = context.command
    records = [record for param in command.get_params(context) if (record := param.get_help_record(context))]
    lines = [*_head(context, summary, command.collect_usage_pieces(context)), ".SH DESCRIPTION"]
    lines += _paragraphs(cleandoc(command.help or ""))
    if isinstance(command, click.Group):
        lines += [".SH COMMANDS", *_commands(context, command)]
    lines += [".SH OPTIONS", *_definitions(records)]
    if context.parent is None:
        for title, rows in (("EXIT STATUS", EXIT_STATUS), ("ENVIRONMENT", ENVIRONMENT), ("FILES", FILES)):
            lines += [f".SH {title}", *_definitions(rows.items())]
    return "\n".join([*lines, *_see_also(context)]) + "\n"


def _page_of_get(context: click.Context, summary: str) -> str:
    """The page of the one command whose options are not click's."""
    lines = [*_head(context, summary, ["[OPTIONS]"]), ".SH DESCRIPTION"]
    lines += _paragraphs(INTRODUCTION.partition("\n\n")[2].partition("\n\n")[0])
    for owner, heading in HEADINGS.items():
        rows = [(_value_of(option), option.help) for option in OPTIONS if option.owner is owner]
        lines += [f".SH {heading.upper()}", *_definitions(rows)]
    return "\n".join([*lines, *_see_also(context)]) + "\n"


def _value_of(option: Option) -> str:
    return option.flag if option.action else f"{option.flag} {'|'.join(option.choices) or 'VALUE'}"


def _head(context: click.Context, summary: str, pieces: Iterable[str]) -> list[str]:
    name = _dashed(context)
    synopsis = f"\\fB{_roff(context.command_path)}\\fP {_roff(' '.join(pieces))}"
    title = f'.TH "{_roff(name.upper())}" 1 "" "liveness-watcher" "Liveness watcher"'
    return [title, ".SH NAME", f"{_roff(name)} \\- {_roff(summary)}", ".SH SYNOPSIS", synopsis]


def _see_also(context: click.Context) -> list[str]:
    others = ["watcher"] if context.parent is not None else [f"watcher-{name}" for name, _ in _entries()]
    return [".SH SEE ALSO", ", ".join(f"\\fB{_roff(name)}\\fP(1)" for name in others)]


def _commands(context: click.Context, group: click.Group) -> Iterator[str]:
    if context.parent is None:
        for title, entries in GROUPS.items():
            yield f".SS {_roff(title)}"
            yield from _definitions((name, entry.summary) for name, entry in entries.items())
        return
    yield from _definitions((name, _summary(command)) for name, command in group.commands.items())


def _summary(command: click.Command) -> str:
    """The first sentence of its help, as part of a sentence."""
    text = command.get_short_help_str(limit=200).rstrip(".")
    return text if text[1:2].isupper() else f"{text[:1].lower()}{text[1:]}"


def _definitions(rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    for term, text in rows:
        yield from (".TP", f"\\fB{_roff(term)}\\fP", _line(" ".join(text.split())))


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in text.split("\n\n"):
        yield from (".PP", _line(" ".join(paragraph.split())))


def _line(text: str) -> str:
    """A line of text; what stands in backticks is bold."""
    return re.sub(r"`([^`]*)`", r"\\fB\1\\fP", _roff(text))


def _roff(text: str) -> str:
    """The text without a meaning for roff: a hyphen stays one that can be copied, and no line is a request."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{escaped}" if escaped.startswith((".", "'")) else escaped


def _dashed(context: click.Context) -> str:
    return context.command_path.replace(" ", "-")
