"""The benchmarks work; what they measure is for people to read."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.bench_watcher import BAR_GROWTH, FEW, Plan, measure, report_cpu, report_memory, report_parts

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


def test_the_scheduling_benchmark_prints_its_table() -> None:
    command = [sys.executable, str(BENCHMARKS / "bench_scheduler.py"), "--quick"]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert "10,000" in ended.stdout
    assert "of 50 us a poll" in ended.stdout


def test_the_whole_watcher_is_measured_beside_a_bare_loop(capsys: pytest.CaptureFixture[str]) -> None:
    plan = Plan(many=FEW + 1, rounds=1, seconds=0.5)
    found = measure(plan)
    for report in (report_cpu, report_memory, report_parts):
        report(plan, found)
    table = capsys.readouterr().out
    assert all(cost > 0 for cost in found.cpu.values())
    assert f"of {BAR_GROWTH}" in table
    assert "poll policy" in table
