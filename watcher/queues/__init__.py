"""The queues, one package per backend; each is imported only if the settings name it."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from importlib import import_module
from typing import NamedTuple

from watcher.config.settings import Settings
from watcher.domain.model import DeadLetter
from watcher.domain.ports import Clock, DeadLetters, Queue

QUEUES = {
    "sqlite": "watcher.queues.sqlite.queue",
    "sqs": "watcher.queues.sqs.queue",
}
"""From `queue.kind` to the module that has `open_queue`."""

TOOLS = {
    "sqlite": "watcher.queues.sqlite.inspect",
    "sqs": "watcher.queues.sqs.queue",
}
"""From `queue.kind` to the module with `open_dead_letters` and, if supported, `search`, `search_dead` and
`advise`."""


class QueuedMessage(NamedTuple):
    """A message that is still on the queue; `leased_until` (epoch seconds) is None when it waits."""

    id: str
    body: str
    sent_at: float
    receive_count: int
    leased_until: float | None


def open_queue(settings: Settings, clock: Clock) -> Queue:
    """The queue that the settings name; the caller closes it.

    Raises:
        QueueError: it can't be used.
    """
    queue: Queue = import_module(QUEUES[settings.queue.kind]).open_queue(settings, clock)
    return queue


def open_dead_letters(settings: Settings, clock: Clock) -> AbstractContextManager[DeadLetters]:
    """The dead letters of the queue that the settings name, closed at the end of the block.

    Raises:
        QueueError: they can't be used, or there is no queue yet.
    """
    tools = import_module(TOOLS[settings.queue.kind])
    manager: AbstractContextManager[DeadLetters] = tools.open_dead_letters(settings, clock)
    return manager


def advise(settings: Settings) -> str | None:
    """What should be changed about a queue that works, with the fix; None if nothing.

    Raises:
        QueueError: the queue can't be reached.
    """
    tool = getattr(import_module(TOOLS[settings.queue.kind]), "advise", None)
    return None if tool is None else tool(settings)


def search(settings: Settings, clock: Clock, text: str) -> Sequence[QueuedMessage] | None:
    """The waiting or leased messages that contain `text`; None if the backend can't search without receiving.

    Raises:
        QueueError: the queue can't be read.
    """
    tool = getattr(import_module(TOOLS[settings.queue.kind]), "search", None)
    return None if tool is None else tool(settings, clock, text)


def search_dead(settings: Settings, text: str) -> Sequence[DeadLetter] | None:
    """The dead letters that contain `text`, oldest first; None if the backend can't search without receiving.

    Raises:
        QueueError: they can't be read.
    """
    tool = getattr(import_module(TOOLS[settings.queue.kind]), "search_dead", None)
    return None if tool is None else tool(settings, text)
