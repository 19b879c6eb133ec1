"""What a watch has in common with others: with all of its policy, unless its message brought more."""

from dataclasses import dataclass
from functools import lru_cache

from watcher.domain.lease import Lease
from watcher.domain.model import NO_CONTEXT


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """The session's `policy`; its `lifetime` in seconds; and `epoch`, at which the monotonic clock would show 0.

    What few messages bring: a `context`, as compact JSON; the `weight` in bytes that it has in memory; a
    `traceparent`; and where a session has several messages, the `leases` on all but the first, and whether one of
    them has brought a poll forward (`is_hastened`).
    """

    policy: str
    epoch: float
    lifetime: float
    context: bytes = NO_CONTEXT
    weight: int = 0
    traceparent: str = ""
    leases: list[Lease] | tuple[()] = ()
    is_hastened: bool = False


@lru_cache(maxsize=128)
def plain(policy: str, epoch: float, lifetime: float) -> Terms:
    """One for all watches to which these three apply, and nothing else."""
    return Terms(policy, epoch, lifetime)
