"""How long a call for a queue, a ledger or a sink may take."""

from collections.abc import Mapping
from typing import Any, Protocol, Self, TypeVar

from watcher.aws.settings import ClientSettings

CONNECT_LIMIT, READ_LIMIT = 3.0, 10.0
"""Maximum seconds. `[aws]` has the reference's 60, and 0 for no limit, for polls, which concern one session. Many
sessions wait for these calls: no lease outlives two of a minute each, and a sink's thread makes one at a time."""


class _Settings(ClientSettings, Protocol):
    """Settings that can be copied, like pydantic's."""

    def model_copy(self, *, update: Mapping[str, Any]) -> Self:
        """The same with these changed."""


S = TypeVar("S", bound=_Settings)


def capped(aws: S, connect: float = CONNECT_LIMIT, read: float = READ_LIMIT, *, least_read: float = 0.0) -> S:
    """The settings with time-outs of at most these seconds; 0, which means no limit, becomes the limit.

    `least_read`: minimum seconds for a read, if answers are slow by design.
    """
    limits = {
        "connect_timeout": min(aws.connect_timeout or connect, connect),
        "read_timeout": max(min(aws.read_timeout or read, read), least_read),
    }
    return aws.model_copy(update=limits)
