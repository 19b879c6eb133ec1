from typing import Any

import pytest

from tests.sink_clients import sink_clients


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The boto3 clients of the sinks that the test makes."""
    return sink_clients(monkeypatch)
