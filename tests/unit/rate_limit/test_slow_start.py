"""The rate at the start, and the way back to a known share after an outage."""

import pytest

from watcher.rate_limit.slow_start import slow_start, start_rate


@pytest.mark.parametrize(("region", "rate"), [("us-east-1", 25.0), ("us-west-2", 25.0), ("eu-west-1", 5.0)])
def test_a_start_is_the_regions_default_quota(region: str, rate: float) -> None:
    assert start_rate(region) == rate


def test_growth_is_exponential_up_to_the_share() -> None:
    once = slow_start(1.0, 100.0, 5.0)
    assert 1.0 < once < 100.0
    assert slow_start(once, 100.0, 5.0) == pytest.approx(once**2)
    assert slow_start(1.0, 100.0, 10.0) == pytest.approx(once**2)
    assert slow_start(1.0, 100.0, 1000.0) == 100.0
    assert slow_start(1.0, 100.0, 0.0) == 1.0
