"""Proof that a success is the service's own: botocore treats a blank or HTML page as an empty success.

Then a queue would look empty, and a lost decision would look recorded or delivered.
"""

import json
from typing import Any

from watcher.aws.errors import UnreadableResponse

MAY_BE_EMPTY = frozenset({"ReceiveMessage"})
"""Operations whose answer may be an empty object. All others that the watcher calls must have content."""

IDENTIFIED = frozenset({"PutItem", "UpdateItem"})
"""Operations whose answer has content because they ask for the consumed capacity. Not every server that speaks
DynamoDB's protocol returns it; an empty object with a request id is also the service's own."""


def require_proof(client: Any) -> None:
    """From here on a success of boto3's `client` without content raises UnreadableResponse."""
    service = client.meta.service_model.service_id.hyphenize()
    client.meta.events.register(f"after-call.{service}", _check)


def _check(http_response: Any, parsed: dict[str, Any], model: Any, **_: Any) -> None:
    if http_response.status_code >= 300 or parsed.keys() - {"ResponseMetadata"}:
        return  # botocore keeps only members of the service model
    is_identified = model.name in IDENTIFIED and "x-amzn-requestid" in http_response.headers
    may_be_empty = is_identified or model.name in MAY_BE_EMPTY
    if not may_be_empty or not _has_only(http_response.content, model.output_shape.members):
        raise UnreadableResponse("the answer has nothing that the service would send")


def _has_only(body: bytes, members: Any) -> bool:
    """Whether this is a JSON object with at most these members: an empty one, or nulls."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and found.keys() <= set(members)
