"""The boto3 clients behind the sinks at AWS."""

from typing import Any

import pytest

from watcher.aws.client import build_client


def sink_clients(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Those that sinks make from now on, in order."""
    clients = list[Any]()

    def build(*arguments: Any, **options: Any) -> Any:
        clients.append(build_client(*arguments, **options))
        return clients[-1]

    monkeypatch.setattr("watcher.sinks.aws.client.build_client", build)
    return clients
