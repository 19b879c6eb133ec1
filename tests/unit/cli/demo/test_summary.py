import io
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from watcher.cli.demo.comparison import compare
from watcher.cli.demo.hints import Hinted
from watcher.cli.demo.plan import make_plan
from watcher.cli.demo.summary import Report, facts, print_report, share_below, table_lines, table_rows

PLAN = make_plan(6, seed=1)


@pytest.fixture
def report(line_of: Callable[..., str]) -> Report:
    comparison = compare(PLAN, [line_of(session) for session in PLAN.sessions], Counter())
    return Report(comparison, sessions=6, calls=33, refused=2, dead=0, seconds=4.25, problems=())


def printed(report: Report) -> list[str]:
    stream = io.StringIO()
    print_report(report, stream)
    return stream.getvalue().splitlines()


def test_the_table_is_aligned_and_in_the_order_of_the_decision_table(report: Report) -> None:
    assert table_lines(table_rows(report.comparison), None) == [
        "outcome       reason                      expected  got",
        "live          confidence_met                     1    1",
        "not_live      confidence_below_threshold         1    1",
        "inconclusive  reference_image_missing            1    1",
        "inconclusive  session_failed                     1    1",
        "inconclusive  session_expired                    1    1",
        "inconclusive  session_not_found                  1    1",
        "all                                              6    6",
    ]


@pytest.mark.parametrize(("room", "reason"), [(60, "confidence_below_threshold"), (40, "confidence…")])
def test_the_table_fits_the_terminal_and_keeps_its_numbers(report: Report, room: int, reason: str) -> None:
    lines = table_lines(table_rows(report.comparison), room)
    assert max(map(len, lines)) <= room
    assert lines[2].split() == ["not_live", reason, "1", "1"]


def test_a_row_that_differs_is_red_and_head_and_totals_are_bold(
    report: Report, line_of: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    comparison = compare(PLAN, [line_of(session) for session in PLAN.sessions[1:]], Counter())
    lines = printed(replace(report, comparison=comparison))
    (red,) = (line for line in lines if line.startswith("\x1b[1;31m"))
    assert red.removesuffix("\x1b[0m").endswith(" 0")
    bold = [line.split()[0] for line in lines if line.startswith("\x1b[1m")]
    assert bold == ["\x1b[1moutcome", "\x1b[1mall"]


def test_an_outcome_that_nobody_knows_gets_its_row_too(report: Report) -> None:
    doctored = replace(report.comparison, got=report.comparison.got + Counter({("odd", "oddity"): 1}))
    assert table_rows(doctored)[-2:] == [("odd", "oddity", "0", "1"), ("all", "", "6", "7")]


def test_a_good_end_says_so(report: Report) -> None:
    assert report.is_good
    assert printed(report)[-1] == "all 6 decisions are as scripted"


def test_differences_and_problems_are_listed(report: Report, line_of: Callable[..., str]) -> None:
    comparison = compare(PLAN, [line_of(session) for session in PLAN.sessions[1:]], Counter())
    bad = replace(report, comparison=comparison, problems=("not done within 9 s: 1 messages are left",))
    assert not bad.is_good
    problem, difference, count = printed(bad)[-3:]
    assert problem == "not done within 9 s: 1 messages are left"
    assert difference.startswith(PLAN.sessions[0].session_id)
    assert count == "1 difference from what the scripts call for"


def test_a_problem_alone_is_no_good_end(report: Report) -> None:
    bad = replace(report, problems=("late",))
    assert not bad.is_good
    assert printed(bad)[-1] == "late"


def test_latencies_are_told_in_session_time(report: Report) -> None:
    lines = facts(report)
    assert lines[0] == "creation to decision in session time (12x real time): median 30.0 s, p95 30.0 s"
    assert lines[1] == "polls: 33, 5.5 a session; 2 of them throttled"


def test_without_decisions_there_is_no_latency(report: Report) -> None:
    nothing = replace(report, comparison=compare(PLAN, [], Counter()))
    assert facts(nothing)[0].startswith("polls: ")


@pytest.mark.parametrize(("share", "value"), [(0.5, 10.0), (0.95, 19.0), (1.0, 20.0), (0.0, 1.0)])
def test_shares_are_counted_from_below(share: float, value: float) -> None:
    assert share_below([float(number) for number in range(1, 21)], share) == value


HINTED = Hinted(ends=168, announced=150, delays=(0.1, 0.3, 0.4), others=(0.5, 1.25, 2.0))


@pytest.mark.parametrize(
    ("hints", "told"),
    [
        (
            HINTED,
            [
                "ends without a hint: 18; delay p50 1.25 s (end to decision, real time)",
                "hints: 150 of 168 ends announced; delay p50 0.30 s (end to decision, real time)",
            ],
        ),
        (
            Hinted(ends=3, announced=3, delays=(0.5,)),
            ["took 4.2 s", "hints: 3 of 3 ends announced; delay p50 0.50 s (end to decision, real time)"],
        ),
        (Hinted(ends=2, announced=0), ["took 4.2 s", "hints: 0 of 2 ends announced"]),
    ],
)
def test_what_came_of_hints_is_the_last_fact(report: Report, hints: Hinted, told: list[str]) -> None:
    lines = facts(replace(report, hints=hints))
    assert lines[-2:] == told
    assert max(map(len, lines)) <= 80


def test_without_an_end_nothing_is_said_of_hints(report: Report) -> None:
    assert not any(line.startswith("hints") for line in facts(report))
