"""The moments that polls are planned for, coarse enough for many sessions to share each."""

from dataclasses import dataclass
from typing import Protocol

WIDTH = 0.25
"""Seconds that count as one moment: far below the lag that matters, but coarse enough to keep their number small."""


@dataclass(slots=True, eq=False)
class PlanBucket:
    """The polls due before `end` (on the plans' clock): how many, and the sum of their weights."""

    end: float
    count: int = 0
    weight: float = 0.0


class Planned(Protocol):
    """A polled session. `planned_for` belongs to the schedule: when its next poll is due, None without one."""

    planned_for: PlanBucket | None
