"""The target of a URL."""

from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from watcher.bounded_http.errors import InvalidRequest

PORTS = {"http": 80, "https": 443}


class Origin(NamedTuple):
    """Scheme, host (IPv6 without brackets, a final dot kept) and port of a URL."""

    scheme: str
    host: str
    port: int

    @property
    def is_tls(self) -> bool:
        """Whether connections to it are encrypted."""
        return self.scheme == "https"

    @property
    def server_name(self) -> str:
        """The host as in certificates and Host headers: without a final dot."""
        return self.host.rstrip(".")

    @property
    def authority(self) -> str:
        """Host and port as in a CONNECT request."""
        host = self.server_name
        return f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"

    @property
    def host_header(self) -> str:
        """The authority, without a default port."""
        return self.authority.removesuffix(f":{self.port}") if self.port == PORTS[self.scheme] else self.authority


def split(url: str) -> tuple[Origin, SplitResult]:
    """The origin of an http or https URL, and the URL's parts.

    Raises:
        InvalidRequest: not such a URL. The text doesn't quote it, because URLs carry passwords.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
        host = (parts.hostname or "").encode("idna").decode()
        host.encode("idna")  # as getaddrinfo does: it refuses empty and long labels, of which the first may make some
    except ValueError as error:  # UnicodeError is one
        raise InvalidRequest("the URL can't be read") from error
    if parts.scheme not in PORTS:
        raise InvalidRequest(f"Not supported URL scheme {parts.scheme}")  # urllib3's words, which the AWS CLI shows
    if not host:
        raise InvalidRequest("the URL has no host")
    return Origin(parts.scheme, host, PORTS[parts.scheme] if port is None else port), parts


def target(parts: SplitResult) -> str:
    """Path and query, as in a request line."""
    return f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
