"""The line that tells the user of a violated rule."""

from collections.abc import Mapping

import pytest

from watcher.config.fields import Path
from watcher.config.violations import Violation

LEAST, MOST = ("polling", "min_interval"), ("polling", "max_interval")


def line(violation: Violation, origins: Mapping[Path, str]) -> str:
    return violation.line(lambda path: origins.get(path, "default"))


@pytest.mark.parametrize(
    ("origins", "source"),
    [
        ({LEAST: "watcher.toml"}, "from watcher.toml"),
        ({LEAST: "--set", MOST: "watcher.toml"}, "from --set"),
        ({MOST: "env WATCHER_POLLING__MAX_INTERVAL"}, "polling.max_interval from env WATCHER_POLLING__MAX_INTERVAL"),
        ({}, "the default"),
    ],
)
def test_the_source_is_that_of_the_setting_or_of_the_one_that_clashes_with_its_default(
    origins: Mapping[Path, str], source: str
) -> None:
    told = line(Violation((LEAST, MOST), 20.0, "is above it", "lower it"), origins)
    assert told.startswith("polling.min_interval = 20 is above it (")
    assert told.endswith(f"{source}): lower it")


@pytest.mark.parametrize(
    ("value", "seen"),
    [(0.5, "0.5"), (20.0, "20"), ("v1.0", '"v1.0"'), ({"threshold": 90.0}, "{threshold = 90.0}")],
)
def test_a_value_is_written_as_users_write_it(value: object, seen: str) -> None:
    assert line(Violation((("log", "level"),), value, "is odd", "fix it"), {}).startswith(
        f"log.level = {seen} is odd"
    )


def test_a_secret_in_the_value_is_hidden() -> None:
    url = "https://hooks.example/T0/hunter2"
    told = line(Violation((("sinks", 0, "url"),), url, "is odd", "fix it"), {})
    assert told == 'sinks[0].url = "https://hooks.example/***" is odd (the default): fix it'
