"""The benchmark of the learned schedule works; the tables are for people to read, a few bars are held to here."""

from tests.benchmarks.bench_schedule import BASE, QUOTA, judged, lasting, per_second
from tests.benchmarks.schedule_ideal import Durations, Optimum, Score, at_calls, best_backoff, fixed, index
from tests.benchmarks.schedule_strategies import EVEN, LEARNED, knowing
from tests.benchmarks.schedule_world import Part, Traffic


def tenfold(strategy: object) -> Part:
    rate = per_second(10.0, BASE, QUOTA)
    return judged(strategy, Traffic(lasting(rate, 800), rate, BASE), QUOTA)  # type: ignore[arg-type]


def test_under_ten_times_the_load_the_learned_schedule_is_as_good_as_one_that_knows() -> None:
    learned, known, even = tenfold(LEARNED), tenfold(knowing(BASE)), tenfold(EVEN)
    assert learned.p95 <= 8.0
    assert learned.mean <= 1.15 * known.mean
    assert learned.mean < 0.8 * even.mean
    assert (learned.throttled, learned.late) == (0.0, 0)


def test_no_schedule_is_better_than_the_optimum() -> None:
    durations, optimum = Durations(), Optimum(Durations())
    best = optimum.at_calls(8.0)
    others: list[Score] = [
        at_calls(fixed, 8.0, durations),
        at_calls(lambda threshold: index(durations.curve(), threshold), 8.0, durations),
        best_backoff(8.0, durations),
    ]
    assert all(abs(one.calls - 8.0) < 0.3 for one in (best, *others))
    assert all(best.mean < one.mean * 1.02 for one in others)


def test_with_hints_a_third_of_the_calls_bring_most_decisions_at_once() -> None:
    without, hinted = (
        judged(LEARNED, Traffic(lasting(4.0, 600), 4.0, BASE, announced=share), QUOTA) for share in (0.0, 0.95)
    )
    assert hinted.calls < 0.4 * without.calls
    assert hinted.p50 < 0.45
    assert hinted.mean < 0.7 * without.mean
    assert (hinted.throttled, hinted.late) == (0.0, 0)
