"""Opens a message: its JSON, unwrapped from SNS and EventBridge envelopes."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from watcher.domain.errors import InvalidMessage
from watcher.domain.limits import MAX_MESSAGE_BYTES
from watcher.domain.model import DeadReason

_BYTE_ORDER_MARK = "\ufeff"
_SHOWN = 80


class Envelope(NamedTuple):
    """The members of the message itself, and the attributes of each envelope around it, innermost first.

    An event of S3's has no message inside: its `fields` are the whole EventBridge event.
    """

    fields: Mapping[str, Any]
    attributes: Sequence[Mapping[str, Any]] = ()


def opened(body: str) -> Envelope:
    """The message inside all envelopes. A text that is not JSON is a bare session id.

    Raises:
        InvalidMessage: over 256 KiB, or an unknown form.
    """
    if len(body) > MAX_MESSAGE_BYTES or len(body.encode("utf-8", "surrogatepass")) > MAX_MESSAGE_BYTES:
        raise InvalidMessage(DeadReason.TOO_LARGE, f"the message is over {MAX_MESSAGE_BYTES // 1024} KiB")
    return _opened(body.removeprefix(_BYTE_ORDER_MARK).strip())


def short(value: object) -> str:
    """A value from a message, short enough for an error text."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _opened(text: str) -> Envelope:
    if not text.startswith("{"):
        return Envelope({"sessionId": text})
    members = _json_object(text)
    if "sessionId" in members:
        return Envelope(members)
    if isinstance(members.get("Message"), str) and (
        "TopicArn" in members or members.get("Type") == "Notification"
    ):  # SNS without raw delivery
        inner = _opened(members["Message"].strip())
        return Envelope(inner.fields, (*inner.attributes, _sns_attributes(members.get("MessageAttributes"))))
    if "detail-type" in members and members.get("source") != "aws.s3":  # EventBridge
        return _detail(members)
    return Envelope(members)


def _detail(members: Mapping[str, Any]) -> Envelope:
    detail = members.get("detail")
    if isinstance(detail, Mapping):
        return Envelope(detail)
    return _opened(detail.strip()) if isinstance(detail, str) else Envelope(members)


def _sns_attributes(value: object) -> dict[str, object]:
    """Attributes as SNS writes them into its envelope: name -> {"Type": ..., "Value": ...}."""
    members = value if isinstance(value, Mapping) else {}
    # One of another form is kept: an unreadable policy must not count as none.
    return {name: (isinstance(member, Mapping) and member.get("Value")) or member for name, member in members.items()}


def _json_object(text: str) -> Mapping[str, Any]:
    try:
        members = _DECODER.decode(text)
    except (ValueError, RecursionError) as error:
        raise InvalidMessage(DeadReason.INVALID_MESSAGE, f"not JSON: {str(error)[:_SHOWN]}") from error
    if not isinstance(members, dict):
        raise InvalidMessage(DeadReason.INVALID_MESSAGE, "not a JSON object")
    return members


def unrepeated(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """These members as a dictionary: readers disagree about which of two with the same name counts.

    Raises:
        InvalidMessage: two have the same name.
    """
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidMessage(DeadReason.INVALID_MESSAGE, f"the member {short(twice)} is there twice")
    return members


def _finite(text: str) -> float:
    # NaN and 1e999 are not JSON that a decision could pass on to its sinks.
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:_SHOWN]} is not a finite number")
    return value


_DECODER = json.JSONDecoder(parse_constant=_finite, parse_float=_finite, object_pairs_hook=unrepeated)
