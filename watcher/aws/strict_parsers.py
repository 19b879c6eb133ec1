"""botocore's response parsers, changed to fail in one known way if a body does not match the service model."""

import json
from http import HTTPStatus
from typing import Any

from botocore.parsers import ResponseParserError, ResponseParserFactory

from watcher.aws.errors import UnreadableResponse

# What botocore's parsers raise on a JSON list, broken UTF-8, a number instead of base64, deep nesting, ...; on a
# page in place of XML a ResponseParserError, whose text quotes the page.
_TRIPPED = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    ResponseParserError,
    TypeError,
    ValueError,
)

_DECIDE_NOTHING = ("Feedback", "Metadata")
"""Members of Rekognition's answer that only explain it: without a readable one, the rest still counts."""


class StrictParserFactory(ResponseParserFactory):  # type: ignore[misc] # botocore has no types
    """Makes parsers that raise UnreadableResponse for a body they can't read.

    An error answer with an unreadable body (a proxy's page) becomes an error with only the HTTP status, as in
    botocore itself for some 5xx pages: its body must not get into an exception's text.
    """

    def create_parser(self, protocol_name: str) -> Any:
        """The strict version of botocore's parser for this protocol."""
        return _StrictParser(super().create_parser(protocol_name), is_json=protocol_name == "json")


class _StrictParser:
    def __init__(self, parser: Any, *, is_json: bool) -> None:
        self._parser = parser
        self._is_json = is_json

    def parse(self, response: dict[str, Any], shape: Any) -> Any:
        """The result of botocore's parser; for an error without a readable body, only the HTTP status.

        Where JSON is due, botocore reads a success that is another text as an answer without members: see `proof`.

        Raises:
            UnreadableResponse: a success whose body is not the API's.
        """
        status = response["status_code"]
        is_error = status >= 300
        if not is_error and status != HTTPStatus.OK:  # such as a part of the content, or none, from a proxy
            raise UnreadableResponse(f"HTTP {status} is not what the API answers with")
        if is_error and self._is_json and json_object(response["body"]) is None:
            return _bare_error(status)
        parsed = self._try(response, shape)
        if parsed is None and self._is_json:
            parsed = self._try({**response, "body": _with_what_decides(response["body"])}, shape)
        if is_error:
            return _with_texts(parsed, status) if isinstance(parsed, dict) else _bare_error(status)
        if isinstance(parsed, dict):
            return parsed
        raise UnreadableResponse("the answer's body is not what the API sends")

    def _try(self, response: dict[str, Any], shape: Any) -> Any:
        try:
            return self._parser.parse(response, shape)
        except _TRIPPED:
            # Reported by None, because an error raised here would carry the body in its context
            # (UnicodeDecodeError.object). JSON's null gives None as well.
            return None


def json_object(body: bytes) -> dict[str, Any] | None:
    """The JSON object in a body as botocore reads it, in UTF-8 without a byte order mark; None if there is none."""
    try:
        found = json.loads(body.decode())
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _with_what_decides(body: bytes) -> bytes:
    """The body without the members that only explain it; unchanged if it is not a JSON object."""
    found = json_object(body)
    if found is None:
        return body
    try:
        kept = {name: value for name, value in found.items() if name not in _DECIDE_NOTHING}
        return json.dumps(kept).encode()
    except _TRIPPED:
        return body


def _with_texts(parsed: dict[str, Any], status: int) -> dict[str, Any]:
    """A parsed error whose code and message are texts: botocore accepts any type, but looks codes up.

    For an error in the service model, botocore also parses its members separately; these are left unchanged.
    """
    if "Error" not in parsed:
        return parsed
    error = parsed["Error"]
    if not isinstance(error, dict) or not isinstance(error.get("Code"), str):
        return _bare_error(status)
    if not isinstance(error.get("Message"), str):
        error["Message"] = ""
    return parsed


def _bare_error(status: int) -> dict[str, Any]:
    return {"Error": {"Code": str(status), "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": status}}
