"""AWS JSON 1.1 as Rekognition speaks it: target header, answers, errors.

The error form is the one of the Rekognition developer guide, page "Error handling": `__type`, `Code`, `Logref`
and `Message`, with status 400 or 500. Faults of the front end in front of the service carry `__type` and
`Message` alone.
"""

import json
import uuid
from dataclasses import dataclass
from typing import Any

CONTENT_TYPE = "application/x-amz-json-1.1"
TARGET_PREFIX = "RekognitionService."
CREATE = "CreateFaceLivenessSession"
GET = "GetFaceLivenessSessionResults"
OPERATIONS = (CREATE, GET)

ACCESS_DENIED = "AccessDeniedException"
INTERNAL_ERROR = "InternalServerError"
INVALID_PARAMETER = "InvalidParameterException"
SESSION_NOT_FOUND = "SessionNotFoundException"
THROTTLING = "ThrottlingException"
THROUGHPUT_EXCEEDED = "ProvisionedThroughputExceededException"
UNKNOWN_OPERATION = "UnknownOperationException"
VALIDATION = "ValidationException"
SERIALIZATION = "SerializationException"

_USER = "arn:aws:iam::123456789012:user/simulated"
_WORDS: dict[str, tuple[int, str]] = {
    ACCESS_DENIED: (400, f"User: {_USER} is not authorized to perform: rekognition:{{operation}}"),
    INTERNAL_ERROR: (500, "Internal server error"),
    INVALID_PARAMETER: (400, "Request has invalid parameters"),
    SESSION_NOT_FOUND: (400, "Session not found."),
    THROTTLING: (400, "Rate exceeded"),
    THROUGHPUT_EXCEEDED: (400, "Provisioned rate exceeded."),
    UNKNOWN_OPERATION: (400, ""),
    SERIALIZATION: (400, ""),
    VALIDATION: (400, ""),
}
_SLOW_DOWN = "Slow down; sudden increase in rate of requests."
_FRONT_END = frozenset({UNKNOWN_OPERATION, SERIALIZATION, VALIDATION})


class ApiError(Exception):
    """An error answer: code, words and HTTP status."""

    def __init__(self, code: str, message: str | None = None, http: int | None = None) -> None:
        """`message` and `http` default to what Rekognition sends with `code`."""
        usual_http, usual_message = _WORDS.get(code, (400, ""))
        self.code = code
        self.http = http or usual_http
        self.message = message if message is not None else usual_message
        if code == THROTTLING and self.http >= 500 and message is None:
            self.message = _SLOW_DOWN
        super().__init__(f"{code}: {self.message}")

    def about(self, operation: str) -> str:
        """The text, with the operation's name if it mentions it."""
        return self.message.replace("{operation}", operation)


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer without its framing. Header names are as AWS writes them."""

    http: int
    body: bytes
    headers: tuple[tuple[str, str], ...]


def decode(body: bytes) -> dict[str, Any]:
    """The request's members. Raises ApiError(SerializationException) if it is not a JSON object."""
    if not body:
        return {}
    try:
        members = json.loads(body)
    except (ValueError, RecursionError) as error:  # RecursionError: nested too deeply
        raise ApiError(SERIALIZATION) from error
    if not isinstance(members, dict):
        raise ApiError(SERIALIZATION, "Unexpected value type in payload")
    return members


def encode(answer: dict[str, Any]) -> Reply:
    """A 200 answer. A float that JSON can't represent (NaN, Infinity) is sent as Python writes it."""
    body = json.dumps(answer, separators=(",", ":")).encode()
    return reply(200, body)


def encode_error(error: ApiError, operation: str) -> Reply:
    """An error in the form that Rekognition documents."""
    fields: dict[str, str] = {"__type": error.code}
    if error.code not in _FRONT_END:
        fields |= {"Code": error.code, "Logref": str(uuid.uuid4())}
    if message := error.about(operation):
        fields["Message"] = message
    body = json.dumps(fields, separators=(",", ":")).encode()
    return reply(error.http, body, extra=(("x-amzn-ErrorType", error.code),))


def reply(
    http: int, body: bytes, *, content_type: str = CONTENT_TYPE, extra: tuple[tuple[str, str], ...] = ()
) -> Reply:
    """Any answer, with the two headers of every AWS answer."""
    headers = (("x-amzn-RequestId", str(uuid.uuid4())), ("Content-Type", content_type), *extra)
    return Reply(http, body, headers)
