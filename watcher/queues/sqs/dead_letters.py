"""Dead letters in SQS: those that the watcher wrote with their reason, and those from a redrive policy.

SQS can't list a queue. So listing receives every message, for a few minutes at most, and releases the rest.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import structlog

from watcher.config.settings import Settings
from watcher.domain.errors import QueueError
from watcher.domain.model import DeadLetter
from watcher.domain.ports import Clock
from watcher.queues.sqs.batches import BatchCaller
from watcher.queues.sqs.client import SqsCaller, open_caller
from watcher.queues.sqs.constants import BATCHING, POLLING
from watcher.queues.sqs.messages import (
    CUT,
    DETAIL,
    MESSAGE_ID,
    REASON,
    RECEIVE_COUNT,
    RECEIVED_DEAD,
    SENT_AT,
    entry,
    given_attributes,
    is_cut,
    own_attributes,
    received_messages,
    seconds,
    whole_number,
)
from watcher.queues.sqs.redrive_policy import redrive_policy
from watcher.queues.sqs.send import send_entries

log = structlog.get_logger(__name__)

Message = Mapping[str, Any]


class SqsDeadLetters:
    """The dead letters in the queue `dead`; `source` is where a replay puts them.

    `poll` is the seconds of each receive: with 0, SQS may miss some messages.

    Raises:
        QueueError: in every method, if an SQS operation fails.
    """

    def __init__(self, source: SqsCaller, dead: SqsCaller, batches: BatchCaller, poll: int = 1) -> None:
        self._source = source
        self._dead = dead
        self._batches = batches
        self._poll = poll
        self._deleted: set[str] = set()

    def list(self, limit: int) -> Sequence[DeadLetter]:
        """The `limit` oldest of the first thousand that SQS returns."""
        with self._all(max(limit, POLLING.look)) as messages:
            letters = [_letter(message) for message in messages]
        return sorted(letters, key=lambda letter: letter.dead_at)[:limit]

    def replay(self, ids: Sequence[str] | None) -> int:
        """Put these (None: all) back on the queue; returns how many.

        They are sent first and deleted afterwards: a crash in between duplicates some, but loses none. They keep the
        time at which they were first sent, from which a session's deadline counts if its message has no `createdAt`.
        One that lost attributes stays, because without its policy another one would decide its session.

        Raises:
            QueueError: not all were replayed; it says how many, and why.
        """
        with self._chosen(ids) as messages:
            whole = [message for message in messages if not is_cut(message)]
            entries = [_replayed(message, is_fifo=self._source.is_fifo) for message in whole]
            faults = send_entries(self._source, self._batches, entries)
            sent = [message for message, fault in zip(whole, faults, strict=True) if fault is None]
            self._delete(sent, "were replayed, but are among the dead letters still")
        problems = [str(fault) for fault in faults if fault]
        problems += [f"{_ids(message)[0]} {CUT}" for message in messages if is_cut(message)]
        if problems:
            raise QueueError(f"{problems[0]}; {len(sent)} were replayed, {len(problems)} were not")
        return len(sent)

    def drop(self, ids: Sequence[str] | None) -> int:
        """Delete these (None: all) permanently; returns how many."""
        with self._chosen(ids) as messages:
            self._delete(messages, "were not dropped")
        return len(messages)

    @contextmanager
    def _chosen(self, ids: Sequence[str] | None) -> Iterator[Sequence[Message]]:
        """The messages with these ids, one for each.

        Raises:
            QueueError: two letters have the same id, as after a crash or a forgery, so it is unclear which is meant.
        """
        wanted = None if ids is None else set(ids)
        with self._all(None, lambda found: wanted is not None and wanted <= found) as messages:
            yield messages if wanted is None else [m for one in sorted(wanted) for m in _named(one, messages)]

    @contextmanager
    def _all(
        self, limit: int | None, is_enough: Callable[[set[str]], bool] = lambda _: False
    ) -> Iterator[Sequence[Message]]:
        """All messages, invisible to others during the block; those not deleted are released."""
        messages: dict[str, Message] = {}
        found: set[str] = set()
        repeated = 0
        try:
            while (limit is None or len(messages) < limit) and not is_enough(found):
                batch = self._receive()
                repeated = repeated + 1 if found.issuperset(message["MessageId"] for message in batch) else 0
                if not batch or repeated == POLLING.repeats:
                    break
                messages.update((message["MessageId"], message) for message in batch)
                found.update(message["MessageId"] for message in batch)
            yield list(messages.values())
        finally:
            # If that fails, POLLING.hold expires.
            kept = {message["ReceiptHandle"] for message in messages.values()} - self._deleted
            entries = [{"ReceiptHandle": receipt, "VisibilityTimeout": 0} for receipt in kept]
            self._batches.run(self._dead, "change_message_visibility_batch", entries, BATCHING.redrive_seconds)

    def _receive(self) -> Sequence[Message]:
        return self._dead.ask(
            "receive_message",
            _readable,
            MaxNumberOfMessages=10,
            WaitTimeSeconds=self._poll,
            VisibilityTimeout=POLLING.hold,
            **RECEIVED_DEAD,
        )

    def _delete(self, messages: Sequence[Message], otherwise: str) -> None:
        entries = [{"ReceiptHandle": message["ReceiptHandle"]} for message in messages]
        faults = self._batches.run(self._dead, "delete_message_batch", entries, BATCHING.redrive_seconds)
        outcome = zip(messages, faults, strict=True)
        self._deleted |= {message["ReceiptHandle"] for message, fault in outcome if fault is None}
        failed = [fault for fault in faults if fault]
        if failed:
            raise QueueError(f"{failed[0]}; {len(failed)} of {len(faults)} {otherwise}") from failed[0]


def _readable(answer: Mapping[str, Any]) -> Sequence[Message]:
    """The messages in an answer, without unreadable ones, which stay in the queue."""
    messages = received_messages(answer)
    readable = [message for message in messages if _is_readable(message)]
    if len(readable) < len(messages):
        log.warning("dead_letters_unreadable", messages=len(messages) - len(readable), consequence="left out")
    return readable


def _is_readable(message: Message) -> bool:
    try:
        return isinstance(_letter(message).body, str)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return False


def _ids(message: Message) -> list[str]:
    """The id to show, which is the one in the log, then SQS's own, which changes when a message is forwarded."""
    given = own_attributes(message).get(MESSAGE_ID)
    return [*([given] if given else []), message["MessageId"]]


def _named(letter_id: str, messages: Sequence[Message]) -> Sequence[Message]:
    """The message with this SQS id; else the letter that the watcher wrote for a message with this id."""
    exact = [message for message in messages if message["MessageId"] == letter_id]
    named = exact or [message for message in messages if letter_id in _ids(message)]
    if len(named) > 1:
        theirs = ", ".join(message["MessageId"] for message in named)
        raise QueueError(f"{len(named)} dead letters have the id {letter_id}: name one by its id in SQS: {theirs}")
    return named


def _letter(message: Message) -> DeadLetter:
    system, own = message.get("Attributes") or {}, own_attributes(message)
    dead_at = seconds(system.get("SentTimestamp"), 0.0)
    received = own.get(RECEIVE_COUNT) or system.get("ApproximateReceiveCount")
    detail = own.get(DETAIL, "") if own else "dead-lettered by the queue's redrive policy"
    return DeadLetter(
        id=_ids(message)[0],
        body=message.get("Body") or "",
        reason=own.get(REASON, "max_receive_count"),
        detail=f"{CUT}; {detail}" if is_cut(message) else detail,
        sent_at=seconds(own.get(SENT_AT) or given_attributes(message).get(SENT_AT), dead_at),
        dead_at=dead_at,
        receive_count=whole_number(received, 0),
    )


def _replayed(message: Message, *, is_fifo: bool) -> dict[str, Any]:
    given = given_attributes(message)
    first_sent_at = own_attributes(message).get(SENT_AT) or given.pop(SENT_AT, None)
    system = message.get("Attributes") or {}
    return entry(
        message.get("Body") or "",
        is_fifo=is_fifo,
        # A replay that is repeated within SQS's five minutes sends nothing twice.
        deduplication_id=message["MessageId"],
        own={SENT_AT: str(first_sent_at or system.get("SentTimestamp") or "")},
        attributes=given,
    )


@contextmanager
def open_dead_letters(settings: Settings, _clock: Clock) -> Iterator[SqsDeadLetters]:
    """The dead letters of the queue that the settings name: in `queue.dead_letter_url`, else in the redrive policy's.

    Raises:
        ConfigError: a setting that can't be used.
        QueueError: there is no dead-letter queue, or an SQS operation failed.
    """
    queue = settings.queue
    with ExitStack() as opened:
        source = open_caller(queue.url, queue.endpoint_url, settings.aws)
        opened.callback(source.close)
        dead = open_caller(queue.dead_letter_url or _redrive_url(source), queue.endpoint_url, settings.aws)
        opened.callback(dead.close)
        batches = BatchCaller(_clock)
        opened.callback(batches.close)
        yield SqsDeadLetters(source, dead, batches)


def _redrive_url(source: SqsCaller) -> str:
    policy = redrive_policy(source)
    if policy is None:
        raise QueueError(
            f"{source.shown}: no dead letters: set queue.dead_letter_url, or give the queue a redrive policy"
        )
    return source.url_of(policy[0])
