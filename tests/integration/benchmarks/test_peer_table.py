"""The comparison's table, its JSON and its plot."""

from pathlib import Path

import pytest

from tests.benchmarks.peers import table
from tests.benchmarks.peers.figures import Row, Traffic, Waiting

TRAFFIC = Traffic(sessions=300, cpu_ms=7.46, calls=4.2, p50=0.21, p95=0.5, throttled=0.034, missed=0.0)
FULL = Row(
    "watcher run",
    "learned",
    rate=481.6,
    traffic={"0": TRAFFIC, "25": TRAFFIC},
    waiting=[Waiting(1000, 1000, 74.2, 0.0, 41, 1), Waiting(10_000, 10_050, 101.4, 13.0, 41, 1)],
)
SKIPPED = Row("huey, SQLite", "fixed", trouble="the package huey is not installed")
BROKEN = Row("Celery, Redis", "fixed", trouble="over: ended: boom", rate=None, traffic={}, waiting=[])
ROWS = [FULL, SKIPPED, BROKEN]


def test_a_row_has_every_figure_and_the_brokers_memory_beside() -> None:
    (_, line, *_) = table.main_table(ROWS, [1000, 10_000])
    assert line == ["watcher run", "learned", "482", "7.5", "4.2", "0.21", "0.50", "3.4%", "74", "101 + 13", "41"]


def test_a_peer_that_cannot_run_says_why_in_its_row() -> None:
    printed = table.aligned(table.main_table(ROWS, [1000, 10_000]))
    assert printed.splitlines()[2].endswith("fixed    not measured: the package huey is not installed")


def test_a_phase_that_failed_leaves_its_cells_empty_and_its_reason_below() -> None:
    assert set(table.main_table(ROWS, [1000])[3][2:]) == {table.NONE}
    assert table.troubles(ROWS) == ["Celery, Redis: over: ended: boom"]


def test_under_a_quota_the_throttled_and_missed_are_shares() -> None:
    cells = table.quota_table(ROWS, "25")
    assert cells[1][-2:] == ["3.4%", "0.0%"]
    assert [line[0] for line in cells] == ["", "watcher run", "Celery, Redis"]


def test_markdown_has_the_same_cells_in_each_line() -> None:
    lines = table.markdown(table.main_table(ROWS, [1000, 10_000])).splitlines()
    assert {line.count("|") for line in lines} == {12}


def test_json_brings_back_the_rows() -> None:
    assert table.from_json(table.to_json(ROWS, {"waiting": [1000]})) == (ROWS, {"waiting": [1000]})


def test_the_plot_is_a_png_of_those_that_were_measured(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib comes with the extra `dev`")
    from tests.benchmarks.peers.plots import draw_peers

    assert draw_peers(ROWS, tmp_path / "peers.png")
    assert (tmp_path / "peers.png").read_bytes().startswith(b"\x89PNG")
    assert not draw_peers([SKIPPED, BROKEN], tmp_path / "none.png")
    assert not (tmp_path / "none.png").exists()
