"""Converts SQS messages to received messages, and bodies to SQS messages."""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from uuid import uuid4

import structlog

from watcher.aws.errors import UnreadableResponse
from watcher.domain.errors import QueueError
from watcher.domain.limits import MAX_MESSAGE_BYTES
from watcher.domain.model import Lease, ReceivedMessage
from watcher.queues.sqs.attributes import REFUSED, Attribute, attributes_of, is_incomplete, size_of, unpacked, written
from watcher.util.rfc3339 import LATEST

log = structlog.get_logger(__name__)

SENT_AT = "watcher.sentAt"
MESSAGE_ID = "watcher.messageId"
RECEIVE_COUNT = "watcher.receiveCount"
REASON = "reason"
DETAIL = "detail"
"""Message attributes of a dead letter: when its message was first sent (epoch milliseconds), its id and receive count
on its original queue, and why it is dead. A replayed message keeps the first, from which a session's deadline
counts."""

_OWN = {SENT_AT, MESSAGE_ID, RECEIVE_COUNT, REASON, DETAIL}

CUT = "has lost attributes, perhaps its policy: it can't be decided or replayed; enqueue its session with its policy"

_MOVED_FROM = "DeadLetterQueueSourceArn"
_SYSTEM = ["SentTimestamp", "ApproximateReceiveCount"]


def _asking_for(names: Sequence[str]) -> dict[str, Sequence[str]]:
    # The first is the older name of the second; some servers know only that.
    return {"AttributeNames": names, "MessageSystemAttributeNames": names, "MessageAttributeNames": ["All"]}


RECEIVED = _asking_for(_SYSTEM)
"""Attributes that a receive requests besides the body."""

RECEIVED_DEAD = _asking_for([*_SYSTEM, _MOVED_FROM])
"""The same for dead letters, with whether a redrive policy moved it."""

_GROUP = re.compile(r"[!-~]{1,128}")


def received_messages(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The usable messages in an answer: those with an id and a receipt.

    The others can be neither deleted nor moved: their leases expire, and in the end the queue's redrive policy
    removes them.

    Raises:
        UnreadableResponse: it is not an answer to a receive, or has no usable message.
    """
    messages = answer.get("Messages") or []
    if not isinstance(messages, list):
        raise UnreadableResponse("the answer's messages are not a list")
    usable = [message for message in messages if isinstance(message, Mapping) and _has_receipt(message)]
    if messages and not usable:
        raise UnreadableResponse("the answer has no message with an id and a receipt")
    if len(usable) < len(messages):
        consequence = "they return when their leases expire, until the queue's redrive policy removes them"
        log.warning("messages_without_receipt", messages=len(messages) - len(usable), consequence=consequence)
    return usable


def _has_receipt(message: Mapping[str, Any]) -> bool:
    values = (message.get("MessageId"), message.get("ReceiptHandle"))
    return all(isinstance(value, str) and value and value.isprintable() for value in values)


def received_message(message: Mapping[str, Any], now: float, monotonic: float) -> ReceivedMessage:
    """One of `received_messages`; `now` (epoch, the server's) replaces a missing sent time.

    `monotonic` is the same moment on the watcher's own clock.

    The rest may have any form: an unreadable message becomes a dead letter, and no other is lost because of it.
    """
    try:
        return _received_message(message, now, monotonic)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        fault = f"the queue's answer for this message is unreadable: {type(error).__name__}"
        lease = Lease(message["ReceiptHandle"], message["MessageId"])
        return ReceivedMessage(lease, _body(message), now, fault=fault, sent_monotonic=monotonic)


def _received_message(message: Mapping[str, Any], now: float, monotonic: float) -> ReceivedMessage:
    system = message.get("Attributes") or {}
    given = given_attributes(message)
    sent_at = seconds(system.get("SentTimestamp"), now)
    claim = own_attributes(message).get(SENT_AT) or given.pop(SENT_AT, None)
    first_sent_at = None if claim is None else seconds(claim, sent_at)
    lease = Lease(
        message["ReceiptHandle"], message["MessageId"], whole_number(system.get("ApproximateReceiveCount"), 1)
    )
    fault = CUT if is_cut(message) else ""
    monotonic_sent = monotonic - max(0.0, now - sent_at)
    return ReceivedMessage(lease, _body(message), sent_at, given, fault, monotonic_sent, first_sent_at)


def _body(message: Mapping[str, Any]) -> str:
    body = message.get("Body") or ""
    return body if isinstance(body, str) else json.dumps(body, default=str)


def own_attributes(message: Mapping[str, Any]) -> dict[str, str]:
    """What the watcher wrote on a dead letter; empty for any other message, or for one that SQS itself moved."""
    found = attributes_of(message)
    if MESSAGE_ID not in found or _MOVED_FROM in (message.get("Attributes") or {}):
        return {}  # if SQS moved it, all attributes are the sender's
    return {name: value for name, value in found.items() if name in _OWN and isinstance(value, str)}


def given_attributes(message: Mapping[str, Any]) -> dict[str, Attribute]:
    """The attributes that a message was sent with, even if it has become a dead letter since."""
    own = own_attributes(message)
    return unpacked({name: value for name, value in attributes_of(message).items() if name not in own})


def is_cut(message: Mapping[str, Any]) -> bool:
    """Whether this is a dead letter of the watcher that has lost attributes."""
    return bool(own_attributes(message)) and is_incomplete(attributes_of(message))


def seconds(milliseconds: object, default: float) -> float:
    """Epoch seconds of a time that SQS writes in milliseconds; `default` also for a time after the year 9999."""
    count = whole_number(milliseconds, -1)
    return count / 1000 if 0 <= count <= LATEST * 1000 else default


def whole_number(value: object, default: int) -> int:
    """A count or a time as SQS writes it; `default` for anything else."""
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 15 else default


def milliseconds(epoch: float) -> str:
    """An epoch time as SQS writes it."""
    return str(round(epoch * 1000))


def entry(
    body: str,
    *,
    is_fifo: bool,
    deduplication_id: str | None = None,
    own: Mapping[str, str] | None = None,
    attributes: Mapping[str, Attribute] | None = None,
) -> dict[str, Any]:
    """An entry of SendMessageBatch, with the watcher's `own` attributes and those that the message had.

    In a FIFO queue the session is the group: messages for one session stay in order, and block no others. The
    deduplication id is new for each entry unless given: it keeps a repeated call from sending twice, but allows the
    same message again within SQS's five minutes.
    """
    fields: dict[str, Any] = {"MessageBody": body}
    if own or attributes:
        fields["MessageAttributes"] = written(own or {}, attributes or {})
    if is_fifo:
        fields |= {"MessageGroupId": _group(body), "MessageDeduplicationId": deduplication_id or str(uuid4())}
    return fields


def check_bodies(bodies: Sequence[str]) -> None:
    """Find bodies that SQS would reject, before any of them is sent.

    Raises:
        QueueError: a body is too large, or has a character that SQS rejects.
    """
    for position, body in enumerate(bodies, 1):
        refused = REFUSED.search(body)
        if refused and "\ud800" <= refused[0] <= "\udfff":
            raise QueueError(f"message {position} is not valid text (a lone surrogate): send proper Unicode")
        if refused:
            raise QueueError(f"message {position} has the character {refused[0]!r}, which SQS rejects: remove it")
        size = len(body.encode())
        if not size:
            raise QueueError(f"message {position} is empty: SQS rejects empty messages")
        if size > MAX_MESSAGE_BYTES:
            limit = f"{MAX_MESSAGE_BYTES} (256 KiB)"
            raise QueueError(f"message {position} has {size} bytes: {limit} is the limit for a message")


def batches(entries: Sequence[Mapping[str, Any]], count: int) -> Iterator[Sequence[Mapping[str, Any]]]:
    """Split into runs of at most `count` entries and 256 KiB, the limit for a whole batch."""
    start, size = 0, 0
    for index, item in enumerate(entries):
        length = _size(item)
        if index > start and (index - start >= count or size + length > MAX_MESSAGE_BYTES):
            yield entries[start:index]
            start, size = index, 0
        size += length
    if start < len(entries):
        yield entries[start:]


def in_order(done: Callable[[int], bool], count: int) -> str:
    """The positions (from 1) that are not `done`, in words."""
    missing = [str(index + 1) for index in range(count) if not done(index)]
    more = f" and {len(missing) - 10} more" if len(missing) > 10 else ""
    return ", ".join(missing[:10]) + more


def _size(item: Mapping[str, Any]) -> int:
    size = size_of(item.get("MessageAttributes") or {})
    return size + len(item["MessageBody"].encode("utf-8", "replace"))


def _group(body: str) -> str:
    """The session's id as a group id; a digest if a body has no usable one."""
    text = body.strip()
    try:
        members = json.loads(text)
        text = str(members["sessionId"]) if isinstance(members, dict) else text
    except (ValueError, LookupError, RecursionError):
        pass  # not a JSON message: a bare id or an envelope is grouped by its text
    return text if _GROUP.fullmatch(text) else hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
