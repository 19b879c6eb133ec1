"""Proof that a success is the service's own: botocore treats a blank or HTML page as an empty success.

Then a queue would look empty, and a lost decision would look recorded or delivered.
"""

from typing import Any
from zlib import crc32

from watcher.aws.errors import UnreadableResponse
from watcher.aws.strict_parsers import json_object

MAY_BE_EMPTY = frozenset({"ReceiveMessage"})
"""Operations whose answer may be an empty object. All others that the watcher calls must have content."""

IDENTIFIED = frozenset({"PutItem", "UpdateItem"})
"""Operations whose answer has content because they ask for the consumed capacity. Not every server that speaks
DynamoDB's protocol returns it; an empty object with a request id is also the service's own."""


def require_proof(client: Any) -> None:
    """From here on, boto3's `client` raises UnreadableResponse for a success without content, or a damaged answer.

    DynamoDB sends a checksum. botocore compares it only to repeat a call, and this client makes one attempt.
    """
    service = client.meta.service_model.service_id.hyphenize()
    client.meta.events.register(f"after-call.{service}", _check)


def _check(http_response: Any, parsed: dict[str, Any], model: Any, **_: Any) -> None:
    told = http_response.headers.get("x-amz-crc32")
    if told is not None and told.strip() != str(crc32(http_response.content)):
        raise UnreadableResponse("the answer is damaged: it does not have its checksum")
    if http_response.status_code >= 300 or parsed.keys() - {"ResponseMetadata"}:
        return  # botocore keeps only members of the service model
    is_identified = model.name in IDENTIFIED and "x-amzn-requestid" in http_response.headers
    may_be_empty = is_identified or model.name in MAY_BE_EMPTY
    if not may_be_empty or not _has_only(http_response.content, model.output_shape.members):
        raise UnreadableResponse("the answer has nothing that the service would send")


def _has_only(body: bytes, members: Any) -> bool:
    """Whether this is a JSON object with at most these members: an empty one, or nulls."""
    found = json_object(body)
    return found is not None and found.keys() <= set(members)
