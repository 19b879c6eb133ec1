"""botocore's response parsers, made to fail in one known way when a body is not what the service model says."""

import json
from typing import Any

from botocore.parsers import ResponseParserFactory

from watcher.aws.errors import UnreadableResponse

# What botocore's parsers let out on a JSON list, broken UTF-8, a number where base64 should be, deep nesting, ...
_TRIPPED = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


class StrictParserFactory(ResponseParserFactory):  # type: ignore[misc] # botocore has no types
    """Makes parsers that raise UnreadableResponse for a body they can't read.

    An error answer without a JSON object (a proxy's page) becomes an error that has only the HTTP status, as botocore
    itself does for some 5xx pages: its body must not get into an exception's text.
    """

    def create_parser(self, protocol_name: str) -> Any:
        """The wary form of botocore's parser for this protocol."""
        return _StrictParser(super().create_parser(protocol_name), is_json=protocol_name == "json")


class _StrictParser:
    def __init__(self, parser: Any, *, is_json: bool) -> None:
        self._parser = parser
        self._is_json = is_json

    def parse(self, response: dict[str, Any], shape: Any) -> Any:
        """What botocore's parser makes of a response; of an error without a readable body, the bare HTTP status.

        Raises:
            UnreadableResponse: a success whose body is not the API's.
        """
        status = response["status_code"]
        is_error = status >= 300
        if is_error and self._is_json and not _is_json_object(response["body"]):
            return _bare_error(status)
        parsed = self._try(response, shape)
        if is_error:
            return _with_texts(parsed, status) if isinstance(parsed, dict) else _bare_error(status)
        if isinstance(parsed, dict):
            return parsed
        raise UnreadableResponse("the answer's body is not what the API sends")

    def _try(self, response: dict[str, Any], shape: Any) -> Any:
        try:
            return self._parser.parse(response, shape)
        except _TRIPPED:
            # Told by None and not by an error raised here, for such a one would carry the body along in its context
            # (UnicodeDecodeError.object). JSON's null gives None as well.
            return None


def _is_json_object(body: bytes) -> bool:
    try:
        return isinstance(json.loads(body), dict)
    except (ValueError, RecursionError):
        return False


def _with_texts(parsed: dict[str, Any], status: int) -> dict[str, Any]:
    """A parsed error whose code and message are texts: botocore looks codes up, and takes a member of any type.

    Of an error that the service model has, botocore has the members parsed by themselves: these are left alone.
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
