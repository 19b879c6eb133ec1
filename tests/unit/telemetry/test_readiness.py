"""What prevents work: in full for the log, in public for the port."""

import pytest
from structlog.testing import capture_logs

from watcher.domain.errors import LedgerError, QueueError
from watcher.telemetry.readiness import Readiness


def test_a_failure_is_logged_once_for_each_class_and_its_end_once() -> None:
    readiness = Readiness()
    with capture_logs() as logs:
        assert readiness.mark_unavailable("queue", QueueError("down"), "nothing is received")
        assert not readiness.mark_unavailable("queue", QueueError("still down"), "nothing is received")
        assert not readiness.mark_unavailable("queue", LedgerError("locked"), "nothing is received")
        assert readiness.mark_recovered("queue")
        assert not readiness.mark_recovered("queue")
    assert [line["event"] for line in logs] == ["component_unavailable"] * 2 + ["component_recovered"]
    assert [line.get("error") for line in logs] == ["down", "locked", None]


def test_without_a_consequence_nothing_is_logged() -> None:
    readiness = Readiness()
    with capture_logs() as logs:
        readiness.mark_unavailable("queue", QueueError("down"))
        readiness.mark_recovered("queue")
    assert logs == []


def test_the_port_shows_no_text_of_an_error() -> None:
    readiness = Readiness()
    readiness.mark_unavailable("sink a", QueueError("arn:aws:iam::123456789012:role/x"), state="circuit open")
    assert readiness.problems() == {"sink a": "circuit open: arn:aws:iam::123456789012:role/x"}
    assert "123456789012" not in str(readiness.shown())
    assert readiness.shown()["sink a"].startswith("circuit open: ")


@pytest.mark.parametrize(("depth", "parts"), [("down", {"queue"}), ("denied", {"queue", "queue depth"})])
def test_a_part_of_a_part_says_nothing_twice(depth: str, parts: set[str]) -> None:
    readiness = Readiness()
    readiness.mark_unavailable("queue", QueueError("down"))
    readiness.mark_unavailable("queue depth", QueueError(depth))
    assert set(readiness.problems()) == parts


def test_a_slow_call_is_a_problem_until_a_worse_one_is_known() -> None:
    readiness = Readiness(lambda: {"ledger": "a call has taken 12 s"})
    assert readiness.problems() == readiness.shown() == {"ledger": "a call has taken 12 s"}
    readiness.mark_unavailable("ledger", LedgerError("locked"))
    assert readiness.problems() == {"ledger": "locked"}
