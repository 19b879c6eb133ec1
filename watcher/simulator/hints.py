"""Hints that a session has ended, as S3 and an app's back end send them to a queue: which, when, and false ones."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random
from uuid import UUID

from watcher.simulator.distributions import Distribution, Lognormal
from watcher.simulator.sessions import FAILED, LIFE_SECONDS, SUCCEEDED, SimulatedSession


class HintKind(StrEnum):
    """What announces the end of a session."""

    S3 = "s3"
    """S3 event notifications of its images: only a session that SUCCEEDED with a reference image has them."""
    MESSAGE = "message"
    """A completion message, which an app's back end sends when the SDK in the browser or phone calls back."""
    MIXED = "mixed"
    """S3 for a session with an OutputConfig and a reference image, a completion message for any other."""


DEFAULT_DELAY = Lognormal(0.35, 0.6)
"""Seconds from a session's end to its hint: the images are written, or the app's call travels. Our estimate."""


@dataclass(frozen=True, slots=True)
class HintSettings:
    """How the ends of sessions are announced. Shares are from 0 to 1; times are seconds of session life.

    Attributes:
        kind: what announces them.
        share: of the sessions that end, how many are announced.
        delay: from the end of a session to its hint.
        early: of all sessions, how many also get a hint before their end, which is false.
        unknown: for each session, how many hints name a session that does not exist.
    """

    kind: HintKind = HintKind.S3
    share: float = 0.95
    delay: Distribution = DEFAULT_DELAY
    early: float = 0.0
    unknown: float = 0.0

    def __post_init__(self) -> None:
        for name in ("share", "early", "unknown"):
            value = getattr(self, name)
            if not 0.0 <= value <= 1.0:
                raise ValueError(f"{name} of the hints {value}: give a number from 0 to 1")


USUAL_HINTS = HintSettings()


@dataclass(frozen=True, slots=True)
class SimulatedHint:
    """One hint.

    Attributes:
        due: when to send it, in time of the simulator's clock.
        session: what it names.
        kind: S3 or MESSAGE.
        is_true: whether the session is over by then.
    """

    due: float
    session: SimulatedSession
    kind: HintKind
    is_true: bool


def hints_of(
    session: SimulatedSession, hints: HintSettings, seed: int | None, time_scale: float
) -> Iterator[SimulatedHint]:
    """The hints of a new session, drawn from the seed and its id, in whatever order sessions are created."""
    rng = Random(f"{seed}/hints/{session.id}")
    # All are drawn, whether used or not: another share must not give other delays.
    share, early, unknown = rng.random(), rng.random(), rng.random()
    early_part, unknown_part, delay = rng.random(), rng.random(), hints.delay.sample(rng)
    stranger = replace(session, id=str(UUID(int=rng.getrandbits(128), version=4)))
    end = min(session.script.ends_at, LIFE_SECONDS)

    def hint(age: float, named: SimulatedSession, kind: HintKind, *, is_true: bool = False) -> SimulatedHint:
        """One at this age of the session."""
        return SimulatedHint(session.created_at + age / time_scale, named, kind, is_true)

    if early < hints.early:
        yield hint(early_part * end, session, _kind_before_the_end(hints.kind, session))
    if unknown < hints.unknown:
        yield hint(unknown_part * end, stranger, HintKind.MESSAGE if hints.kind == HintKind.MESSAGE else HintKind.S3)
    kind = _kind_at_the_end(hints.kind, session)
    if kind is not None and share < hints.share:
        yield hint(end + delay, session, kind, is_true=True)


def _kind_before_the_end(kind: HintKind, session: SimulatedSession) -> HintKind:
    if kind != HintKind.MIXED:
        return kind
    return HintKind.S3 if session.request.bucket else HintKind.MESSAGE


def _kind_at_the_end(kind: HintKind, session: SimulatedSession) -> HintKind | None:
    """What announces the end of this session; None if it never ends, or only without an image for S3."""
    script = session.script
    if script.ending not in {SUCCEEDED, FAILED} or script.ends_at >= LIFE_SECONDS:
        return None
    has_image = script.ending == SUCCEEDED and script.reference_image
    if kind == HintKind.S3:
        return HintKind.S3 if has_image else None
    if kind == HintKind.MIXED and has_image and session.request.bucket:
        return HintKind.S3
    return HintKind.MESSAGE
