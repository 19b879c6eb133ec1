"""The request's parameters, from the command line and from files. URLs: `tests/acceptance/test_get`."""

from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest

from watcher.cli.get.failures import CommandFailed
from watcher.cli.get.parameters import add_json, request_parameters


def parameters(session_id: str | None = None, cli_input_json: str | None = None, **profile: str) -> dict[str, Any]:
    return request_parameters(Namespace(session_id=session_id, cli_input_json=cli_input_json), profile)


def test_the_session_id_is_sent_as_it_is_given() -> None:
    assert parameters() == {}
    for given in ("3f1d", "", "file:/x", "FILE://x", "~"):
        assert parameters(given) == {"SessionId": given}


def test_a_session_id_may_be_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "id.txt").write_bytes(b"3f1d\r\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PLACE", str(tmp_path))
    for name in (f"{tmp_path}/id.txt", "~/id.txt", "$PLACE/id.txt"):
        assert parameters(f"file://{name}") == {"SessionId": "3f1d\n"}
        assert parameters(f"fileb://{name}") == {"SessionId": b"3f1d\r\n"}


def test_a_file_that_can_not_be_read_is_named_with_its_option(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(
        CommandFailed, match=r"^Error parsing parameter '--session-id': Unable to load paramfile"
    ) as one:
        parameters("file:///no/such/file")
    assert "No such file or directory: '/no/such/file'" in str(one.value)
    with pytest.raises(CommandFailed, match="please use the fileb:// prefix"):
        parameters(f"file://{tmp_path}/binary")
    with pytest.raises(CommandFailed, match=r"^Error parsing parameter '--cli-input-json': "):
        parameters("id", "file:///no/such/file")


def test_a_url_is_not_followed_if_the_profile_says_so() -> None:
    assert parameters("https://h/id", cli_follow_urlparam="false") == {"SessionId": "https://h/id"}


@pytest.mark.parametrize("form", ["wire", "none", "iso8601"])
def test_a_timestamp_format_of_the_aws_cli_s_changes_nothing(form: str) -> None:
    assert parameters("id", cli_timestamp_format=form) == {"SessionId": "id"}


def test_an_unknown_timestamp_format_is_refused() -> None:
    with pytest.raises(CommandFailed, match="Unknown cli_timestamp_format value: ISO, valid values are"):
        parameters("id", cli_timestamp_format="ISO")


def test_json_fills_in_what_the_command_line_leaves_out(tmp_path: Path) -> None:
    (tmp_path / "in.json").write_text('{"SessionId": "b", "More": [1]}')
    for source in ('{"SessionId": "b", "More": [1]}', f"file://{tmp_path}/in.json", f"fileb://{tmp_path}/in.json"):
        given = {"SessionId": "a"}
        add_json(given, source)
        assert given == {"SessionId": "a", "More": [1]}
    add_json(given, None)
    assert given == {"SessionId": "a", "More": [1]}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "Error parsing parameter 'cli-input-json': Invalid JSON: "),
        ("", "Invalid JSON: "),
        ("[]", "'list' object has no attribute 'keys'"),
        ("null", "'NoneType' object has no attribute 'keys'"),
        ('"x"', "'str' object has no attribute 'keys'"),
    ],
)
def test_what_is_not_a_json_object_is_refused(text: str, words: str) -> None:
    with pytest.raises(CommandFailed) as caught:
        add_json({}, text)
    assert words in str(caught.value)
