import pytest
from tenacity import wait_none


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Backends that fail are tried again at once."""
    for strategy in (
        "util.retry._backoff",
        "delivery.circuit_breaker._while_closed",
        "delivery.circuit_breaker._while_open",
    ):
        monkeypatch.setattr(f"watcher.{strategy}", wait_none())
