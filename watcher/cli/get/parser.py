"""The command line, read as AWS CLI v1 reads it.

The AWS CLI parses in stages: first its global options, in any position, then the operation's own from the rest. Each
stage resolves abbreviations separately, so `--cli-r` is a read time-out while `--session` stays the operation's. The
same stages are used here; the watcher's own options come before them and can't be abbreviated, so that they don't
make a prefix ambiguous that the AWS CLI accepts.
"""

from argparse import Action, ArgumentError, ArgumentParser, Namespace
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, NoReturn

from watcher.cli.get.failures import CommandFailed
from watcher.cli.get.options import OPTIONS, Option, Owner
from watcher.util.text import escaped_lines

PROGRAM = "watcher"
USAGE = """\
watcher get-face-liveness-session-results [parameters]
To see help text, you can run:

  watcher --help
  watcher get-face-liveness-session-results help
"""
CHOICES_PER_LINE = 2
CHOICE_WIDTH = 40


class Unknown(CommandFailed):
    """Unknown arguments; the AWS CLI answers with its usage and 255, not with argparse's 2."""

    def report(self) -> str:
        """The usage, then the unknown arguments."""
        return f"usage: {USAGE}\n{self}\n"


class StageParser(ArgumentParser):
    """One stage: errors end the program with status 2, and the AWS CLI's wording for an invalid choice."""

    def __init__(self, owner: Owner, *, version: str = "", relaxed: bool = False, abbreviate: bool = True) -> None:
        super().__init__(prog=PROGRAM, usage=USAGE, add_help=False, allow_abbrev=abbreviate)
        for option in OPTIONS:
            if option.owner is owner:
                self.add_argument(option.flag, **_arguments(option, version=version, relaxed=relaxed))

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        """End with a message, which may quote an argument."""
        super().exit(status, message and escaped_lines(message))

    def _check_value(self, action: Action, value: Any) -> None:
        if action.choices is None or value in action.choices:
            return
        choices = list(action.choices)
        lines = ["Invalid choice, valid choices are:\n"]
        for start in range(0, len(choices), CHOICES_PER_LINE):
            row = choices[start : start + CHOICES_PER_LINE]
            lines.append(" | ".join(choice.ljust(CHOICE_WIDTH) for choice in row))
        close = get_close_matches(value, choices, cutoff=0.8)
        if close:
            lines.append(f"\n\nInvalid choice: {value!r}, maybe you meant:\n")
            lines.extend(f"  * {choice}" for choice in close)
        raise ArgumentError(action, "\n".join(lines))


def _arguments(option: Option, *, version: str, relaxed: bool) -> dict[str, Any]:
    """The arguments of `add_argument` for an option."""
    wanted: dict[str, Any] = {"dest": option.dest, "action": option.action, "default": option.default}
    if option.choices:
        wanted["choices"] = option.choices
    if option.optional_value is not None:
        wanted |= {"nargs": "?", "const": option.optional_value}
    if option.required:
        wanted["required"] = not relaxed
    if option.action == "version":
        wanted["version"] = version
    return {name: value for name, value in wanted.items() if value is not None}


def parse_watcher(arguments: Sequence[str]) -> tuple[Namespace, list[str]]:
    """The options beyond the reference, and the rest of the command line."""
    return StageParser(Owner.WATCHER, abbreviate=False).parse_known_args(arguments)


def parse_globals(arguments: Sequence[str], version: str) -> tuple[Namespace, list[str]]:
    """The global options, and the rest; prints `version` and ends the program if requested."""
    return StageParser(Owner.GLOBAL, version=version).parse_known_args(arguments)


def parse_operation(arguments: Sequence[str]) -> Namespace:
    """The operation's options; `help` is True if the manual is requested.

    Raises:
        Unknown: something is left over.
    """
    if arguments[:1] == ["--"]:
        # The AWS CLI has one more stage, for the operation's name, which also consumes an end-of-options right after
        # it.
        arguments = arguments[1:]
    if list(arguments) in (["help"], ["--help"]):
        return Namespace(help=True)
    parser = StageParser(Owner.OPERATION, relaxed=_needs_no_session_id(arguments))
    parser.add_argument("help", nargs="?")
    parsed, left_over = parser.parse_known_args(arguments)
    # An empty word is ignored, as by the AWS CLI.
    if parsed.help not in (None, "", "help"):
        left_over.append(parsed.help)
    if parsed.help != "help" and left_over:
        raise Unknown(f"Unknown options: {', '.join(left_over)}")
    parsed.help = parsed.help == "help"
    return parsed


def _needs_no_session_id(arguments: Sequence[str]) -> bool:
    """Whether the id may come from elsewhere. The AWS CLI checks for the full flags, not for abbreviations.

    It also requires the id for a sample output, which it then fails to generate; here none is needed for a sample.
    """
    return "--cli-input-json" in arguments or "--generate-cli-skeleton" in arguments
