"""What the queries have in common."""

# ruff: noqa: INP001 - scripts beside one another, no package

from panels import Query

OF = 'job=~"$job", instance=~"$instance"'
"""The instances that are chosen at the top."""

IN_JOB = 'job=~"$job"'
"""For what is recorded a job."""

PER = "[$__rate_interval]"


def quantiles(metric: str, *shares: float, by: str = "", exemplar: bool = False) -> tuple[Query, ...]:
    """A histogram's quantiles, over all instances or `by` a label."""
    series = f"sum by (le{', ' + by if by else ''}) (rate({metric}_bucket{{{OF}}}{PER}))"
    legend = f"{{{{{by}}}}} " if by else ""
    return tuple(
        Query(f"histogram_quantile({share}, {series})", f"{legend}p{share * 100:g}", exemplar) for share in shares
    )


def rate(metric: str, by: str, extra: str = "") -> Query:
    """A counter's rate by a label."""
    return Query(f"sum by ({by}) (rate({metric}{{{OF}{extra}}}{PER}))", f"{{{{{by}}}}}")
