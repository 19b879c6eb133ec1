"""The comparison with peers works, in a very small form; what it measures is for people to read."""

from dataclasses import replace

import pytest

from tests.benchmarks import bench_peers
from tests.benchmarks.peers.environment import SKIP, VARIABLE, missing
from tests.benchmarks.peers.measure import Plan, measure
from tests.benchmarks.peers.workers import WATCHER_NAME, Peer, direct, peers

SMALL = Plan(time_scale=20.0, arrivals=((0, 10),), seconds=0.1, over=20, waiting=(10, 20))
"""One session arrives, and ends after 1.4 s of 9: nothing here hangs on how fast the machine is."""

TRAFFIC_ONLY = replace(SMALL, arrivals=((25, 10),), over=0, waiting=())
QUEUES = [peer for peer in peers() if peer.name.startswith(("huey", "dramatiq", "Celery"))]
TENACITY = "tenacity"


def test_the_watcher_is_measured_beside_a_peer_and_what_cannot_run_says_why(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    rows = bench_peers.compare([WATCHER_NAME, TENACITY, "aiobotocore"], SMALL, SKIP)
    bench_peers.show(rows, SMALL)
    printed = capsys.readouterr().out
    measured, skipped = rows[:2], rows[2]
    for row in measured:
        assert row.trouble == ""
        assert row.rate
        assert row.traffic
        assert row.traffic["0"].missed == 0.0
        assert row.traffic["0"].calls >= 2.0
        assert row.waiting
        assert [one.polled >= one.sessions for one in row.waiting] == [True, True]
        assert min(one.threads for one in row.waiting) >= 10
    assert skipped.traffic is None
    assert f"not measured: {skipped.trouble}" in printed


@pytest.mark.parametrize("peer", QUEUES, ids=[peer.name for peer in QUEUES])
def test_a_task_queue_decides_its_sessions(peer: Peer) -> None:
    if lacking := missing(peer, ""):
        pytest.skip(lacking)
    row = measure(peer, TRAFFIC_ONLY, print)
    assert row.trouble == ""
    assert row.traffic
    assert row.traffic["25"].missed == 0.0
    assert row.traffic["25"].cpu_ms > 0


def test_a_peer_that_ends_is_a_row_with_its_last_words() -> None:
    row = measure(Peer("none", (), direct("nowhere"), "fixed"), SMALL, print)
    assert row.rate is None
    assert "No module named tests.benchmarks.peers.nowhere" in row.trouble
