import pytest
from tenacity import wait_none


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Backends that fail are tried again at once."""
    for strategy in ("batch_processor._backoff", "circuit_breaker._while_closed", "circuit_breaker._while_open"):
        monkeypatch.setattr(f"watcher.delivery.{strategy}", wait_none())
