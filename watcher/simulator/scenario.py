"""How sessions end, how often, after how long, and with which faults."""

from dataclasses import dataclass, field, replace
from random import Random

from watcher.simulator import wire
from watcher.simulator.distributions import Distribution, Fixed, Lognormal, Uniform
from watcher.simulator.faults import Fault
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

DEFAULT_IMAGE_SIZE = 2048
_CREATED_FOR, _IN_PROGRESS_FOR, _CONFIDENCE = Fixed(2.0), Fixed(8.0), Fixed(99.5)


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
        )


def _usual_endings() -> tuple[Ending, ...]:
    camera, check = Lognormal(3.0, 0.4), Lognormal(8.0, 0.4)
    return (
        Ending("live", 80, SUCCEEDED, camera, check, Uniform(92.0, 99.9)),
        Ending("not-live", 8, SUCCEEDED, camera, check, Uniform(1.0, 45.0)),
        Ending("failed", 7, FAILED, camera, check),
        Ending("abandoned", 5, CREATED),
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
    """

    endings: tuple[Ending, ...] = field(default_factory=_usual_endings)
    faults: tuple[Fault, ...] = ()
    quotas: tuple[Quota, ...] = ()
    expired_for: float = LIFE_SECONDS
    image_size: int = DEFAULT_IMAGE_SIZE
    seed: int | None = None
    validation_error: str = wire.INVALID_PARAMETER

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
        """A session's script. A token that begins with an ending's name and "--" chooses that ending."""
        wanted = token.split("--", 1)[0] if "--" in token else ""
        for ending in self.endings:
            if ending.name == wanted:
                return ending.script(rng)
        return rng.choices(self.endings, [ending.weight for ending in self.endings])[0].script(rng)
