"""The figures of the comparison with peers, reckoned from decision lines."""

import json
import math

import pytest

from tests.benchmarks.peers.endpoint import Made
from tests.benchmarks.peers.figures import Told, decisions, delays, middle_rate, missed, percentile
from tests.benchmarks.peers.lives import LIFE_SECONDS, Life, draw, scenario
from watcher.simulator import Fixed, Scenario
from watcher.simulator.scenario_file import parse_scenario

LIVE, SPOOF, NEVER = Life(20.0, 97.0), Life(10.0, 12.0), Life(math.inf, 97.0)


def line(session_id: str, outcome: str = "live", at: object = 100.0) -> str:
    return json.dumps({"sessionId": session_id, "outcome": outcome, "decidedAt": at}) + "\n"


def test_a_peers_line_and_the_watchers_event_are_both_read() -> None:
    event = {"specversion": "1.0", "data": json.loads(line("b", "not_live", "1970-01-01T00:01:40.250Z"))}
    found = decisions([line("a"), json.dumps(event) + "\n"])
    assert found == {"a": Told("live", 100.0), "b": Told("not_live", 100.25)}


def test_the_first_decision_of_a_session_counts() -> None:
    assert decisions([line("a", at=1.0), line("a", "inconclusive", at=2.0)]) == {"a": Told("live", 1.0)}


def test_a_line_that_is_not_whole_yet_is_left_out() -> None:
    assert list(decisions([line("a"), line("b").rstrip("\n")[:-5]])) == ["a"]


@pytest.mark.parametrize(("share", "expected"), [(0.5, 10.0), (0.95, 19.0), (1.0, 20.0), (0.01, 1.0)])
def test_a_percentile_is_one_of_the_values(share: float, expected: float) -> None:
    assert percentile([float(value) for value in range(20, 0, -1)], share) == expected


def test_there_is_no_percentile_of_nothing() -> None:
    assert math.isnan(percentile([], 0.5))


def test_delay_counts_from_the_end_that_the_time_scale_brings_forward() -> None:
    made = [(Made("a", 100.0), LIVE), (Made("b", 100.0), SPOOF)]
    told = {"a": Told("live", 110.5), "b": Told("not_live", 104.9)}
    assert delays(made, told, time_scale=2.0) == [0.5, 0.0]


def test_sessions_that_never_end_and_wrong_decisions_have_no_delay() -> None:
    made = [(Made("a", 100.0), NEVER), (Made("b", 100.0), LIVE), (Made("c", 100.0), LIVE)]
    told = {"a": Told("inconclusive", 190.0), "b": Told("inconclusive", 190.0)}
    assert delays(made, told, time_scale=2.0) == []
    assert missed(made, told) == 1.0


def test_only_sessions_that_end_can_be_missed() -> None:
    made = [(Made("a", 0.0), LIVE), (Made("b", 0.0), SPOOF), (Made("c", 0.0), NEVER)]
    assert missed(made, {"a": Told("live", 11.0), "b": Told("live", 9.0)}) == 0.5


def test_the_rate_is_that_of_the_middle() -> None:
    steady = [10 + number / 50 for number in range(100)]
    assert middle_rate([0.0, *steady, 60.0]) == pytest.approx(50.0)


def test_the_lives_are_the_same_each_time_and_most_are_near_the_median() -> None:
    lives = draw(2000)
    assert lives == draw(2000)
    ends = sorted(life.ends_at for life in lives)
    assert 18 < ends[900] < 22
    assert 0.08 < sum(life.outcome == "inconclusive" for life in lives) / 2000 < 0.12


def test_the_scenario_has_an_ending_for_each_life() -> None:
    found: Scenario = parse_scenario(scenario([LIVE, SPOOF, NEVER], latency=0.05))
    endings = {ending.name: ending for ending in found.endings}
    scripts = {name: found.script(None, f"{name}--0") for name in endings}  # type: ignore[arg-type]
    assert (scripts["s0"].ends_at, scripts["s1"].ends_at, scripts["s2"].ends_at) == (20.0, 10.0, LIFE_SECONDS)
    assert (scripts["s1"].confidence, scripts["s2"].ending) == (12.0, "IN_PROGRESS")
    assert (scripts["over"].ends_at, scripts["waiting"].ending) == (0.0, "CREATED")
    assert [fault.seconds for fault in found.faults] == [Fixed(0.05)]
