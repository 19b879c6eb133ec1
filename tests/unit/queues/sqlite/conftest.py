"""One embedded queue, on a clock that the test moves."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support import ManualClock
from watcher.queues.sqlite.queue import SqliteQueue


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "q.db"


@pytest.fixture
def queue(path: Path, clock: ManualClock) -> Iterator[SqliteQueue]:
    with closing(SqliteQueue(path, 60, clock, boot=1)) as opened:
        yield opened
