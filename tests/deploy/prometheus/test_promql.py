"""The tools of the live test find what they look for, and nothing else."""

import pytest

from tests.deploy.prometheus.promql import always, selectors


@pytest.mark.parametrize(
    ("expr", "shown"),
    [
        ("up == 0", "up == bool 0"),
        ('a{b!="c", d=~"e>f"} > 5', 'a{b!="c", d=~"e>f"} > bool 5'),
        ("a / (b >= 20) > 0.3", "a / (b >= bool 20) > bool 0.3"),
        ("a > bool 1", "a > bool 1"),
        ("absent(a) < 1", "a < bool 1"),
    ],
)
def test_a_comparison_answers_0_or_1_instead_of_leaving_a_series_out(expr: str, shown: str) -> None:
    assert always(expr) == shown


@pytest.mark.parametrize(
    ("expr", "named"),
    [
        ('sum by (job, le) (rate(a_total{b="c"}[5m])) > 14.4 * 0.001', ['a_total{b="c"}']),
        ("histogram_quantile(0.95, sum by (le) (rate(b:c[5m] offset 1h)))", ["b:c"]),
        ("time() - a > 1 and on (job, x) b unless c or vector(0)", ["a", "b", "c"]),
        ("clamp_min(a, 0.001) / 3 * sqrt(b * (1 - b))", ["a", "b", "b"]),
        ("avg_over_time(a:b[7d] offset 1h) >= bool 300", ["a:b"]),
    ],
)
def test_every_metric_of_an_expression_is_found_with_its_labels(expr: str, named: list[str]) -> None:
    assert list(selectors(expr)) == named
