"""Which sessions are announced, when, by what, and which hints are false."""

from math import log
from statistics import median, stdev
from typing import Any

import pytest

from watcher.simulator.distributions import Fixed
from watcher.simulator.hints import HintKind, HintSettings, SimulatedHint, hints_of
from watcher.simulator.sessions import CreateRequest, SessionScript, SimulatedSession

MANY = 1000
HINTS_WITH = {
    "share": lambda value: HintSettings(share=value),
    "early": lambda value: HintSettings(early=value),
    "unknown": lambda value: HintSettings(unknown=value),
}


def session(number: int = 0, bucket: str = "", **script: Any) -> SimulatedSession:
    return SimulatedSession(
        f"00000000-0000-4000-8000-{number:012}", SessionScript(**script), CreateRequest(bucket=bucket), 1000.0
    )


def of_many(hints: HintSettings, seed: int = 1, **script: Any) -> list[list[SimulatedHint]]:
    return [list(hints_of(session(number, **script), hints, seed, 1.0)) for number in range(MANY)]


def all_of(sessions: list[list[SimulatedHint]]) -> list[SimulatedHint]:
    return [hint for of_session in sessions for hint in of_session]


@pytest.mark.parametrize("share", [0.0, 0.3, 0.95, 1.0])
def test_a_share_of_the_ends_is_announced(share: float) -> None:
    announced = all_of(of_many(HintSettings(share=share)))
    assert len(announced) / MANY == pytest.approx(share, abs=0.03)
    assert all(hint.is_true and hint.kind == HintKind.S3 for hint in announced)
    assert len({hint.session.id for hint in announced}) == len(announced)


def test_a_hint_follows_the_end_after_a_log_normal_delay() -> None:
    delays = [
        hint.due - 1007.0 for hint in all_of(of_many(HintSettings(share=1.0), created_for=2, in_progress_for=5))
    ]
    assert median(delays) == pytest.approx(0.35, rel=0.06)
    assert stdev(map(log, delays)) == pytest.approx(0.6, rel=0.06)


def test_delays_are_session_time_as_the_rest_of_a_life() -> None:
    (hint,) = hints_of(session(), HintSettings(share=1.0, delay=Fixed(1.0)), 1, 4.0)
    assert hint.due == 1000.0 + (2 + 5 + 1) / 4


def test_the_same_seed_announces_the_same_sessions_at_the_same_times_in_any_order() -> None:
    hints = HintSettings(share=0.5, early=0.2, unknown=0.2)
    there = [list(hints_of(session(number), hints, 3, 1.0)) for number in range(100)]
    back = [list(hints_of(session(number), hints, 3, 1.0)) for number in reversed(range(100))]
    assert there == back[::-1]
    assert there != [list(hints_of(session(number), hints, 4, 1.0)) for number in range(100)]


def test_a_larger_share_adds_sessions_and_changes_no_delay() -> None:
    fewer, more = (
        all_of(of_many(HintSettings(share=share, early=early))) for share, early in ((0.3, 0.0), (0.6, 0.2))
    )
    assert {(hint.session.id, hint.due) for hint in fewer} < {(hint.session.id, hint.due) for hint in more}


@pytest.mark.parametrize(
    ("kind", "bucket", "script", "announced_by"),
    [
        (HintKind.S3, "b", {}, HintKind.S3),
        (HintKind.S3, "", {}, HintKind.S3),
        (HintKind.S3, "b", {"reference_image": False}, None),
        (HintKind.S3, "b", {"ending": "FAILED"}, None),
        (HintKind.S3, "b", {"confidence": 3.0}, HintKind.S3),
        (HintKind.MESSAGE, "b", {"reference_image": False}, HintKind.MESSAGE),
        (HintKind.MESSAGE, "b", {"ending": "FAILED"}, HintKind.MESSAGE),
        (HintKind.MIXED, "b", {}, HintKind.S3),
        (HintKind.MIXED, "b", {"ending": "FAILED"}, HintKind.MESSAGE),
        (HintKind.MIXED, "b", {"reference_image": False}, HintKind.MESSAGE),
        (HintKind.MIXED, "", {}, HintKind.MESSAGE),
        *(
            (kind, "b", {"ending": ending}, None)
            for kind in HintKind
            for ending in ("CREATED", "IN_PROGRESS", "EXPIRED")
        ),
        *((kind, "b", {"in_progress_for": 178.0}, None) for kind in HintKind),
    ],
)
def test_what_announces_an_end(
    kind: HintKind, bucket: str, script: dict[str, Any], announced_by: HintKind | None
) -> None:
    found = list(hints_of(session(bucket=bucket, **script), HintSettings(kind, share=1.0), 1, 1.0))
    assert [hint.kind for hint in found] == ([announced_by] if announced_by else [])


def test_early_hints_come_before_the_end_and_are_false() -> None:
    early = all_of(of_many(HintSettings(share=0.0, early=0.25)))
    assert len(early) / MANY == pytest.approx(0.25, abs=0.03)
    assert not any(hint.is_true for hint in early)
    assert all(1000.0 <= hint.due < 1007.0 for hint in early)


def test_a_session_that_never_ends_can_be_announced_too_early_as_well() -> None:
    assert all_of(of_many(HintSettings(early=1.0), ending="CREATED"))


@pytest.mark.parametrize(
    ("kind", "said_by"),
    [(HintKind.S3, HintKind.S3), (HintKind.MESSAGE, HintKind.MESSAGE), (HintKind.MIXED, HintKind.S3)],
)
def test_hints_of_unknown_sessions_name_ids_that_do_not_exist(kind: HintKind, said_by: HintKind) -> None:
    unknown = all_of(of_many(HintSettings(kind, share=0.0, unknown=0.1)))
    assert len(unknown) / MANY == pytest.approx(0.1, abs=0.03)
    assert not {hint.session.id for hint in unknown} & {session(number).id for number in range(MANY)}
    assert {(hint.kind, hint.is_true) for hint in unknown} == {(said_by, False)}


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
@pytest.mark.parametrize("name", HINTS_WITH)
def test_a_share_that_is_none_is_told_with_its_fix(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{name} of the hints {value}: give a number from 0 to 1"):
        HINTS_WITH[name](value)
