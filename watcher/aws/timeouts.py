"""How long a call may take that is made for a queue, a ledger or a sink."""

from collections.abc import Mapping
from typing import Any, Protocol, Self, TypeVar

from watcher.aws.settings import ClientSettings

CONNECT_LIMIT, READ_LIMIT = 3.0, 10.0
"""Seconds at most. `[aws]` has the reference's 60, and 0 for no limit, for a poll, which is about one session. For
these calls many sessions wait: no lease outlives two of a minute each, and a sink's thread has but one under way."""


class _Settings(ClientSettings, Protocol):
    """Those that can be copied, as pydantic's can."""

    def model_copy(self, *, update: Mapping[str, Any]) -> Self:
        """The same with these changed."""


S = TypeVar("S", bound=_Settings)


def capped(aws: S, connect: float = CONNECT_LIMIT, read: float = READ_LIMIT, *, least_read: float = 0.0) -> S:
    """The settings with time-outs of these seconds at most; 0, which is no limit at all, becomes the limit.

    `least_read`: seconds for a read at least, where an answer takes its time by design.
    """
    limits = {
        "connect_timeout": min(aws.connect_timeout or connect, connect),
        "read_timeout": max(min(aws.read_timeout or read, read), least_read),
    }
    return aws.model_copy(update=limits)
