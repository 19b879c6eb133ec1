"""How long each session of a run lives: the same for all peers, and told to the simulator as a scenario."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

LIFE_SECONDS = 180.0
MEDIAN, SIGMA, NEVER = 20.0, 0.5, 0.1
"""A session's seconds to its end are log-normal; that share of sessions never ends."""

CAMERA = 3.0
"""Seconds in CREATED, at most half of the life."""

OVER, WAITING = "over", "waiting"
"""Endings beside those of the run: over at once, and never."""


@dataclass(frozen=True, slots=True)
class Life:
    """A session's seconds to its end, infinite for none, and its score."""

    ends_at: float
    confidence: float

    @property
    def outcome(self) -> str:
        """What the decision should be."""
        if self.ends_at >= LIFE_SECONDS:
            return "inconclusive"
        return "live" if self.confidence >= 80 else "not_live"


def draw(count: int, seed: int = 1) -> list[Life]:
    """The lives of a run."""
    chance = Random(seed)
    return [one_life(chance) for _ in range(count)]


def one_life(chance: Random) -> Life:
    ends_at = chance.lognormvariate(math.log(MEDIAN), SIGMA)
    never = chance.random() < NEVER
    confidence = chance.uniform(1, 45) if chance.random() < 0.1 else chance.uniform(90, 99.9)
    return Life(math.inf if never else ends_at, round(confidence, 1))


def scenario(lives: Sequence[Life], latency: float) -> str:
    """A scenario file in which the ending `sN` is the N-th life; each results call takes `latency` seconds."""
    parts = [ending(OVER, "SUCCEEDED", 0.0), ending(WAITING, "CREATED", 0.0)]
    for number, life in enumerate(lives):
        status = "IN_PROGRESS" if life.ends_at >= LIFE_SECONDS else "SUCCEEDED"
        parts.append(ending(f"s{number}", status, min(life.ends_at, LIFE_SECONDS), life.confidence))
    if latency:
        parts.append(f'[[faults]]\nkind = "latency"\nseconds = {latency}\n')
    return "\n".join(parts)


def ending(name: str, status: str, ends_at: float, confidence: float = 97.5) -> str:
    created_for = min(CAMERA, ends_at / 2)
    return (
        f'[[endings]]\nname = "{name}"\nstatus = "{status}"\nconfidence = {confidence}\n'
        f"created_for = {created_for:.3f}\nin_progress_for = {ends_at - created_for:.3f}\n"
    )
