"""A proxy that opens tunnels on this machine, and what it is asked with."""

import contextlib
import socket
import threading

from tests.integration.support.servers import Server

AUTHORIZATION = b"Proxy-Authorization: Basic dXNlcjpwQHNz"
"""What a call through the proxy of `with_password` says."""


def with_password(url: str) -> str:
    return url.replace("//", "//user:p%40ss@")


def tunnel(server: Server, sock: socket.socket) -> None:
    """A proxy that opens a tunnel to a port of this machine, whatever the host."""
    head = server.read_request(sock)
    port = int(head.split()[1].rpartition(b":")[2])
    with socket.create_connection(("127.0.0.1", port)) as target:
        sock.sendall(b"HTTP/1.1 200 Connection established\r\nX-Proxy: a\r\n\r\n")
        relay(sock, target)


def relay(one: socket.socket, other: socket.socket) -> None:
    """Pass on what either of them says, until both have ended."""
    back = threading.Thread(target=pump, args=(other, one), daemon=True)
    back.start()
    pump(one, other)
    back.join(5)


def pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_RDWR)
