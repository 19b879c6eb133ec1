"""An SQLite file with a table of things."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.unit.support.sqlite_things import ONE
from watcher.domain.errors import QueueError
from watcher.util.sqlite_file import SqliteFile


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "f.db"


@pytest.fixture
def file(path: Path) -> Iterator[SqliteFile]:
    with closing(SqliteFile(path, ONE, QueueError)) as opened:
        yield opened
