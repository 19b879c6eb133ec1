"""The command line, without the AWS CLI to compare with."""

import pytest

from watcher.cli.get.options import OPTIONS, Owner
from watcher.cli.get.parser import Unknown, parse_globals, parse_operation, parse_watcher


def test_options_are_taken_wherever_they_stand() -> None:
    options, rest = parse_globals(["--region", "a", "--session-id", "b", "--query=c"], "v")
    assert (options.region, options.query, rest) == ("a", "c", ["--session-id", "b"])


def test_our_own_options_make_no_abbreviation_ambiguous() -> None:
    ours, rest = parse_watcher(["--d", "--co", "on", "--decide", "--config", "f"])
    assert (ours.decide, ours.config, ours.wait) == (True, "f", False)
    assert rest == ["--d", "--co", "on"]
    options, rest = parse_globals(rest, "v")
    assert (options.debug, options.color, rest) == (True, "on", [])


@pytest.mark.parametrize("own", [option.flag for option in OPTIONS if option.owner is Owner.WATCHER])
def test_our_own_options_are_never_abbreviated(own: str) -> None:
    _, rest = parse_watcher([own[:-1]])
    assert rest == [own[:-1]]


def test_what_nobody_takes_is_named() -> None:
    with pytest.raises(Unknown, match=r"^Unknown options: --foo, bar$") as raised:
        parse_operation(["--session-id", "x", "--foo", "bar"])
    assert raised.value.report().startswith("usage: watcher ")


def test_every_option_of_the_manual_page_is_there() -> None:
    manual = (
        "session-id cli-input-json generate-cli-skeleton debug endpoint-url no-verify-ssl no-paginate output query "
        "profile region version color no-sign-request ca-bundle cli-read-timeout cli-connect-timeout"
    )
    flags = {option.flag.removeprefix("--") for option in OPTIONS if option.owner is not Owner.WATCHER}
    assert flags == set(manual.split(" "))


def test_a_bad_choice_gets_a_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        parse_globals(["--output", "tabel"], "v")
    assert end.value.code == 2
    assert "Invalid choice: 'tabel', maybe you meant:\n\n  * table\n" in capsys.readouterr().err
