"""Bodies that are not the API's: one error for a success, the bare status for an error, and nothing quoted."""

import json
import traceback
from typing import Any

import pytest
from botocore.model import ServiceModel

from watcher.aws.errors import UnreadableResponse
from watcher.aws.strict_parsers import StrictParserFactory

SHAPES = {
    "Answer": {
        "type": "structure",
        "members": {
            "Status": {"shape": "Text"},
            "Image": {"shape": "Blob"},
            "Feedback": {"shape": "Notes"},
        },
    },
    "Notes": {"type": "list", "member": {"shape": "Note"}},
    "Note": {"type": "structure", "members": {"Code": {"shape": "Text"}}},
    "Text": {"type": "string"},
    "Blob": {"type": "blob"},
}
MODEL = ServiceModel({"metadata": {"protocol": "json"}, "operations": {}, "shapes": SHAPES})
CANARY = b"c4n4ry"


def parsed(body: bytes, status: int = 200, protocol: str = "json") -> Any:
    parser = StrictParserFactory().create_parser(protocol)
    return parser.parse({"status_code": status, "headers": {}, "body": body}, MODEL.shape_for("Answer"))


def bare(status: int) -> dict[str, Any]:
    return {"Error": {"Code": str(status), "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": status}}


def test_an_answer_of_the_api_is_parsed_as_botocore_does() -> None:
    answer = parsed(b'{"Status": "CREATED", "Image": "YQ==", "Feedback": [{"Code": "DARK"}], "New": 1}')
    assert {name: answer[name] for name in ("Status", "Image", "Feedback")} == {
        "Status": "CREATED",
        "Image": b"a",
        "Feedback": [{"Code": "DARK"}],
    }


@pytest.mark.parametrize(
    "body",
    [
        b'["c4n4ry"]',
        b"null",
        b'"c4n4ry"',
        b"\xff c4n4ry",
        b'{"Image": 7, "Status": "c4n4ry"}',
        b'{"Image": "c4n4ry!"}',
        b"[" * 100_000,
    ],
    ids=["list", "null", "text", "no UTF-8", "number for base64", "no base64", "deep"],
)
def test_a_success_that_can_not_be_read_is_one_error_without_the_body(body: bytes) -> None:
    with pytest.raises(UnreadableResponse) as caught:
        parsed(body)
    assert CANARY.decode() not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__context__ is caught.value.__cause__ is None


@pytest.mark.parametrize("body", [b"<html>c4n4ry</html>", b'{"Status": "c4n4ry"', b""])
def test_text_that_is_not_json_is_an_answer_that_says_nothing(body: bytes) -> None:
    """Clients require a proof of what was done; a poll requires a status."""
    assert parsed(body) == {"ResponseMetadata": {"HTTPStatusCode": 200, "HTTPHeaders": {}}}


@pytest.mark.parametrize("status", [101, 201, 202, 203, 204, 206, 226])
def test_a_success_with_another_status_than_200_is_not_the_apis(status: int) -> None:
    with pytest.raises(UnreadableResponse, match=f"HTTP {status}"):
        parsed(b'{"Status": "SUCCEEDED"}', status)


@pytest.mark.parametrize("odd", ["DARK", [7], {"Code": "DARK"}, 7])
def test_what_only_explains_an_answer_does_not_make_it_unreadable(odd: object) -> None:
    answer = parsed(json.dumps({"Status": "SUCCEEDED", "Feedback": odd}).encode())
    assert answer["Status"] == "SUCCEEDED"


@pytest.mark.parametrize("status", [302, 403, 502])
@pytest.mark.parametrize(
    "body",
    [b"<html>c4n4ry</html>", b"", b'["c4n4ry"]', b"\xff", b"[" * 100_000, b'\xef\xbb\xbf{"message": "c4n4ry"}'],
    ids=range(6),
)
def test_an_error_without_a_readable_body_is_its_status(status: int, body: bytes) -> None:
    assert parsed(body, status) == bare(status)


@pytest.mark.parametrize(
    ("members", "code", "message"),
    [
        ({"__type": "x#ThrottlingException", "message": "slow down"}, "ThrottlingException", "slow down"),
        ({"__type": "ThrottlingException", "message": ["c4n4ry"]}, "ThrottlingException", ""),
        ({"__type": ["x"], "message": "c4n4ry"}, "400", ""),
        ({"__type": {"a": 1}}, "400", ""),
    ],
)
def test_code_and_message_of_an_error_are_texts(members: dict[str, Any], code: str, message: str) -> None:
    assert parsed(json.dumps(members).encode(), 400)["Error"] == {"Code": code, "Message": message}


@pytest.mark.parametrize("body", [b"<html><body>c4n4ry", b"", b'{"Status": "c4n4ry"}'])
def test_services_that_answer_in_xml_are_as_strict(body: bytes) -> None:
    with pytest.raises(UnreadableResponse) as caught:
        parsed(body, protocol="query")
    assert CANARY.decode() not in "".join(traceback.format_exception(caught.value))
    assert parsed(body, 403, protocol="query") == bare(403)
