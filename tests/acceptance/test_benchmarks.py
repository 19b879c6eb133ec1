"""The benchmarks work; what they measure is for people to read."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks import bench_calls, bench_sqs, bench_waiting
from tests.benchmarks.bench_watcher import BAR_GROWTH, FEW, Plan, measure, report_cpu, report_memory, report_parts
from tests.benchmarks.instrumented_sqs import CALLS
from tests.benchmarks.service import endpoint

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.mark.parametrize("script", sorted(BENCHMARKS.glob("bench_*.py")), ids=lambda path: path.stem)
def test_each_benchmark_can_be_run_as_a_script_from_anywhere(script: Path, tmp_path: Path) -> None:
    command = [sys.executable, str(script), "--help"]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, timeout=200, cwd=tmp_path)
    assert script.name in ended.stdout


def test_the_scheduling_benchmark_prints_its_table() -> None:
    command = [sys.executable, str(BENCHMARKS / "bench_scheduler.py"), "--quick"]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, timeout=200)
    assert "10,000" in ended.stdout
    assert "of 50 us a poll" in ended.stdout


def test_the_whole_watcher_is_measured_beside_a_bare_loop(capsys: pytest.CaptureFixture[str]) -> None:
    plan = Plan(many=FEW + 1, rounds=1, seconds=0.5, rate=100.0, threads=8)
    found = measure(plan)
    for report in (report_cpu, report_memory, report_parts):
        report(plan, found)
    table = capsys.readouterr().out
    assert all(cost > 0 for cost in found.cpu.values())
    assert f"of {BAR_GROWTH}" in table
    assert "poll policy" in table


@pytest.mark.parametrize("size", bench_calls.BARS)
def test_calls_are_counted_beside_a_bare_loop(capsys: pytest.CaptureFixture[str], size: str) -> None:
    plan = bench_calls.Plan(rounds=1, warm_up=0.0, seconds=0.5, first=20, sessions=2000)
    contestants = {
        bench_calls.STOCK: bench_calls.loop("plain", 4),
        bench_calls.OWN: bench_calls.loop("watcher", 4),
        bench_calls.ONE: bench_calls.watchers(1),
        bench_calls.TWO: bench_calls.watchers(2),
        **bench_calls.inside(size),
    }
    found = bench_calls.compare(size, contestants, plan)
    bench_calls.report(size, found)
    assert all(turn.calls > 0 for turn in found.values())
    table = capsys.readouterr().out
    assert f"of {bench_calls.BARS[size]:g}" in table
    assert ("our own code, inside" in table) == (size == "small")


def test_what_waits_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    with endpoint("small") as service:
        found = bench_waiting.rest(service.url, 20)
    bench_waiting.report([found], bench_waiting.bytes_a_session(100))
    assert "with 20 waiting" in capsys.readouterr().out
    assert found.ready > 0
    # Twice the bar holds on any machine, and breaks when something is held that should not be.
    assert found.megabytes < 2 * bench_waiting.BAR_MEGABYTES


def test_a_session_at_sqs_is_measured_in_calls_and_beside_one_poll(capsys: pytest.CaptureFixture[str]) -> None:
    plan = bench_sqs.Plan(rates=(20,), seconds=1.0)
    found = bench_sqs.measure(plan)
    bench_sqs.report(plan, found)
    table = capsys.readouterr().out
    # No fewer calls than full batches need: a session that nobody counted would make them fewer.
    assert min(found.calls[-1]["ReceiveMessage"], found.calls[-1]["DeleteMessageBatch"]) >= 0.1
    assert found.parts[CALLS] > 0
    assert found.poll > 0
    assert f"of {bench_sqs.BAR_CALLS}" in table
    assert "against one poll" in table
