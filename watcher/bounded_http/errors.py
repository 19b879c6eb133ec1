"""The errors of a call. The cause (`__cause__`) is the operating system's or the standard library's error."""

from http.client import HTTPException


class HttpError(Exception):
    """A call failed. The text quotes neither the response nor a header's value."""


class ConnectFailed(HttpError):
    """The name does not resolve, or none of its addresses accepts the connection."""


class ConnectTimedOut(HttpError):
    """No address accepted the connection within the connect limit."""


class ProxyFailed(HttpError):
    """The proxy can't be reached, fails its TLS handshake, or refuses to open a tunnel."""


class TlsFailed(HttpError):
    """The TLS handshake failed, or the TLS session broke."""


class ReadTimedOut(HttpError):
    """The connection was established, but the response did not come in time."""


class ConnectionBroken(HttpError):
    """The connection ended before the response was complete, or the response is not HTTP.

    `is_unanswered`: not a single byte of a response came.
    """

    def __init__(self, message: str, *, is_unanswered: bool = False) -> None:
        super().__init__(message)
        self.is_unanswered = is_unanswered


class ResponseTooLarge(HttpError, HTTPException):
    """The response exceeds a limit, and is not read further."""


class InvalidRequest(HttpError):
    """A URL, proxy URL or header that can't be sent."""
