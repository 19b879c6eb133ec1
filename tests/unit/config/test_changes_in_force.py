"""The settings that a watcher works with after a reload."""

from pathlib import Path

from watcher.config import Loaded, changes, in_force, load

EVERYTHING = {
    "decision.threshold": "91",
    "decision.policies.payout.threshold": "95",
    "polling.min_interval": "2",
    "polling.concurrency": "3",
    "log.level": "debug",
    "log.format": "json",
    "queue.max_in_flight": "9",
    "http.port": "1",
}


def loaded(**overrides: str) -> Loaded:
    return load(None, overrides, {}, Path("/nonexistent"))


def test_what_a_reload_applies_is_in_force_and_the_rest_is_as_at_the_start() -> None:
    started, reloaded = loaded(**{"http.port": "2"}), loaded(**EVERYTHING)
    now = in_force(started, reloaded)
    applied, needs_restart = changes(now.settings, reloaded.settings)
    assert applied == []
    assert set(needs_restart) == {"polling.concurrency", "log.format", "queue.max_in_flight", "http.port"}
    assert changes(now.settings, started.settings)[1] == []


def test_each_origin_is_that_of_the_value_in_force() -> None:
    now = in_force(loaded(**{"http.port": "2"}), loaded(**EVERYTHING))
    assert now.origins["decision.policies.payout.threshold"] == "--set"
    assert now.origins["http.port"] == "--set"
    assert now.origins["queue.max_in_flight"] == "default"
