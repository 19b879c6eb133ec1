"""Sends an answer over a real socket, with or without faults."""

import socket
import struct
from collections.abc import Callable
from dataclasses import replace

from watcher.simulator.faults import Delivery
from watcher.simulator.http1 import frame
from watcher.simulator.service import TimedReply
from watcher.simulator.wire import Reply, reply

Wait = Callable[[float], bool]
"""Waits this many seconds; returns True at once if the server stops meanwhile."""

_GARBAGE = b"<html><body>upstream connect error or disconnect/reset before headers</body></html>"


def deliver(connection: socket.socket, outcome: TimedReply, wait: Wait, *, keep_alive: bool) -> bool:
    """Send the answer as its delivery says; returns whether the connection may serve another request.

    Raises:
        OSError: the client is gone.
    """
    if outcome.latency > 0 and wait(outcome.latency):
        return False
    delivery = outcome.delivery
    if delivery.kind == "stall":
        _stall(connection, delivery.seconds)
        return False
    if delivery.kind == "reset":
        reset(connection)
        return False
    head, body = frame(_altered(outcome.reply, delivery), keep_alive=keep_alive)
    if delivery.kind == "truncated_body":
        connection.sendall(head + body[: len(body) // 2])
        return False
    if delivery.kind == "drip":
        return _drip(connection, head, body, delivery, wait) and keep_alive
    connection.sendall(head + body)
    return keep_alive


def reset(connection: socket.socket) -> None:
    """Close with an RST instead of a FIN: lingering for zero seconds discards unsent data."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def _altered(good: Reply, delivery: Delivery) -> Reply:
    if delivery.kind == "blank_body":
        return replace(good, http=200, body=b"")
    if delivery.kind == "garbage_body":
        return replace(good, http=200, body=_GARBAGE)
    if delivery.kind == "http_error":
        return reply(delivery.http, _GARBAGE, content_type="text/html")
    return good


def _stall(connection: socket.socket, seconds: float) -> None:
    """Send nothing until time is up, the client hangs up, or the server stops (which ends the receive)."""
    connection.settimeout(max(seconds, 0.001))
    try:
        connection.recv(1)
    except TimeoutError:
        return


def _drip(connection: socket.socket, head: bytes, body: bytes, delivery: Delivery, wait: Wait) -> bool:
    """One byte every `seconds`: a read time-out, which counts from the last byte, never expires."""
    first, slow, rest = (b"", head, body) if delivery.part == "headers" else (head, body, b"")
    connection.sendall(first)
    for position in range(len(slow)):
        if wait(delivery.seconds):
            return False
        connection.sendall(slow[position : position + 1])
    connection.sendall(rest)
    return True
