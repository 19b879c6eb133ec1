"""From the lines of a file to messages; `tests/acceptance/test_enqueue.py` has the command."""

import io
import json
from typing import Any

import click
import pytest

from tests.support import START, session_id
from watcher.cli.enqueue_input import LONGEST_LINE, Line, Messages, lines
from watcher.domain.errors import InvalidMessage
from watcher.domain.model import SessionKey

ID = session_id(1)
NAMES_ANOTHER = json.dumps({"sessionId": ID, "policy": "payout"})


def messages(*, require_policy: bool = False, **common: Any) -> Messages:
    return Messages(common, {"default", "payout", "kiosk"}, lambda: START, require_policy=require_policy)


def given(*texts: str | bytes) -> list[Line]:
    return [Line(f"line {n}", text.encode() if isinstance(text, str) else text) for n, text in enumerate(texts, 1)]


def bodies(into: Messages, *texts: str | bytes) -> list[Any]:
    """The good ones, as JSON if they are."""
    made = [body for _, body in into.of(given(*texts))]
    return [json.loads(body) if body.startswith("{") else body for body in made]


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", []),
        (b"a\nb", [(1, b"a"), (2, b"b")]),
        (b"a\r\n\r\nb\r\n", [(1, b"a"), (3, b"b")]),
        (b"a\rb\r\rc", [(1, b"a"), (2, b"b"), (4, b"c")]),
        (b"\n  \n\ta \n", [(3, b"a")]),
        (b"\xef\xbb\xbfa\n\xef\xbb\xbfb", [(1, b"a"), (2, b"\xef\xbb\xbfb")]),
    ],
)
def test_every_line_that_is_not_blank_has_its_number(content: bytes, found: list[tuple[int, bytes]]) -> None:
    assert list(lines(io.BytesIO(content))) == [(f"line {number}", raw) for number, raw in found]


def test_without_a_file_there_are_no_lines() -> None:
    assert list(lines(None)) == []


@pytest.mark.parametrize("mark", [b"\xff\xfe", b"\xfe\xff"])
def test_a_file_in_utf_16_is_named_as_such(mark: bytes) -> None:
    with pytest.raises(click.ClickException, match="save it as UTF-8"):
        list(lines(io.BytesIO(mark + b"a\0\n\0")))


def test_a_line_longer_than_any_message_is_not_read_to_its_end() -> None:
    fits = b"x" * (LONGEST_LINE - 1) + b"\n"
    file = io.BytesIO(fits + b"x" * 3 * LONGEST_LINE)
    found = lines(file)
    assert next(found).place == "line 1"
    with pytest.raises(click.ClickException, match=f"line 2 is longer than {LONGEST_LINE} bytes"):
        next(found)
    assert file.tell() == len(fits) + LONGEST_LINE + 1


def test_a_file_that_can_not_be_read_says_where_and_why() -> None:
    class Broken(io.BytesIO):
        def readline(self, size: int | None = -1, /) -> bytes:
            raise OSError(5, "Input/output error")

    with pytest.raises(click.ClickException, match="line 1: the file can't be read: Input/output error"):
        list(lines(Broken()))


def test_an_id_or_a_message_without_options_stays_as_it_is() -> None:
    text = json.dumps({"sessionId": ID, "policy": "payout", "more": None}, indent=1)
    assert [body for _, body in messages().of(given(ID, text))] == [ID, text]


def test_options_fill_in_what_a_message_does_not_say() -> None:
    into = messages(policy="payout", complete=True)
    assert bodies(
        into, ID, json.dumps({"sessionId": ID, "policy": None, "complete": False, "context": {"a": 1}})
    ) == [
        {"sessionId": ID, "policy": "payout", "complete": True},
        {"sessionId": ID, "policy": "payout", "complete": False, "context": {"a": 1}},
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"\xff", "not UTF-8: save the file in that encoding"),
        ("3F1D", "lowercase UUID"),
        ('{"sessionId": ', "not JSON"),
        (json.dumps({"sessionId": ID, "policy": "nope"}), "'nope' is unknown"),
        (json.dumps({"sessionId": ID, "createdAt": "noon"}), "give it with an offset, like 2025-06-15T15:06:40Z"),
        (json.dumps({"sessionId": ID, "complete": "yes"}), "give one of them, or leave it out"),
        (json.dumps({"sessionId": ID, "context": []}), "context"),
        (json.dumps({"sessionId": ID, "context": "x" * 300_000}), "256 KiB"),
    ],
)
def test_a_bad_line_is_reported_and_the_others_go_on(
    text: str | bytes, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    into = messages()
    assert bodies(into, ID, text, ID) == [ID, ID]
    (told,) = capsys.readouterr().err.splitlines()
    assert told.startswith("line 2: ")
    assert words in told
    assert (into.refused, into.conflicts) == (1, 0)


def test_an_envelope_takes_no_options(capsys: pytest.CaptureFixture[str]) -> None:
    envelope = json.dumps({"TopicArn": "arn", "Message": ID})
    assert len(bodies(messages(), envelope)) == 1
    assert bodies(messages(policy="payout"), envelope) == []
    assert "give the message inside it" in capsys.readouterr().err


def test_a_required_policy_may_come_from_the_line_or_from_the_options(capsys: pytest.CaptureFixture[str]) -> None:
    assert bodies(messages(require_policy=True), ID, NAMES_ANOTHER) == [json.loads(NAMES_ANOTHER)]
    assert "policy" in capsys.readouterr().err
    assert len(bodies(messages(require_policy=True, policy="payout"), ID)) == 1


def test_only_ids_are_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    assert messages().of_ids([ID, session_id(2)]) == [("argument 1", ID), ("argument 2", session_id(2))]
    with pytest.raises(click.UsageError, match="3 of 4 arguments are wrong: nothing was enqueued"):
        messages().of_ids([ID, NAMES_ANOTHER, ID.upper().replace("0", "A"), "\udcff"])
    told = capsys.readouterr().err.splitlines()
    assert [line.partition(":")[0] for line in told] == ["argument 2", "argument 3", "argument 4"]
    assert "is JSON: give a message with --file FILE" in told[0]


def test_another_policy_than_the_command_line_s_enqueues_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    into = messages(policy="kiosk")
    with pytest.raises(click.UsageError, match=r"--policy conflicts with 1 line: nothing was enqueued$"):
        into.of_one_policy(given(ID, NAMES_ANOTHER))
    assert (into.refused, into.conflicts) == (1, 1)
    assert "policy 'payout' in the message, --policy kiosk on the command line" in capsys.readouterr().err
    assert len(messages(policy="payout").of_one_policy(given(ID, NAMES_ANOTHER))) == 2


def test_an_unknown_policy_of_the_command_line_is_reported_once(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InvalidMessage, match="'nope' is unknown"):
        messages(policy="nope").check_policy(given(ID, ID))
    assert capsys.readouterr().err == ""
    with pytest.raises(click.UsageError, match=r"conflicts with 1 line: .*; and .*'nope' is unknown"):
        messages(policy="nope").check_policy(given(ID, NAMES_ANOTHER))
    messages(policy="payout").check_policy(given(NAMES_ANOTHER))


def test_whose_messages_they_are_is_noted_as_they_go_by() -> None:
    keys: list[SessionKey] = []
    into = messages(policy="payout")
    good = list(into.noted(into.of(given(ID)), keys))
    assert [place for place, _ in good] == ["line 1"]
    assert keys == [SessionKey(ID, "payout")]
