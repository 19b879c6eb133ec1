"""An answer that may let somebody in has to have one meaning."""

import json
from collections.abc import Sequence
from typing import Any

from watcher.aws.errors import UnreadableResponse
from watcher.domain.model import SessionStatus

_DECISIVE, _ESCAPE = SessionStatus.SUCCEEDED.value.encode(), b"\\"


def require_one_meaning(response_dict: dict[str, Any], **_: object) -> None:
    """Handler for `image_digests.EVENT`, after that one: refuse a success with a repeated member, or with an error.

    Readers of JSON disagree about which of two members with the same name counts, and AWS sends none twice. Only what
    may say SUCCEEDED is read a second time here: nothing else can become `live`.

    Raises:
        UnreadableResponse: it has one.
    """
    body = response_dict["body"]
    if response_dict["status_code"] != 200 or not (_DECISIVE in body or _ESCAPE in body):
        return
    try:
        members = json.loads(body.decode(), object_pairs_hook=_unrepeated)
    except (ValueError, RecursionError):
        return  # botocore's parser fails on it as well
    if isinstance(members, dict) and "__type" in members:
        raise UnreadableResponse("the answer is a success with an error in it")


def _unrepeated(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise UnreadableResponse("the answer has a member twice")
    return members
