"""The report: which benchmarks it runs and what it makes of what they print."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.benchmarks import bench_report
from tests.benchmarks.bench_report import Ran
from tests.benchmarks.peers import table
from tests.benchmarks.peers.figures import Row

ABOUT = {
    "caption": "what it means",
    "waiting": [10],
    "quota": "25",
    "quotas": {"0": 10, "25": 4},
    "python": "3.11",
    "packages": {"boto3": "1"},
}


class Benchmarks:
    """Stands in for the processes; a benchmark named in `failing` fails."""

    def __init__(self, failing: Sequence[str] = ()) -> None:
        self.commands: list[Sequence[str]] = []
        self._failing = failing

    def run(self, command: Sequence[str]) -> Ran:
        self.commands.append(command)
        name = Path(command[1]).stem.removeprefix("bench_")
        if "--json" in command:
            rows = [Row("huey, SQLite", "fixed", trouble="not installed")]
            Path(command[command.index("--json") + 1]).write_text(table.to_json(rows, ABOUT))
        if "--plots" in command:
            (Path(command[command.index("--plots") + 1]) / "schedule.png").write_bytes(b"")
        return Ran(f"the table of {name}\n", "ended with 1" if name in self._failing else "", 1.0)


@pytest.fixture
def benchmarks(monkeypatch: pytest.MonkeyPatch) -> Benchmarks:
    found = Benchmarks(failing=["rate"])
    monkeypatch.setattr(bench_report, "run", found.run)
    monkeypatch.setattr(bench_report, "takes_plots", lambda _section: True)
    monkeypatch.setattr(bench_report, "has_package", lambda _name: True)
    monkeypatch.setattr(bench_report, "aiobotocore_python", lambda _cache: ("/opt/python", ""))
    monkeypatch.setattr(bench_report, "draw_peers", lambda _rows, path: path.write_bytes(b""))
    return found


def test_all_benchmarks_come_into_one_report_with_their_plots(benchmarks: Benchmarks, tmp_path: Path) -> None:
    assert bench_report.main(["--output", str(tmp_path / "out")]) == 1
    report = (tmp_path / "out" / "report.md").read_text()
    assert len(benchmarks.commands) == len(bench_report.SECTIONS)
    assert "| huey, SQLite | fixed | not measured: not installed |" in report
    assert "With 25 calls a second let through" in report
    assert "```\nthe table of watcher\n```" in report
    assert "![peers](peers.png)" in report
    assert "![schedule](schedule.png)" in report
    assert report.count("FAILED: ended with 1") == 1


def test_a_picture_of_an_earlier_report_is_not_taken_for_one_of_this(benchmarks: Benchmarks, tmp_path: Path) -> None:
    import os

    (tmp_path / "old.png").write_bytes(b"")
    os.utime(tmp_path / "old.png", (0, 0))
    assert bench_report.main(["--output", str(tmp_path), "--only", "watcher"]) == 0
    assert "old.png" not in (tmp_path / "report.md").read_text()
    assert len(benchmarks.commands) == 1


def test_the_short_form_and_aiobotocores_python_are_handed_on(benchmarks: Benchmarks, tmp_path: Path) -> None:
    bench_report.main(["--output", str(tmp_path), "--quick", "--only", "calls"])
    assert list(benchmarks.commands[0][2:]) == ["--quick", "--aiobotocore", "/opt/python"]


def test_without_matplotlib_the_report_says_what_is_missing(
    benchmarks: Benchmarks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench_report, "has_package", lambda _name: False)
    assert bench_report.main(["--output", str(tmp_path), "--only", "peers"]) == 0
    report = (tmp_path / "report.md").read_text()
    assert "No plot: matplotlib is not installed" in report
    assert "peers.png" not in report
    assert benchmarks.commands
