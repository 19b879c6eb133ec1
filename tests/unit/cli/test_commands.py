"""The help: grouped, whole at 80 columns, and the nearest name for one that there is not."""

from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from watcher.cli import cli
from watcher.cli.commands import COMMANDS, GROUPS

runner = CliRunner()


def all_commands(command: click.Command, names: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command and group of commands, by its words."""
    yield names
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from all_commands(found, (*names, name))


EVERY = list(all_commands(cli))


def test_the_help_lists_every_command_in_its_group() -> None:
    text = runner.invoke(cli, ["--help"]).output
    places = [text.index(f"\n{title}:") for title in GROUPS]
    assert places == sorted(places)
    assert all(f"\n  {name} " in text for name in COMMANDS)


@pytest.mark.parametrize("names", EVERY, ids=" ".join)
def test_no_line_of_the_help_is_cut_or_wider_than_80_columns(names: tuple[str, ...]) -> None:
    text = runner.invoke(cli, [*names, "--help"], terminal_width=80).output
    lines = text.partition("\n\n")[2].splitlines()  # after the usage
    assert [line for line in lines if len(line) > 80 or line.endswith("...")] == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["demmo"], "No such command 'demmo'. Did you mean 'demo'?"),
        (["xyzzy"], "No such command 'xyzzy'. 'watcher help' lists them."),
    ],
)
def test_an_unknown_command_names_the_nearest(arguments: list[str], words: str) -> None:
    ended = runner.invoke(cli, arguments, prog_name="watcher")
    assert ended.exit_code == 2
    assert words in ended.output


def test_both_options_show_the_version() -> None:
    assert runner.invoke(cli, ["-V"]).output == runner.invoke(cli, ["--version"]).output
