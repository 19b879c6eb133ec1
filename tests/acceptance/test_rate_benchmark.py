"""The benchmark of the adaptive rate works; what it measures is for people to read."""

import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).parents[1] / "benchmarks" / "bench_rate.py"


@pytest.mark.timeout(300)
def test_the_rate_benchmark_prints_its_tables_and_what_they_reach() -> None:
    command = [sys.executable, str(BENCHMARK), "--quick"]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, timeout=240)
    for title in ("adaptive, bucket of 1 s", "botocore's adaptive mode", "fixed by hand", "the cost of a call"):
        assert title in ended.stdout
    lines = [line.split() for line in ended.stdout.splitlines()]
    used, throttled = next(cells for cells in lines if cells[:2] == ["25", "1"])[2:4]
    assert float(used) >= 90
    assert float(throttled) <= 2
