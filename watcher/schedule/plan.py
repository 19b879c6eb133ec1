"""The moments that polls are planned for, as coarse as they need be: many sessions share each."""

from dataclasses import dataclass
from typing import Protocol

WIDTH = 0.25
"""Seconds that are one moment: far below the lag that matters, and few enough in the time that is planned ahead."""


@dataclass(slots=True, eq=False)
class PlanBucket:
    """The polls due in the time before `end` (on the clock of the plans): how many, and the sum of their weights."""

    end: float
    count: int = 0
    weight: float = 0.0


class Planned(Protocol):
    """A session that is polled. `planned_for` is the schedule's: when its next poll is due, None if none is."""

    planned_for: PlanBucket | None
