import time
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.support import ManualClock, Unlimited
from tests.unit.support.builders import a_beat, a_session, an_answer, live_answer
from tests.unit.support.fakes import PATIENCE
from tests.unit.support.world import World
from watcher.app.reload import Reloader, rules_of
from watcher.config import Loaded, Settings
from watcher.domain.active_rules import ActiveRules
from watcher.domain.errors import ConfigError
from watcher.domain.model import SessionStatus
from watcher.polling.policy import PollAgain
from watcher.polling.scheduler import Due, Scheduler
from watcher.telemetry.metrics import Metrics


class Reloading:
    """A reloader over settings that the test changes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **sections: dict[str, Any]) -> None:
        self.clock = ManualClock()
        self.metrics = Metrics()
        self.levels: list[str] = []
        monkeypatch.setattr("watcher.telemetry.logs.set_level", self.levels.append)
        self.next: Callable[[], Settings] = lambda: settings
        settings = Settings.model_validate(sections)
        self.active_rules = ActiveRules(rules_of(settings, self.clock))
        self.scheduler = Scheduler(Unlimited(), self.clock, a_beat(self.clock))
        self.reloader = Reloader(
            read=lambda: Loaded(self.next(), {}, Path("watcher.toml")),
            loaded=Loaded(settings, {}, None),
            region=settings.aws.region,
            active_rules=self.active_rules,
            scheduler=self.scheduler,
            clock=self.clock,
            metrics=self.metrics,
        )

    def reload(self, **sections: dict[str, Any]) -> None:
        self.next = lambda: Settings.model_validate(sections)
        assert self.reloader.reload() == ()

    def metric(self, name: str) -> float | None:
        return self.metrics.registry.get_sample_value(f"watcher_config_last_reload_{name}")


def test_the_start_counts_as_a_load_that_worked(monkeypatch: pytest.MonkeyPatch) -> None:
    reloading = Reloading(monkeypatch)
    assert reloading.metric("successful") == 1
    assert reloading.metric("timestamp_seconds") == reloading.clock.time()


def test_a_bad_file_changes_nothing_and_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    reloading = Reloading(monkeypatch)
    before, started_at = reloading.active_rules.rules, reloading.clock.time()
    reloading.clock.advance(60.0)

    def refuse() -> Settings:
        raise ConfigError(["decision.threshold = 800: at most 100"])

    reloading.next = refuse
    assert reloading.reloader.reload() == ["decision.threshold = 800: at most 100"]
    assert reloading.active_rules.rules is before
    assert reloading.levels == []
    assert reloading.metric("successful") == 0
    assert reloading.metric("timestamp_seconds") == started_at
    reloading.reload()
    assert reloading.metric("successful") == 1
    assert reloading.metric("timestamp_seconds") == started_at + 60.0


def test_thresholds_policies_polling_and_level_change_at_run_time(monkeypatch: pytest.MonkeyPatch) -> None:
    reloading = Reloading(monkeypatch)
    reloading.reload(
        decision={"threshold": 90.0, "policies": {"payout": {"threshold": 95.0}}},
        polling={"min_interval": 3.0, "jitter": 0.0, "session_timeout": 120.0},
        log={"level": "debug"},
    )
    rules = reloading.active_rules.rules
    assert {name: rule.threshold for name, rule in rules.decision.items()} == {"default": 90.0, "payout": 95.0}
    assert rules.session_timeout == 120.0
    assert reloading.levels == ["debug"]
    world = World(an_answer(SessionStatus.CREATED))
    session = world.session(1)
    session.record(an_answer(SessionStatus.CREATED))
    assert rules.polling.next_step(session, an_answer(SessionStatus.CREATED)) == PollAgain(3.0)


def test_what_needs_a_restart_is_told_until_it_is_back_or_restarted(monkeypatch: pytest.MonkeyPatch) -> None:
    reloading = Reloading(monkeypatch)
    with capture_logs() as logs:
        for limit in (4000, 4000, 5000):
            reloading.reload(queue={"max_in_flight": limit})
    assert [entry["needs_restart"] for entry in logs] == [["queue.max_in_flight"], ["queue.max_in_flight"], []]


def test_a_policy_takes_what_it_does_not_say_from_the_section(monkeypatch: pytest.MonkeyPatch) -> None:
    decision = {"threshold": 70.0, "require_reference_image": False, "policies": {"payout": {"threshold": 95.0}}}
    rules = Reloading(monkeypatch, decision=decision).active_rules.rules.decision
    assert rules["payout"].threshold == 95.0
    assert not rules["payout"].require_reference_image


def test_a_policy_that_was_taken_away_keeps_its_rules_for_sessions_in_flight(monkeypatch: pytest.MonkeyPatch) -> None:
    reloading = Reloading(monkeypatch, decision={"policies": {"payout": {"threshold": 95.0}}})
    reloading.reload()
    assert "payout" not in reloading.active_rules.rules.decision
    assert reloading.active_rules.decision_rules("payout").threshold == 95.0


def test_a_new_rate_limits_at_once_and_an_unchanged_one_keeps_its_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    reloading = Reloading(monkeypatch)
    now, scheduler = reloading.clock.monotonic(), reloading.scheduler
    for number in range(100):
        scheduler.add(a_session(number, reloading.clock), now)
    reloading.reload(polling={"max_rate": 5.0})
    assert scheduler.rate == 5.0
    while isinstance(scheduler.poll_next(now), Due):
        pass  # until no token is left
    reloading.reload(polling={"max_rate": 5.0, "max_interval": 8.0})
    assert not isinstance(scheduler.poll_next(now), Due)
    reloading.reload()
    assert scheduler.rate == 25.0
    assert isinstance(scheduler.poll_next(now), Due)


def test_a_session_in_flight_is_decided_by_the_new_threshold(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(live_answer())
    reloading = Reloading(monkeypatch, decision={"threshold": 99.0})
    session = world.session(1)
    world.active_rules.swap(reloading.active_rules.rules)
    world.poller.poll_once(Due(session, world.clock.monotonic()))
    [(decision, _)] = world.decisions
    assert decision.outcome == "not_live"


def test_whether_a_policy_is_required_changes_at_run_time(monkeypatch: pytest.MonkeyPatch) -> None:
    reloading = Reloading(monkeypatch)
    assert not reloading.active_rules.rules.require_policy
    reloading.reload(decision={"require_policy": True})
    assert reloading.active_rules.rules.require_policy


def test_settings_that_cannot_be_read_in_time_change_nothing_and_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("watcher.app.timed_read.READ_LIMIT", 0.01)
    reloading, gate = Reloading(monkeypatch), Event()
    before = reloading.active_rules.rules

    def hang() -> Settings:
        gate.wait(PATIENCE)
        return Settings()

    reloading.next = hang
    (problem,) = reloading.reloader.reload()
    assert "could not be read within" in problem
    (problem,) = reloading.reloader.reload()
    assert problem.startswith("an earlier reload still reads")
    assert reloading.active_rules.rules is before
    assert reloading.metric("successful") == 0
    gate.set()
    monkeypatch.setattr("watcher.app.timed_read.READ_LIMIT", PATIENCE)
    reloading.next = Settings
    limit = time.monotonic() + PATIENCE
    while reloading.reloader.reload():
        assert time.monotonic() < limit, "the hanging read is over, yet it counts"
    assert reloading.metric("successful") == 1
