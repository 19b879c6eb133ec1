"""Each fault becomes the exception that botocore's own HTTP session raises for it, each answer the same answer."""

import contextlib
import gzip
import inspect
import json
import socket
import ssl
import struct
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import UNSIGNED, httpsession
from botocore.config import Config

from tests.integration.support.servers import ANSWER, SESSION_ID, Script, Server, reply, without_botocores_sender
from watcher.aws.call_deadline import enforce_call_deadline

Serve = Callable[..., Server]
PLENTY, SHORT = 30.0, 0.4
"""Seconds for connecting and for a read; `SHORT` where the test is about too little time."""


def make(url: str, *, is_ours: bool, verify: Any = None, limit: float = PLENTY, **config: Any) -> Any:
    session = botocore.session.Session()
    client = session.create_client(
        "rekognition",
        region_name="us-east-1",
        endpoint_url=url,
        verify=verify,
        config=Config(
            signature_version=UNSIGNED,
            retries={"total_max_attempts": 1},
            connect_timeout=limit,
            read_timeout=limit,
            **config,
        ),
    )
    if is_ours:
        enforce_call_deadline(client, session, connect_timeout=limit, read_timeout=limit, verify=verify)
    return client


def seen(url: str, *, is_ours: bool, **options: Any) -> str:
    """What a call comes to: the answer's members, or the exception with its text as far as it says nothing of TLS."""
    check = without_botocores_sender() if is_ours else contextlib.nullcontext()
    with contextlib.closing(make(url, is_ours=is_ours, **options)) as client, warnings.catch_warnings(), check:
        warnings.simplefilter("ignore")  # urllib3's, about what is not verified
        try:
            answer = client.get_face_liveness_session_results(SessionId=SESSION_ID)
        except Exception as error:  # noqa: BLE001 - whatever it is, it has to be the same
            return f"{type(error).__name__}: {str(error).partition(': [SSL')[0].partition('/ ')[0]}"
        return json.dumps({name: value for name, value in answer.items() if name != "ResponseMetadata"})


def check(url: str, expected: str, **options: Any) -> None:
    stock, ours = seen(url, is_ours=False, **options), seen(url, is_ours=True, **options)
    assert ours == stock
    assert ours.startswith(expected)


def once(data: bytes) -> Script:
    def script(server: Server, sock: socket.socket) -> None:
        server.read_request(sock)
        sock.sendall(data)

    return script


def reset(_: Server, sock: socket.socket) -> None:
    sock.recv(10)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def plain(_: Server, sock: socket.socket) -> None:
    """A server without TLS."""
    sock.recv(65536)
    sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def stall(server: Server, sock: socket.socket) -> None:
    server.read_request(sock)
    server.stopped.wait()


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
MANY_HEADERS = b"".join(b"X-%d: a\r\n" % number for number in range(101))
BODY = json.dumps(ANSWER).encode()
ANSWERS = {
    "plain": (reply(ANSWER), '{"SessionId"'),
    "chunks": (CHUNKED + b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY), '{"SessionId"'),
    "chunks with extension and trailer": (
        CHUNKED + b"%x;a=b\r\n%b\r\n0\r\nX-Trailer: a\r\n\r\n" % (len(BODY), BODY),
        '{"SessionId"',
    ),
    "until close": (b"HTTP/1.1 200 OK\r\n\r\n" + BODY, '{"SessionId"'),
    "HTTP/1.0": (b"HTTP/1.0 200 OK\r\n\r\n" + BODY, '{"SessionId"'),
    "continue": (b"HTTP/1.1 100 Continue\r\n\r\n" + reply(ANSWER), '{"SessionId"'),
    "gzip, which nobody asked for": (
        reply(gzip.compress(BODY), **{"Content-Encoding": "gzip"}),
        "UnicodeDecodeError",
    ),
    "no content": (b"HTTP/1.1 204 No Content\r\n\r\n", "{}"),
    "protocol change": (b"HTTP/1.1 101 Switching\r\n\r\n", "{}"),
    "broken off": (reply(ANSWER)[:-1], "{}"),
    "headers broken off": (b"HTTP/1.1 200 OK\r\nX-A: b\r\n", "{}"),
    "redirect": (reply(b"", "302 Found", Location="http://localhost:1/"), "ClientError"),
    "throttled": (reply({"__type": "ThrottlingException", "Message": "no"}, "400 Bad"), "ThrottlingException"),
    "hung up": (b"", "ConnectionClosedError"),
    "not HTTP": (b"not HTTP\r\n\r\n", "ConnectionClosedError"),
    "HTTP/2": (b"HTTP/2 200 OK\r\n\r\n", "ConnectionClosedError"),
    "bad chunk": (CHUNKED + b"zz\r\n", "ConnectionClosedError"),
    "chunk broken off": (CHUNKED + b"4\r\n{}", "ConnectionClosedError"),
    "chunks without an end": (CHUNKED + b"2\r\n{}\r\n", "ConnectionClosedError"),
    "too many headers": (b"HTTP/1.1 200 OK\r\n" + MANY_HEADERS + b"\r\n{}", "ConnectionClosedError"),
}


@pytest.mark.parametrize(("data", "expected"), ANSWERS.values(), ids=ANSWERS)
def test_an_answer(serve: Serve, data: bytes, expected: str) -> None:
    if data == ANSWERS["broken off"][0] and "enforce_content_length" not in inspect.getsource(httpsession):
        pytest.skip("this botocore leaves it to urllib3 to compare lengths, later ones and we to the parser")
    check(serve(script=once(data)).url, expected)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_nobody_listens(serve: Serve, scheme: str) -> None:
    server = serve()
    server.close()
    check(f"{scheme}://localhost:{server.port}", "EndpointConnectionError")
    check(f"{scheme}://nowhere.invalid", "EndpointConnectionError")


def test_a_scheme_that_nobody_supports() -> None:
    check("ftp://localhost", "HTTPClientError")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_connecting_takes_too_long(full: int, scheme: str) -> None:
    check(f"{scheme}://127.0.0.1:{full}", "ConnectTimeoutError", limit=SHORT)


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    ("script", "expected"), [(stall, "ReadTimeoutError"), (reset, "ConnectionClosedError")], ids=["stall", "reset"]
)
def test_a_server_that_says_nothing(serve: Serve, scheme: str, script: Script, expected: str) -> None:
    limit = SHORT if script is stall else PLENTY
    check(f"{scheme}://localhost:{serve(script=script).port}", expected, limit=limit)


def test_tls_to_a_server_without(serve: Serve) -> None:
    check(f"https://localhost:{serve(script=plain).port}", "SSLError")


def test_certificates(secure: Server, certificate: tuple[Path, Path]) -> None:
    check(secure.url, "SSLError")
    check(secure.url, '{"SessionId"', verify=str(certificate[0]))
    check(secure.url, '{"SessionId"', verify=False)
    check(secure.url.replace("localhost", "127.0.0.1"), "SSLError", verify=str(certificate[0]))
    check(secure.url, "SSLError", verify="/nowhere")


@pytest.mark.parametrize("name", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"])
def test_a_ca_bundle_of_the_environment(
    secure: Server, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, str(certificate[0]))
    check(secure.url, '{"SessionId"')


def test_a_client_certificate(serve: Serve, tls: ssl.SSLContext, certificate: tuple[Path, Path]) -> None:
    tls.verify_mode = ssl.CERT_REQUIRED
    tls.load_verify_locations(certificate[0])
    shown: list[Any] = []

    def script(server: Server, sock: socket.socket) -> None:
        shown.append(sock.getpeercert() if isinstance(sock, ssl.SSLSocket) else None)
        server.read_request(sock)
        sock.sendall(reply(ANSWER))

    server = serve(script=script, context=tls)
    both = (str(certificate[0]), str(certificate[1]))
    check(server.url, '{"SessionId"', verify=str(certificate[0]), client_cert=both)
    assert shown[0] == shown[1] != {}
    check(server.url, "ConnectionClosedError", verify=False, client_cert="/nowhere")


def test_the_server_is_told_its_name(serve: Serve, tls: ssl.SSLContext, certificate: tuple[Path, Path]) -> None:
    names: list[str | None] = []
    tls.sni_callback = lambda _sock, name, _context: names.append(name)
    server = serve(reply(ANSWER), context=tls)
    check(server.url, '{"SessionId"', verify=str(certificate[0]))
    check(server.url.replace("localhost", "127.0.0.1"), '{"SessionId"', verify=False)
    assert names == ["localhost", "localhost", None, None]


@pytest.fixture
def proxied(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Send all calls through this proxy."""

    def use(url: str) -> None:
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.setenv("HTTP_PROXY", url)
        monkeypatch.setenv("HTTPS_PROXY", url)

    return use


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("proxy", ["http", "https"])
def test_a_proxy_that_is_not_there(
    serve: Serve, full: int, proxied: Callable[[str], None], proxy: str, scheme: str
) -> None:
    server = serve()
    server.close()
    for where, limit in (
        (f"localhost:{server.port}", PLENTY),
        ("nowhere.invalid", PLENTY),
        (f"127.0.0.1:{full}", SHORT),
    ):
        proxied(f"{proxy}://{where}")
        check(f"{scheme}://rekognition.example", "ProxyConnectionError", limit=limit)


CONNECTS = {
    "refused": (once(reply(b"no", "403 Forbidden")), "ProxyConnectionError"),
    "wants a password": (once(reply(b"no", "407 Proxy Authentication Required")), "ProxyConnectionError"),
    "hung up": (once(b""), "ConnectionClosedError"),
    "garbage": (once(b"garbage\r\n\r\n"), "ConnectionClosedError"),
    "reset": (reset, "ConnectionClosedError"),
    "tunnel to nothing": (once(b"HTTP/1.1 200 OK\r\n\r\n"), "SSLError"),
    "stall": (stall, "ReadTimeoutError"),
}


@pytest.mark.parametrize(("script", "expected"), CONNECTS.values(), ids=CONNECTS)
def test_a_proxy_that_opens_no_tunnel(
    serve: Serve, proxied: Callable[[str], None], script: Script, expected: str
) -> None:
    proxied(serve(script=script).url)
    check("https://rekognition.example", expected, limit=SHORT if script is stall else PLENTY)


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("script", [stall, plain], ids=["stall", "plain"])
def test_an_https_proxy_without_tls(
    serve: Serve, proxied: Callable[[str], None], script: Script, scheme: str
) -> None:
    proxied(f"https://localhost:{serve(script=script).port}")
    limit = SHORT if script is stall else PLENTY
    check(f"{scheme}://rekognition.example", "ProxyConnectionError", limit=limit)


def test_an_https_proxys_certificate(
    secure: Server, certificate: tuple[Path, Path], proxied: Callable[[str], None]
) -> None:
    proxied(secure.url)
    check("https://rekognition.example", "ProxyConnectionError")
    # botocore verifies no proxy for a target that is not https.
    check("http://rekognition.example", '{"SessionId"')
    check("http://rekognition.example", '{"SessionId"', verify=str(certificate[0]))


@pytest.mark.parametrize("url", ["http://localhost:port", "http://[::1", "http://a..b:80"])
def test_a_proxy_url_that_can_not_be_read(proxied: Callable[[str], None], url: str) -> None:
    proxied(url)
    stock = seen("http://rekognition.example", is_ours=False)
    ours = seen("http://rekognition.example", is_ours=True)
    assert ours.partition(":")[0] == stock.partition(":")[0] == "HTTPClientError"
    assert "the proxy's URL is invalid" in ours


@pytest.fixture
def full() -> Iterator[int]:
    """A port where connecting hangs: it listens, takes nobody, and its queue is full."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]
