"""What is read of a response, and how long a connection is worth waiting for."""

from typing import NamedTuple


class Limits(NamedTuple):
    """What is read of a response, and how long a connection is worth waiting for."""

    read_size: int = 65536
    """Bytes of a read: a whole response without images, and more than a TLS record."""

    head: int = 65536
    """Maximum bytes of a status line and headers, including interim responses. AWS's have about 500, and common
    servers allow 8 to 64 KiB."""

    interim_answers: int = 10
    """Maximum interim responses that are skipped."""

    headers: int = 100
    """Maximum headers of a response, as in the standard library."""

    length_digits: int = 15
    """Maximum digits of a plain length; Python refuses to convert thousands."""

    block: int = 4 * 1024 * 1024
    """Bytes of a body in one piece: no more memory than that is allocated in advance, whatever was announced."""

    unread_response: int = 16 * 1024
    """Maximum bytes of a response without a needed body, including its head, that are read to keep the connection."""

    finish_seconds: float = 0.1
    """Seconds that the next call waits for the rest of such a body: many servers send it right after the head, and a
    new connection takes as long."""

    headers_seconds: float = 1.0
    """Seconds for the headers after a status line: servers send both in one packet."""


LIMITS = Limits()
