"""All scenarios, in the order of their files."""

import importlib
import pkgutil

from tests.chaos import scenarios
from tests.chaos.scenario import SCENARIOS, Level, Scenario

for _module in pkgutil.iter_modules(scenarios.__path__):
    importlib.import_module(f"{scenarios.__name__}.{_module.name}")


def selected(level: Level) -> list[Scenario]:
    """Those that run at a level: its own, and those of the levels below."""
    return [one for one in SCENARIOS if one.level <= level]
