"""How sessions end, how often, after how long, and with which faults."""

from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from random import Random
from typing import Any

from watcher.simulator import wire
from watcher.simulator.distributions import Distribution, Fixed, Triangular, Uniform
from watcher.simulator.faults import Fault
from watcher.simulator.hints import USUAL_HINTS, HintSettings
from watcher.simulator.quota import Quota
from watcher.simulator.sessions import (
    CREATED,
    DEFAULT_BOX,
    FAILED,
    LIFE_SECONDS,
    SUCCEEDED,
    BoundingBox,
    SessionScript,
)

CHOICE = "--"
"""Separates the ending that a token chooses from the rest of it."""

DEFAULT_IMAGE_SIZE = 2048
_CREATED_FOR, _IN_PROGRESS_FOR, _CONFIDENCE = Fixed(2.0), Fixed(5.0), Fixed(99.5)

CAMERA_SECONDS, CHECK_SECONDS = Triangular(1.0, 1.0, 3.0), Triangular(4.0, 4.0, 8.0)
"""Seconds until the camera streams, and of the check itself: together 5 at best, 7 on average and 11 at worst, as
AWS's FAQ says. How they divide is our guess."""

LOW_SCORE = Uniform(10.0, 45.0)
"""Scores below every threshold that AWS's service card suggests, 50 to 90."""

FEEDBACK_NAMES = {
    "face-not-visible": "FACE_NOT_VISIBLE",
    "face-obstruction": "FACE_OBSTRUCTION_DETECTED",
    "low-video-quality": "LOW_VIDEO_QUALITY_DETECTED",
    "face-not-aligned": "FACE_NOT_ALIGNED",
    "eyes-closed": "EYES_CLOSED_DETECTED",
    "low-light": "LOW_LIGHTING_DETECTED",
    "high-light": "HIGH_LIGHTING_DETECTED",
}
"""Names of the endings with feedback, which every scenario has, and the code of each."""


@dataclass(frozen=True, slots=True)
class Ending:
    """One way for a session to end; see SessionScript for the meaning of each value."""

    name: str
    weight: float = 1.0
    status: str = SUCCEEDED
    created_for: Distribution = _CREATED_FOR
    in_progress_for: Distribution = _IN_PROGRESS_FOR
    confidence: Distribution | None = _CONFIDENCE
    reference_image: bool = True
    audit_images: int = 4
    bounding_box: BoundingBox = DEFAULT_BOX
    feedback: tuple[str, ...] = ()
    sdk_type: str = ""
    faults: tuple[Fault, ...] = ()
    policy: str = ""

    def script(self, rng: Random) -> SessionScript:
        """A script for one session, its times and score drawn from `rng`."""
        return SessionScript(
            ending=self.status,
            created_for=self.created_for.sample(rng),
            in_progress_for=self.in_progress_for.sample(rng),
            confidence=None if self.confidence is None else self.confidence.sample(rng),
            reference_image=self.reference_image,
            audit_images=self.audit_images,
            bounding_box=self.bounding_box,
            feedback=self.feedback,
            sdk_type=self.sdk_type,
            faults=self.faults,
            name=self.name,
            policy=self.policy,
        )


def _streamed(name: str, weight: float, status: str = SUCCEEDED, **more: Any) -> Ending:
    """An ending whose person was in front of the camera, for as long as AWS says."""
    return Ending(name, weight, status, CAMERA_SECONDS, CHECK_SECONDS, sdk_type="simulator", **more)


FEEDBACK_ENDINGS = tuple(
    _streamed(name, 0.5, confidence=LOW_SCORE, feedback=(code,)) for name, code in FEEDBACK_NAMES.items()
)


def _usual_endings() -> tuple[Ending, ...]:
    return (
        _streamed("live", 80, confidence=Uniform(92.0, 99.9)),
        _streamed("not-live", 4.5, confidence=Uniform(1.0, 45.0)),
        _streamed("failed", 7, FAILED),
        Ending("abandoned", 5, CREATED),
        *FEEDBACK_ENDINGS,
    )


@dataclass(frozen=True, slots=True)
class Scenario:
    """Everything in a scenario file.

    Attributes:
        endings: weighted; at least one.
        faults: of all sessions' calls, after a session's own.
        quotas: calls a second; none is no limit.
        expired_for: seconds for which a session that is over reads EXPIRED before it is not found:
            0 is never, infinity always.
        image_size: bytes of each inline image.
        seed: makes session ids, endings, times and random faults repeatable; None is a new one every time.
        validation_error: error code for a request that breaks the model's constraints.
        hints: how the ends of sessions are announced, if there is a queue for it.
    """

    endings: tuple[Ending, ...] = field(default_factory=_usual_endings)
    faults: tuple[Fault, ...] = ()
    quotas: tuple[Quota, ...] = ()
    expired_for: float = LIFE_SECONDS
    image_size: int = DEFAULT_IMAGE_SIZE
    seed: int | None = None
    validation_error: str = wire.VALIDATION
    hints: HintSettings = USUAL_HINTS

    @classmethod
    def default(cls) -> "Scenario":
        """A healthy service: mostly live users, some spoofs, failures and people who leave."""
        return cls()

    @classmethod
    def always(cls, ending: Ending, *faults: Fault) -> "Scenario":
        """Every session ends the same way."""
        return cls(endings=(ending,), faults=faults)

    def with_faults(self, *faults: Fault) -> "Scenario":
        """The same with more faults."""
        return replace(self, faults=(*self.faults, *faults))

    def script(self, rng: Random, token: str = "") -> SessionScript:
        """A session's script. A token that begins with an ending's name and "--" chooses that ending.

        Raises:
            ValueError: a token with another text in front of its first "--".
        """
        if CHOICE in token:
            return self._chosen(token).script(rng)
        return rng.choices(self.endings, [ending.weight for ending in self.endings])[0].script(rng)

    def _chosen(self, token: str) -> Ending:
        """The ending that a token names; the longest name counts, because names may have the separator in them."""
        endings = (*self.endings, *FEEDBACK_ENDINGS)
        named = [ending for ending in endings if token.startswith(f"{ending.name}{CHOICE}")]
        if named:
            return max(named, key=lambda ending: len(ending.name))
        wanted, names = token.partition(CHOICE)[0], list(dict.fromkeys(ending.name for ending in endings))
        near = get_close_matches(wanted.lower(), names, n=1)
        fix = f"did you mean {near[0]}{CHOICE}?" if near else f"the endings are {', '.join(names)}"
        raise ValueError(f"{wanted}{CHOICE} in ClientRequestToken does not name an ending of the simulator: {fix}")
