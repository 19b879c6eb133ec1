"""What a session has in common with others: with all of its policy, unless its message brought more."""

from dataclasses import dataclass
from functools import lru_cache

from watcher.domain.lease import Lease
from watcher.domain.model import NO_CONTEXT


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """The session's `policy`; its `lifetime` in seconds; and `epoch`, at which the monotonic clock would show 0.

    What few messages bring: a `context`, as compact JSON; the `context_bytes` that it has in memory; a
    `traceparent`; and where a session has several messages, the `leases` on all but the first, and whether one of
    them has brought a poll forward (`is_brought_forward`).
    """

    policy: str
    epoch: float
    lifetime: float
    context: bytes = NO_CONTEXT
    context_bytes: int = 0
    traceparent: str = ""
    leases: list[Lease] | tuple[()] = ()
    is_brought_forward: bool = False


@lru_cache(maxsize=128)
def shared_terms(policy: str, epoch: float, lifetime: float) -> Terms:
    """One for all sessions to which these three apply, and nothing else."""
    return Terms(policy, epoch, lifetime)
