"""The demo's daemon as a real process: it starts, is stopped, or says why it can't go on."""

import signal
from pathlib import Path

import pytest

from watcher.cli.demo.process import start_daemon
from watcher.cli.demo.snapshot import scrape
from watcher.cli.demo.workspace import DemoError, Workspace

NOWHERE = "http://127.0.0.1:1"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """With settings whose endpoint nothing listens at."""
    workspace = Workspace(tmp_path)
    workspace.furnish(NOWHERE)
    return workspace


def test_it_says_where_its_metrics_are_and_stops_cleanly(workspace: Workspace) -> None:
    with start_daemon(workspace) as daemon:
        daemon.check()
        assert daemon.metrics_url == f"http://{daemon.host}:{daemon.port}/metrics"
        while (found := scrape(daemon)) is None:  # on a busy machine the first may come too late
            daemon.check()
        assert found.in_flight == 0
        daemon.stop()
        assert daemon.process.returncode == 0
        with pytest.raises(DemoError, match="ended with exit code 0"):
            daemon.check()


def test_one_that_dies_is_reported_with_its_last_lines(workspace: Workspace) -> None:
    with start_daemon(workspace) as daemon:
        daemon.process.kill()
        daemon.process.wait(10)
        with pytest.raises(DemoError, match="ended with exit code -9; its last lines:") as caught:
            daemon.check()
        with pytest.raises(DemoError, match="exit code -9"):
            daemon.stop()
    assert '"event": "started"' in str(caught.value)


def test_it_ends_with_the_block_whatever_happens_there(workspace: Workspace) -> None:
    with pytest.raises(KeyboardInterrupt), start_daemon(workspace) as daemon:
        raise KeyboardInterrupt
    assert daemon.process.returncode is not None
    assert daemon.process.returncode in (0, -signal.SIGTERM, -signal.SIGKILL)


def test_one_that_does_not_start_is_reported_with_its_last_lines(workspace: Workspace) -> None:
    workspace.config.write_text("[http]\nport = -1\n")
    with (
        pytest.raises(DemoError, match=r"(?s)ended with exit code 78; its last lines:\n .*http\.port = -1"),
        start_daemon(workspace),
    ):
        pytest.fail("it started")
