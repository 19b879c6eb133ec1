"""The demo's hints: how the ends of its sessions are announced, and how soon they are decided."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from watcher.cli.demo.constants import DEMO
from watcher.domain.ports import Queue
from watcher.simulator import HintKind, HintSettings, Scenario, SimulatedSession, Simulator

HINTS = HintSettings(HintKind.MIXED, share=DEMO.hint_share, early=DEMO.early_hints, unknown=DEMO.unknown_hints)
"""S3 notifications for the sessions with images in S3, completion messages for the others."""

ENDED = frozenset({"SUCCEEDED", "FAILED"})
"""What a session ends in if it ends, rather than expires."""


class HintedSimulator:
    """The endpoint, which announces its sessions. Its queue is opened later, as the settings have to name its URL."""

    def __init__(self, seed: int) -> None:
        self._queue: Queue | None = None
        self.simulator = Simulator(
            Scenario(hints=HINTS),
            time_scale=DEMO.time_scale,
            seed=seed,
            rate_limit=DEMO.quota * DEMO.time_scale,
            send_hints=self._send,
        )

    def announce_on(self, queue: Queue) -> None:
        """Send to this queue; called before the first session."""
        self._queue = queue

    def _send(self, bodies: Sequence[str]) -> None:
        if self._queue is not None:
            self._queue.send(bodies)


@dataclass(frozen=True, slots=True)
class Hinted:
    """What came of the hints.

    Attributes:
        ends: sessions that ended.
        announced: how many of them were announced.
        delays: real seconds from the end to the decision of those, sorted.
        others: the same of the sessions that ended without a hint.
    """

    ends: int = 0
    announced: int = 0
    delays: tuple[float, ...] = ()
    others: tuple[float, ...] = ()


NO_HINTS = Hinted()


def hinted(
    sessions: Iterable[SimulatedSession], announced: Iterable[str], decided_at: Mapping[str, float], offset: float
) -> Hinted:
    """What came of the hints for these sessions.

    Args:
        sessions: all sessions that existed.
        announced: ids of those that were announced.
        decided_at: epoch seconds of the decisions, by session id.
        offset: epoch seconds at 0 of the simulator's clock.
    """
    known = frozenset(announced)
    ended = [session for session in sessions if session.script.ending in ENDED]
    delays: dict[bool, list[float]] = {True: [], False: []}
    for session in ended:
        end = session.created_at + session.script.ends_at / DEMO.time_scale + offset
        delay = decided_at.get(session.id, end) - end
        if delay > 0:  # some faults decide a session before its end
            delays[session.id in known].append(delay)
    count = sum(session.id in known for session in ended)
    return Hinted(len(ended), count, tuple(sorted(delays[True])), tuple(sorted(delays[False])))
