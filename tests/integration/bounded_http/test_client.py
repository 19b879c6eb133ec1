"""Calls to URLs: what is sent, over which connection, and what is refused before anything is sent."""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest

from tests.integration.support.proxies import AUTHORIZATION, with_password
from tests.integration.support.servers import Server, reply
from watcher.bounded_http.client import ConnectionSettings, Headers, HttpClient
from watcher.bounded_http.errors import InvalidRequest, ReadTimedOut, ResponseTooLarge

Serve = Callable[..., Server]
PLENTY = 30.0


@pytest.fixture
def client_of() -> Iterator[Callable[..., HttpClient]]:
    """Makes clients without a proxy, and closes them."""
    with ExitStack() as stack:

        def make(**settings: Any) -> HttpClient:
            given = {"connect_timeout": PLENTY, "read_timeout": PLENTY, "max_body": 1000, "connections": 2}
            return stack.enter_context(
                closing(HttpClient(ConnectionSettings(**{"proxies": {}, **given, **settings})))
            )

        yield make


ClientOf = Callable[..., HttpClient]


def lines_of(head: bytes) -> list[str]:
    return head.decode().split("\r\n")


def test_a_call_has_what_http_requires_and_returns_the_response(serve: Serve, client_of: ClientOf) -> None:
    server = serve(reply(b"hello", "201 Created", **{"X-A": "b"}))
    response = client_of().call("POST", f"{server.url}/a/b?c=d#e", [("X-Given", b"1"), ("X-Text", "ü")], b"body")
    assert (response.status, response.headers["X-A"], b"".join(response.stream())) == (201, "b", b"hello")
    assert lines_of(server.requests[0]) == [
        "POST /a/b?c=d HTTP/1.1",
        "X-Given: 1",
        "X-Text: ü",
        f"Host: localhost:{server.port}",
        "Accept-Encoding: identity",
        "Content-Length: 4",
    ]


def test_headers_that_are_given_are_not_added(serve: Serve, client_of: ClientOf) -> None:
    server = serve(reply(b""))
    given = [("HOST", "a"), ("accept-encoding", "gzip"), ("Content-Length", "2")]
    client_of().call("PUT", server.url, given, b"ab")
    assert lines_of(server.requests[0])[1:] == ["HOST: a", "accept-encoding: gzip", "Content-Length: 2"]


@pytest.mark.parametrize(("method", "has_length"), [("GET", False), ("DELETE", False), ("POST", True), ("PUT", True)])
def test_an_empty_body_has_a_length_where_one_is_expected(
    serve: Serve, client_of: ClientOf, method: str, *, has_length: bool
) -> None:
    server = serve(reply(b""))
    client_of().call(method, server.url, [])
    assert ("Content-Length: 0" in lines_of(server.requests[0])) is has_length


def test_connections_are_shared_by_the_calls_to_an_origin(serve: Serve, client_of: ClientOf) -> None:
    servers = [serve(reply(b"")), serve(reply(b""))]
    client = client_of()
    for path in ("/", "/a", "/a?b"):
        for server in servers:
            client.call("GET", server.url + path, [])
            client.call_for_head("POST", server.url + path, [], b"x")
    assert [(server.connections, len(server.requests)) for server in servers] == [(1, 6), (1, 6)]


def test_a_closed_client_that_is_used_again_opens_connections_again(serve: Serve, client_of: ClientOf) -> None:
    server = serve(reply(b""))
    client = client_of()
    for connections in (1, 2):
        client.call("GET", server.url, [])
        assert server.connections == connections
        client.close()


@pytest.mark.parametrize(
    "headers", [[("A", "hunter2\r\nB: c")], [("A", b"hunter2\n")], [("hunter2\r", "b")], [("A", "\rhunter2")]]
)
def test_a_header_with_a_line_break_is_refused_without_a_quote(
    serve: Serve, client_of: ClientOf, headers: Headers
) -> None:
    server = serve(reply(b""))
    with pytest.raises(InvalidRequest, match="line break") as caught:
        client_of().call("POST", server.url, headers, b"\r\n in a body is fine")
    assert "hunter2" not in str(caught.value)
    assert server.connections == 0


@pytest.mark.parametrize("path", ["/a b", "/ü", "/a\x7f", "/\x01"])
def test_a_url_with_characters_that_have_to_be_escaped_is_refused(
    serve: Serve, client_of: ClientOf, path: str
) -> None:
    server = serve(reply(b""))
    with pytest.raises(InvalidRequest, match="have to be escaped"):
        client_of().call("GET", server.url + path, [])
    with pytest.raises(InvalidRequest, match="have to be escaped"):
        client_of().call("GET /x", server.url, [])
    assert server.connections == 0


@pytest.mark.parametrize("url", ["ftp://a", "http://", "http://a..b/", "http://a:b/"])
def test_what_is_no_url_to_call_is_refused(client_of: ClientOf, url: str) -> None:
    with pytest.raises(InvalidRequest):
        client_of().call("GET", url, [])
    with pytest.raises(InvalidRequest):
        client_of().proxy_for(url)


def test_a_body_over_the_limit_is_not_read(serve: Serve, client_of: ClientOf) -> None:
    server = serve(reply(b"x" * 11))
    assert client_of(max_body=11).call("GET", server.url, []).status == 200
    with pytest.raises(ResponseTooLarge):
        client_of(max_body=10).call("GET", server.url, [])


def test_one_call_can_have_a_read_time_out_of_its_own(serve: Serve, client_of: ClientOf) -> None:
    def script(server: Server, sock: socket.socket) -> None:
        if server.connections > 1:
            server.stopped.wait()
        while server.read_request(sock):
            server.stopped.wait(0.02)  # longer than the other calls wait
            sock.sendall(reply(b""))

    server = serve(script=script)
    client = client_of(read_timeout=0.001, connections=1)
    assert client.call("GET", server.url, [], read_timeout=PLENTY).status == 200
    client.close()
    with pytest.raises(ReadTimedOut):
        client.call("GET", server.url, [])


def test_http_goes_to_a_proxy_in_the_absolute_form_with_its_password(serve: Serve, client_of: ClientOf) -> None:
    proxy = serve(reply(b""))
    client = client_of(proxies={"http": with_password(proxy.url)})
    client.call("GET", "http://receiver.example:81/a?b", [])
    client.call_for_head("GET", "http://receiver.example/", [])
    assert [lines_of(head)[:3] for head in proxy.requests] == [
        [
            "GET http://receiver.example:81/a?b HTTP/1.1",
            AUTHORIZATION.decode(),
            "Host: receiver.example:81",
        ],
        [
            "GET http://receiver.example/ HTTP/1.1",
            AUTHORIZATION.decode(),
            "Host: receiver.example",
        ],
    ]
    found = client.proxy_for("http://receiver.example")
    assert found is not None
    assert found.shown == proxy.url


def test_the_environment_names_the_proxy_unless_it_is_given(
    client_of: ClientOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "direct.example")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    client = client_of(proxies=None)
    found = client.proxy_for("https://receiver.example")
    assert found is not None
    assert found.shown == "http://proxy.example:3128"
    assert client.proxy_for("https://direct.example") is None
    assert client_of(proxies={}).proxy_for("https://receiver.example") is None
