"""The help of `watcher get`: every option with its values, within 80 columns."""

from watcher.cli.get.help_text import HEADINGS, WIDTH, help_text
from watcher.cli.get.options import OPTIONS

TEXT = help_text()


def test_every_option_is_under_its_heading_in_the_manual_s_order() -> None:
    for owner, heading in HEADINGS.items():
        part = TEXT.partition(f"\n{heading}:\n")[2]
        places = [part.index(f"\n  {option.flag}") for option in OPTIONS if option.owner is owner]
        assert places == sorted(places)


def test_an_option_shows_what_it_takes() -> None:
    lines = TEXT.splitlines()
    for line in (
        "  --session-id <value>",
        "  --debug",
        "  --no-verify-ssl",
        "  --output json|text|table",
        "  --generate-cli-skeleton [input|output]",
    ):
        assert line in lines


def test_no_line_is_wider_than_80_columns() -> None:
    assert [line for line in TEXT.splitlines() if len(line) > WIDTH] == []


def test_the_exit_codes_come_last() -> None:
    assert TEXT.endswith("Exit codes: 0 success, 2 wrong usage, 130 interrupted, 255 anything else.\n")
