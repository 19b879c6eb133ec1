import pytest
from tenacity import wait_none


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Backends that fail are tried again at once."""
    monkeypatch.setattr("watcher.stage._exponential", wait_none())
