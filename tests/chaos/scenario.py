"""The list of scenarios: each is a fault, what the watcher promises, and a function that tries it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from tests.chaos.circumstances import Circumstances


class Level(IntEnum):
    """When a scenario runs: with every test run, in CI, or by hand."""

    SAMPLE = 1
    CI = 2
    LONG = 3

    @property
    def size(self) -> float:
        """The factor of sessions, kills and pauses."""
        return {Level.SAMPLE: 0.5, Level.CI: 1.0, Level.LONG: 2.0}[self]

    @property
    def rounds(self) -> int:
        """How often each scenario runs, by another seed each time."""
        return 3 if self is Level.LONG else 1


@dataclass(frozen=True)
class Scenario:
    """`run` returns what it measured, or raises AssertionError; `needs` says why it can't run here ("" if it can)."""

    name: str
    group: str
    fault: str
    promise: str
    level: Level
    run: Callable[[Circumstances], str]
    needs: Callable[[], str] = lambda: ""


Run = Callable[[Circumstances], str]

SCENARIOS: list[Scenario] = []


def scenario(
    group: str, name: str, fault: str, promise: str, level: Level = Level.CI, needs: Callable[[], str] = lambda: ""
) -> Callable[[Run], Run]:
    """Put a function on the list."""

    def noted(run: Run) -> Run:
        add(Scenario(f"{group}-{name}", group, fault, promise, level, run, needs))
        return run

    return noted


def add(one: Scenario) -> None:
    """Put one on the list; names are unique."""
    assert one.name not in {known.name for known in SCENARIOS}, one.name
    SCENARIOS.append(one)
