import random

import pytest
from structlog.testing import capture_logs

from tests.support import ManualClock
from tests.unit.schedule.sessions import lasts, observe
from watcher.daemon.schedule_checkpoint import SAVE_INTERVAL, ScheduleCheckpointer
from watcher.domain.errors import LedgerError
from watcher.schedule import Mode, Schedule


class FakeMemory:
    def __init__(self, text: str | None = None) -> None:
        self.text = text
        self.saves = 0
        self.broken = False

    def load(self) -> str | None:
        self._try()
        return self.text

    def save(self, text: str) -> None:
        self._try()
        self.text = text
        self.saves += 1

    def close(self) -> None:
        """Nothing to close."""

    def _try(self) -> None:
        if self.broken:
            raise LedgerError("down")


def teach(schedule: Schedule, sessions: int = 100) -> None:
    chance = random.Random(1)
    for _ in range(sessions):
        observe(lambda low, high, over: schedule.record("", low, high, ended=over), lasts(chance), 2.0, chance)


def test_what_was_learned_survives_a_restart() -> None:
    memory, clock, schedule = FakeMemory(), ManualClock(), Schedule()
    teach(schedule)
    ScheduleCheckpointer(schedule, memory, clock).save()
    again = Schedule()
    with capture_logs() as logs:
        ScheduleCheckpointer(again, memory, clock).load()
    assert again.state().mode is Mode.LEARNED
    assert [(line["event"], line["mode"]) for line in logs] == [("schedule_mode_changed", "learned")]


def test_it_is_saved_every_minute_if_there_is_anything_new() -> None:
    memory, clock, schedule = FakeMemory(), ManualClock(), Schedule()
    checkpointer = ScheduleCheckpointer(schedule, memory, clock)
    for _ in range(4):
        teach(schedule, 1)
        clock.advance(SAVE_INTERVAL / 2)
        checkpointer.save_if_due()
    assert memory.saves == 2
    clock.advance(SAVE_INTERVAL)
    checkpointer.save_if_due()
    assert memory.saves == 2


def test_a_change_of_the_mode_is_logged_once() -> None:
    schedule = Schedule()
    checkpointer = ScheduleCheckpointer(schedule, None, ManualClock())
    with capture_logs() as logs:
        checkpointer.save_if_due()
        teach(schedule)
        checkpointer.save_if_due()
        checkpointer.save_if_due()
    (line,) = logs
    state = schedule.state()
    assert (line["event"], line["mode"], line["sessions"]) == (
        "schedule_mode_changed",
        "learned",
        round(state.sessions),
    )
    assert line["median"] == pytest.approx(20.0, abs=4.0)  # seconds, as taught
    assert line["p90"] == round(state.p90, 1) > 1.5 * line["median"]
    assert line["unfinished"] == pytest.approx(0.1, abs=0.06)
    assert (line["threshold"], line["shifts"]) == (round(state.threshold, 4), 0)


def test_a_share_that_so_many_never_reach_is_logged_as_null() -> None:
    schedule, chance = Schedule(), random.Random(1)
    checkpointer = ScheduleCheckpointer(schedule, None, ManualClock())
    for _ in range(100):
        end = lasts(chance, never=0.2)
        observe(lambda low, high, over: schedule.record("", low, high, ended=over), end, 2.0, chance)
    with capture_logs() as logs:
        checkpointer.save_if_due()
    assert logs[0]["p90"] is None
    assert logs[0]["median"] is not None


def test_a_memory_that_fails_costs_only_what_was_learned() -> None:
    memory, schedule = FakeMemory(), Schedule()
    memory.broken = True
    checkpointer = ScheduleCheckpointer(schedule, memory, ManualClock())
    with capture_logs() as logs:
        checkpointer.load()
        checkpointer.save()
    assert [line["event"] for line in logs] == ["schedule_load_failed", "schedule_save_failed"]
    memory.broken = False
    checkpointer.save()
    assert memory.saves == 1


def test_what_cannot_be_read_is_passed_over() -> None:
    schedule = Schedule()
    with capture_logs() as logs:
        ScheduleCheckpointer(schedule, FakeMemory("{"), ManualClock()).load()
    assert logs[0]["event"] == "schedule_load_failed"
    assert schedule.state().mode is Mode.FRESH


def test_without_a_memory_there_is_nothing_to_load_or_save() -> None:
    checkpointer = ScheduleCheckpointer(Schedule(), None, ManualClock())
    with capture_logs() as logs:
        checkpointer.load()
        checkpointer.save()
    assert logs == []
