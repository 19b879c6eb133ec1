"""Proof that a success is the service's own: botocore takes a blank page, or one in HTML, for an empty success.

A queue would look empty, and a decision recorded or delivered that is gone.
"""

import json
from typing import Any

from watcher.aws.errors import UnreadableResponse

MAY_BE_EMPTY = frozenset({"ReceiveMessage"})
"""Operations whose answer may be an empty object. Every other one that the watcher calls is made to say something."""

IDENTIFIED = frozenset({"PutItem", "UpdateItem"})
"""Operations that say something because they are asked for the consumed capacity. Not every server that speaks
DynamoDB's protocol gives it; an empty object with the id of the request is the service's own, too."""


def require_proof(client: Any) -> None:
    """From here on a success of boto3's `client` in which the service says nothing raises UnreadableResponse."""
    service = client.meta.service_model.service_id.hyphenize()
    client.meta.events.register(f"after-call.{service}", _check)


def _check(http_response: Any, parsed: dict[str, Any], model: Any, **_: Any) -> None:
    if http_response.status_code >= 300 or parsed.keys() - {"ResponseMetadata"}:
        return  # botocore keeps members of the service model, and no others
    is_identified = model.name in IDENTIFIED and "x-amzn-requestid" in http_response.headers
    may_be_empty = is_identified or model.name in MAY_BE_EMPTY
    if not may_be_empty or not _has_only(http_response.content, model.output_shape.members):
        raise UnreadableResponse("the answer has nothing that the service would send")


def _has_only(body: bytes, members: Any) -> bool:
    """Whether this is a JSON object without any but these members: an empty one, or nulls."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and found.keys() <= set(members)
