from collections.abc import Iterator
from threading import Semaphore, Thread

import pytest
from structlog.testing import capture_logs

from tests.unit.support.fakes import PATIENCE
from watcher.domain.errors import ConfigError
from watcher.util import stalls

BRIEF = 0.01
"""Seconds in which a third thread would have passed as well."""


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    yield
    stalls.arm({})


def test_without_the_variable_nothing_hangs() -> None:
    with capture_logs() as logs:
        stalls.arm({"WATCHER_TEST_STALLS": "poller:0"})
    stalls.point("poller")
    assert logs == []


def test_the_first_thread_that_reaches_the_point_hangs_and_no_other() -> None:
    with capture_logs() as logs:
        stalls.arm({stalls.VARIABLE: "sink stdout.emit:0"})
    assert logs[0]["points"] == ["sink stdout.emit"]
    passed = Semaphore(0)

    def reach() -> None:
        stalls.point("sink stdout.emit")
        passed.release()

    threads = [Thread(target=reach, daemon=True) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert passed.acquire(timeout=PATIENCE)
    assert passed.acquire(timeout=PATIENCE)
    stalls.point("poller")
    assert not passed.acquire(timeout=BRIEF)


def test_a_stall_can_begin_later_and_can_end() -> None:
    stalls.arm({stalls.VARIABLE: "poller:3600,leases:0:0.01"})
    stalls.point("poller")
    stalls.point("leases")


def test_a_thread_can_be_made_to_die() -> None:
    stalls.arm({stalls.VARIABLE: "http:0:die"})
    with pytest.raises(stalls.TestDeath, match="http"):
        stalls.point("http")


@pytest.mark.parametrize("text", ["poller", "poller:", ":5", "poller:x", "poller:1:2:3", "poller:1:never"])
def test_another_form_is_an_error_that_names_the_variable(text: str) -> None:
    with pytest.raises(ConfigError, match="WATCHER_TEST_STALL"):
        stalls.arm({stalls.VARIABLE: text})
