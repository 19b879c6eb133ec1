"""The ages at which the hazard may change: steps of 0.25 s at first, then of a twentieth of the age, up to 180 s."""

from bisect import bisect_right
from itertools import pairwise

FINEST = 0.25
"""Seconds of the first steps: finer than the differences between people."""

SHARE = 0.05
"""Later steps, as a share of the age: an estimate of when sessions end is no more precise."""

LONGEST = 180.0
"""Maximum seconds of a session's life."""


def _edges() -> tuple[float, ...]:
    edges = [0.0]
    while edges[-1] < LONGEST:
        edges.append(min(LONGEST, edges[-1] + max(FINEST, edges[-1] * SHARE)))
    return tuple(edges)


EDGES = _edges()
"""Seconds; bin j spans EDGES[j] to EDGES[j + 1]."""

BINS = len(EDGES) - 1

WIDTHS = tuple(high - low for low, high in pairwise(EDGES))


def bin_of(age: float) -> int:
    """The bin for an age in seconds; ages outside the grid belong to its first or last bin."""
    return bisect_right(EDGES, age, 1, BINS) - 1


def overlaps(low: float, high: float) -> list[tuple[int, float, float]]:
    """The span from `low` to `high` (seconds), split by bin: each bin, and where its part begins and ends."""
    low, high = max(low, 0.0), min(high, LONGEST)
    if high <= low:
        return []
    first, last = bin_of(low), bin_of(high)
    if first == last or high <= EDGES[first + 1]:
        return [(first, low, high)]
    inner = [(j, EDGES[j], EDGES[j + 1]) for j in range(first + 1, last)]
    parts = [(first, low, EDGES[first + 1]), *inner]
    return [*parts, (last, EDGES[last], high)] if high > EDGES[last] else parts
