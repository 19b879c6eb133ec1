"""pytest's options for the chaos suite: how much of it runs, and by which seed. Loaded by tests/conftest.py."""

import os
import secrets

import pytest

from tests.chaos.scenario import Level

LEVEL, SEED = "WATCHER_TEST_CHAOS", "WATCHER_TEST_CHAOS_SEED"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("chaos")
    group.addoption(
        "--chaos",
        choices=[level.name.lower() for level in Level],
        default=os.environ.get(LEVEL, "sample"),
        help=f"scenarios under tests/chaos: sample (a minute or two), ci (ten minutes), long (an hour). [{LEVEL}]",
    )
    group.addoption(
        "--chaos-seed", default=os.environ.get(SEED), help=f"repeats the choices of an earlier run. [{SEED}]"
    )


def pytest_configure(config: pytest.Config) -> None:
    # Before workers are made: all have the same seed, and the header shows it.
    config.option.chaos_seed = config.option.chaos_seed or secrets.token_hex(4)


def pytest_report_header(config: pytest.Config) -> str:
    return f"chaos: {config.option.chaos}, --chaos-seed {config.option.chaos_seed}"


def level_of(config: pytest.Config) -> Level:
    """The level that was asked for."""
    return Level[config.option.chaos.upper()]
