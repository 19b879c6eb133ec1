import pytest
from tenacity import wait_none


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Backends that fail are tried again at once."""
    for strategy in ("stage._backoff", "circuit._while_closed", "circuit._while_open"):
        monkeypatch.setattr(f"watcher.{strategy}", wait_none())
