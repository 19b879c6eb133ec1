"""A liveness session's life, as a pure function of its script and age, and the store of all sessions.

A session id lives three minutes from its creation (service model, CreateFaceLivenessSession); then all its data is
unavailable. Whether a late call gets EXPIRED or SessionNotFoundException is not documented, so both are possible:
EXPIRED for `expired_for` seconds, not found from then on.
"""

from dataclasses import dataclass, field

from watcher.simulator.challenges import USUAL_CHALLENGE, ChosenChallenge
from watcher.simulator.faults import Fault

LIFE_SECONDS = 180.0
CREATED, IN_PROGRESS, SUCCEEDED, FAILED, EXPIRED = "CREATED", "IN_PROGRESS", "SUCCEEDED", "FAILED", "EXPIRED"
ENDINGS = (SUCCEEDED, FAILED, EXPIRED, CREATED, IN_PROGRESS)
"""CREATED and IN_PROGRESS as endings: the session stays there until its life is over."""


@dataclass(frozen=True, slots=True)
class BoundingBox:
    """Ratios of the image's sides; the service also returns negative ones and ones above 1."""

    width: float = 0.34
    height: float = 0.61
    left: float = 0.33
    top: float = 0.17

    def as_answer(self) -> dict[str, float]:
        """As members of the API."""
        return {"Width": self.width, "Height": self.height, "Left": self.left, "Top": self.top}


DEFAULT_BOX = BoundingBox()


@dataclass(frozen=True, slots=True)
class SessionScript:
    """Everything that will happen to one session. Times are seconds of session life, before any time scale.

    Attributes:
        ending: one of ENDINGS.
        created_for: seconds in CREATED, from the creation until the camera streams.
        in_progress_for: seconds in IN_PROGRESS after that.
        confidence: the score of a session that SUCCEEDED; None leaves it out.
        reference_image: whether a session that SUCCEEDED has one.
        audit_images: how many the video yields; the request's AuditImagesLimit bounds them.
        bounding_box: of every image.
        feedback: codes of the Feedback member; only a session that SUCCEEDED has the member.
        sdk_type: Metadata.SDKType of a finished session; "" leaves Metadata out.
        faults: of this session's results calls, before those of the scenario.
        name: the scenario's name for it.
        policy: the watcher's policy that its completion message names; "" names none.
    """

    ending: str = SUCCEEDED
    created_for: float = 2.0
    in_progress_for: float = 5.0
    confidence: float | None = 99.5
    reference_image: bool = True
    audit_images: int = 4
    bounding_box: BoundingBox = DEFAULT_BOX
    feedback: tuple[str, ...] = ()
    sdk_type: str = ""
    faults: tuple[Fault, ...] = ()
    name: str = ""
    policy: str = ""

    def __post_init__(self) -> None:
        if self.ending not in ENDINGS:
            raise ValueError(f"ending {self.ending!r} is not known: use one of {', '.join(ENDINGS)}")

    @property
    def ends_at(self) -> float:
        """Age in seconds at which the ending is visible."""
        return self.created_for + self.in_progress_for


def status_at(script: SessionScript, age: float, expired_for: float) -> str | None:
    """The status of a session `age` seconds old; None once it is no longer found."""
    if age >= LIFE_SECONDS:
        return EXPIRED if age < LIFE_SECONDS + expired_for else None
    if script.ending == CREATED or age < script.created_for:
        return CREATED
    if age < script.ends_at:
        return IN_PROGRESS
    return script.ending


@dataclass(frozen=True, slots=True)
class CreateRequest:
    """The settings from CreateFaceLivenessSession."""

    audit_images_limit: int = 0
    bucket: str = ""
    key_prefix: str = ""
    challenge: ChosenChallenge = USUAL_CHALLENGE
    token: str = field(default="", repr=False)


@dataclass(slots=True)
class SimulatedSession:
    """One session. `created_at` is time of the simulator's clock; `polls` counts its results calls."""

    id: str
    script: SessionScript
    request: CreateRequest
    created_at: float
    polls: int = 0

    def status(self, now: float, time_scale: float, expired_for: float) -> str | None:
        """Its status at clock time `now`; see status_at."""
        return status_at(self.script, (now - self.created_at) * time_scale, expired_for)
