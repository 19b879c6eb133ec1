"""A file of the database is deleted under a watcher at work: it stops, and no session gets two decisions."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.conftest import PATIENCE, Daemon, put_on_queue
from watcher.simulator import SessionScript, Simulator

SESSIONS = 100


@pytest.mark.parametrize(
    "names",
    [["-wal"], ["-shm"], ["-wal", "-shm"], ["", "-wal", "-shm"], [""]],
    ids=["log", "index", "log and index", "all", "database"],
)
@pytest.mark.parametrize("replaced", [False, True], ids=["deleted", "replaced"])
def test_a_watcher_whose_database_is_lost_stops_before_it_decides_twice(
    tmp_path: Path,
    start: Callable[..., Daemon],
    simulator: Simulator,
    environment: dict[str, str],
    names: list[str],
    replaced: bool,
) -> None:
    short, long = SessionScript(created_for=0, in_progress_for=2), SessionScript(created_for=0, in_progress_for=100)
    ids = [simulator.create_session(short if n % 2 else long) for n in range(SESSIONS)]
    put_on_queue(tmp_path, *ids)
    # Short leases: nothing can be given back, and the second watcher waits for their end.
    daemon = start(WATCHER_QUEUE__VISIBILITY_TIMEOUT="10")
    daemon.wait_for_decisions(SESSIONS // 10)
    for suffix in names:
        file = tmp_path / f"watcher.db{suffix}"
        copy = file.read_bytes()
        file.unlink()
        if replaced:
            file.write_bytes(copy)
    assert daemon.end() == 1
    assert any("was removed or replaced while it was open: restart the watcher" in line for line in daemon.stray)
    assert not any("Traceback" in line for line in daemon.stray)
    events = list(daemon.decisions)
    if "" not in names and not replaced:
        again = start("--until-empty")
        assert again.process.wait(3 * PATIENCE) == 0
        again.end()
        events += again.decisions
        assert {event["subject"] for event in events} == set(ids), "an id was lost"
    # The same event may come again after a restart, never another one.
    assert len({str(event) for event in events}) == len({event["subject"] for event in events})
