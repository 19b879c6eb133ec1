"""What is read of a response, and how long a connection is worth waiting for."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What is read of a response, and how long a connection is worth waiting for."""

    read_size: int = 65536
    """Bytes of a read: a whole response without images, and more than a TLS record."""

    head: int = 65536
    """Bytes of a status line and headers, interim responses included. AWS's have about 500, and common servers allow
    8 to 64 KiB."""

    interim_answers: int = 10
    """Interim responses that are passed over."""

    headers: int = 100
    """Headers of a response, as in the standard library."""

    length_digits: int = 15
    """Digits of a length that is plain; Python refuses to make a number of thousands."""

    block: int = 4 * 1024 * 1024
    """Bytes of a body in one piece: room is made for no more than that before it comes, whatever was announced."""

    unread_response: int = 16 * 1024
    """Bytes of a response, head included, whose body nobody wants, that are read to keep the connection."""

    finish_seconds: float = 0.1
    """Seconds that the next call waits for the rest of such a body: many servers send it right after the head, and
    another connection takes as long."""

    headers_seconds: float = 1.0
    """Seconds for headers whose status line has come: servers send both in one packet."""


LIMITS = Limits()
