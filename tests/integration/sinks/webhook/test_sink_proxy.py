"""Webhooks through the proxy that the environment names."""

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.support.proxies import AUTHORIZATION, tunnel, with_password
from tests.integration.support.servers import Server, reply
from tests.integration.support.webhooks import Receive, Sinks, failure
from tests.support import decision
from watcher.app.startup_log import startup_fields
from watcher.cli.check.sinks import check_sinks
from watcher.config import Settings
from watcher.config.sinks import WebhookSinkSettings
from watcher.domain.errors import ConfigError
from watcher.sinks.webhook.sink import WebhookSink


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def tunnelling() -> Iterator[Server]:
    proxy = Server(tunnel)
    yield proxy
    proxy.close()


@pytest.fixture
def forwarding() -> Iterator[Server]:
    def script(server: Server, sock: socket.socket) -> None:
        while server.read_request(sock):
            sock.sendall(reply(b"", "204 No Content"))

    proxy = Server(script)
    yield proxy
    proxy.close()


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy"])
def test_an_https_receiver_is_called_through_a_tunnel(
    receive: Receive,
    webhook_for: Sinks,
    tunnelling: Server,
    tls: ssl.SSLContext,
    certificate: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    receiver = receive(context=tls)
    monkeypatch.setenv(name, with_password(tunnelling.url))
    sink = webhook_for(receiver.url, ca_bundle=str(certificate[0]))
    sink.emit([decision(1), decision(2)])
    assert len(receiver.got) == 2
    (head,) = tunnelling.requests
    assert head.startswith(b"CONNECT localhost:%d " % receiver.port)
    assert AUTHORIZATION in head
    assert "proxy-authorization" not in receiver.got[0].headers


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy"])
def test_an_http_receiver_is_called_in_the_absolute_form(
    webhook_for: Sinks, forwarding: Server, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, with_password(forwarding.url))
    webhook_for("http://localhost:1/hook?a=b").emit([decision(1)])
    (head,) = forwarding.requests
    assert head.startswith(b"POST http://localhost:1/hook?a=b HTTP/1.1\r\n")
    assert AUTHORIZATION in head


@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
def test_a_receiver_that_needs_no_proxy_is_called_straight(
    receive: Receive, webhook_for: Sinks, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://localhost:1")
    monkeypatch.setenv(name, "localhost")
    receiver = receive()
    webhook_for(receiver.url).emit([decision(1)])
    assert len(receiver.got) == 1


@pytest.mark.parametrize("address", ["169.254.169.254", "10.0.0.1", "fd00:ec2::254"])
def test_a_forbidden_address_is_refused_though_a_proxy_would_connect(
    webhook_for: Sinks, forwarding: Server, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    real = socket.getaddrinfo

    def resolve(name: str, *args: Any, **kwargs: Any) -> Any:
        return real(address if name == "hook.example" else name, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setenv("HTTP_PROXY", forwarding.url)
    assert f"{address} is" in str(failure(webhook_for("http://hook.example/", allow_private=False)))
    assert forwarding.requests == []


def test_a_proxy_that_is_not_there_is_named_without_its_password(
    webhook_for: Sinks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://user:hunter2@localhost:1")
    text = str(failure(webhook_for("http://localhost:2/")))
    assert "the proxy http://localhost:1 can't be reached" in text
    assert "hunter2" not in text


def test_a_proxy_url_that_can_not_be_read_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://user:hunter2@host:port")
    with pytest.raises(ConfigError) as caught:
        WebhookSink(WebhookSinkSettings(name="hook", url="https://example.com/"))
    assert caught.value.problems == ["sinks.hook: the proxy's URL is invalid; write it like http://host:port"]


def test_check_and_the_start_name_the_proxy_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(sinks=[WebhookSinkSettings(name="hook", url="https://hook.example/T0KEN")])
    monkeypatch.setenv("HTTPS_PROXY", "http://user:hunter2@proxy.example:3128")
    (line,) = map(str, check_sinks(settings, offline=False))
    assert "https://hook.example, through the proxy http://proxy.example:3128" in line
    told = startup_fields(settings, None)["sinks"]
    assert told == ["hook (webhook) https://hook.example through the proxy http://proxy.example:3128"]
    assert "hunter2" not in f"{line} {told}"
