"""Numbers that differ from session to session."""

from random import Random
from statistics import fmean, median

import pytest

from watcher.simulator.distributions import Distribution, Fixed, Lognormal, Triangular, Uniform


def samples(distribution: Distribution, count: int = 2000) -> list[float]:
    chance = Random(1)
    return [distribution.sample(chance) for _ in range(count)]


def test_a_fixed_one_is_always_the_same() -> None:
    assert set(samples(Fixed(3.5), 10)) == {3.5}


@pytest.mark.parametrize(
    ("distribution", "mean"),
    [(Uniform(2.0, 6.0), 4.0), (Triangular(0.0, 1.0, 5.0), 2.0), (Triangular(0, 5, 5), 10 / 3)],
)
def test_values_lie_between_the_bounds_around_the_mean(distribution: Uniform | Triangular, mean: float) -> None:
    found = samples(distribution)
    assert distribution.low <= min(found) < max(found) <= distribution.high
    assert fmean(found) == pytest.approx(mean, abs=0.1)


def test_a_log_normal_one_has_its_median_and_one_in_six_far_above_it() -> None:
    found = samples(Lognormal(10.0, 0.5))
    assert median(found) == pytest.approx(10.0, rel=0.05)
    assert sum(value > 16.5 for value in found) / len(found) == pytest.approx(1 / 6, abs=0.03)
    assert min(found) > 0
