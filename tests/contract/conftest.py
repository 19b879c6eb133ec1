"""One fixture for a watcher's view, one for the backend behind it; each test runs over every backend."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.contract.backends import LEDGERS, MEMORIES, QUEUES, LedgerBackend, MemoryBackend, QueueBackend
from tests.contract.hint_log_backends import HINT_LOGS, HintLogBackend
from watcher.domain.ports import Ledger, Queue


@pytest.fixture(params=QUEUES)
def queues(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[QueueBackend]:
    with ExitStack() as stack:
        yield QUEUES[request.param](tmp_path, stack, lambda: request.getfixturevalue("moto"))


@pytest.fixture
def queue(queues: QueueBackend) -> Queue:
    return queues.open()


@pytest.fixture(params=LEDGERS)
def ledgers(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LedgerBackend]:
    with ExitStack() as stack:
        yield LEDGERS[request.param](tmp_path, stack, lambda: request.getfixturevalue("moto"))


@pytest.fixture
def ledger(ledgers: LedgerBackend) -> Ledger:
    return ledgers.open()


@pytest.fixture(params=MEMORIES)
def memories(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MemoryBackend]:
    with ExitStack() as stack:
        yield MEMORIES[request.param](tmp_path, stack, lambda: request.getfixturevalue("moto"))


@pytest.fixture(params=HINT_LOGS)
def hint_logs(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[HintLogBackend]:
    with ExitStack() as stack:
        yield HINT_LOGS[request.param](tmp_path, stack, lambda: request.getfixturevalue("moto"))
