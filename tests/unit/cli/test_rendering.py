"""What the commands that search queue and ledger show of texts and records from anywhere."""

import click
import pytest

from tests.support import decision
from watcher.cli.rendering import cell, data_of, event_of, exits_on_error, feedback_codes, printable, searched_queue
from watcher.domain.errors import ConfigError, LedgerError, QueueError
from watcher.domain.model import DecisionEvent, LedgerEntry


def recorded(body: str) -> LedgerEntry:
    return LedgerEntry(DecisionEvent(decision(1).key, body), 1.0)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (QueueError("the queue is gone"), "the queue is gone"),
        (LedgerError("permission denied"), "permission denied"),
        (ConfigError(["a = 1: is wrong", "b = 2: is worse"]), "a = 1: is wrong; b = 2: is worse"),
    ],
)
def test_an_error_of_queue_or_ledger_ends_the_command_with_its_text(error: Exception, text: str) -> None:
    with pytest.raises(click.ClickException) as caught, exits_on_error():
        raise error
    assert (caught.value.message, caught.value.exit_code) == (text, 1)


def test_a_bug_stays_one() -> None:
    with pytest.raises(ZeroDivisionError), exits_on_error():
        raise ZeroDivisionError


def test_a_search_that_fails_is_told_on_stderr_and_finds_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    def fails() -> list[str]:
        raise QueueError("the file\x1b is locked")

    assert searched_queue("dead letters", fails) is None
    assert capsys.readouterr() == ("", "no dead letters to search: the file\\x1b is locked\n")
    assert searched_queue("messages", lambda: None) is None
    assert searched_queue("messages", lambda: ["found"]) == ["found"]
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("x" * 80, "x" * 80),
        ("x" * 81, "x" * 80 + "…"),
        ("two\nlines\x1b[2J\u202e", "two\\nlines\\x1b[2J\\u202e"),
        ("顔 é", "顔 é"),
        ("", ""),
    ],
)
def test_a_text_is_shown_on_one_line_and_cut(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_the_limit_counts_characters_of_the_text_and_not_of_its_escapes() -> None:
    assert printable("\n" * 5, 4) == "\\n" * 4 + "…"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "-"),
        (97.3456789, "97.34"),
        (79.999999, "79.99"),
        (0.29, "0.29"),
        (80.0, "80.0"),
        (float("nan"), "nan"),
        (0, "0"),
        (False, "False"),
        ("a\nb", "a\\nb"),
    ],
)
def test_a_cell_shows_what_anybody_compares(value: object, shown: str) -> None:
    assert cell(value) == shown


def test_the_recorded_event_is_read() -> None:
    assert event_of(recorded('{"id": "x", "data": {"outcome": "live"}}'))["id"] == "x"
    assert data_of(recorded('{"id": "x", "data": {"outcome": "live"}}')) == {"outcome": "live"}


@pytest.mark.parametrize("body", ["", "{", "7", "null", "[1]", "[" * 100_000, '{"data": []}', "{}"], ids=len)
def test_a_damaged_event_has_no_members(body: str) -> None:
    assert data_of(recorded(body)) == {}
    assert isinstance(event_of(recorded(body)), dict)


@pytest.mark.parametrize(
    ("feedback", "codes"),
    [
        ([{"code": "LOW_LIGHTING_DETECTED", "message": "m"}, {"code": "B"}], ["LOW_LIGHTING_DETECTED", "B"]),
        ([{"code": 5}, "x", None, {}], ["5", "None"]),
        ({"code": "A"}, []),
        (None, []),
    ],
)
def test_the_codes_of_a_decision_s_feedback_are_those_that_can_be_read(feedback: object, codes: list[str]) -> None:
    assert feedback_codes({"feedback": feedback}) == codes
    assert feedback_codes({}) == []
