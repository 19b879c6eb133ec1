"""Unit tests run without sockets, processes and servers: what needs one belongs to tests/integration."""

import os
import sys
from collections.abc import Iterator

import pytest
from _pytest.runner import runtestprotocol
from tenacity import wait_none

_OUTSIDE = {"socket.connect", "socket.bind", "socket.getaddrinfo", "subprocess.Popen", "os.fork", "os.posix_spawn"}
_is_running = False


def _refuse(event: str, _arguments: object) -> None:
    if event in _OUTSIDE and _is_running:
        pytest.fail(f"a unit test uses {event}: move it to tests/integration")


sys.addaudithook(_refuse)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Iterator[None]:
    """Fail a test that opens a connection or starts a process."""
    global _is_running  # noqa: PLW0603 - an audit hook can't be taken back
    _is_running = True
    try:
        return (yield)
    finally:
        _is_running = False


def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """In a worker of pytest-xdist, report a test that passes once: no start, set-up, tear-down and end.

    Sending all of them takes as long as most of these tests do. A JUnit file and --durations need them.
    """
    option = item.config.option
    if not hasattr(item.config, "workerinput") or option.xmlpath or option.durations is not None:
        return None
    for report in runtestprotocol(item, log=False, nextitem=nextitem):
        if report.when == "call" or not report.passed:
            report.keywords = {}  # a third of what is sent, for nobody
            item.ihook.pytest_runtest_logreport(report=report)
    return True


@pytest.fixture(autouse=True, scope="session")
def own_aws_configuration() -> Iterator[None]:
    """Clients know nothing of this machine's AWS configuration, credentials and proxies."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_CA_BUNDLE", "AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"):
            patch.delenv(name, raising=False)
        patch.setenv("AWS_CONFIG_FILE", os.devnull)
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Backends that fail are tried again at once."""
    for strategy in (
        "util.retry.BACKOFF",
        "delivery.circuit_breaker.WHILE_CLOSED",
        "delivery.circuit_breaker.WHILE_OPEN",
    ):
        monkeypatch.setattr(f"watcher.{strategy}", wait_none())
