"""Proxies from the environment: HTTP_PROXY, HTTPS_PROXY, NO_PROXY, and the same in lower case."""

import base64
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import unquote
from urllib.request import getproxies, proxy_bypass

from watcher.bounded_http.errors import InvalidRequest
from watcher.bounded_http.origin import Origin, split


class Proxy(NamedTuple):
    """A proxy; `headers` are for its authentication."""

    origin: Origin
    headers: Mapping[str, str]

    @property
    def shown(self) -> str:
        """Its URL without user and password."""
        return f"{self.origin.scheme}://{self.origin.host_header}"


def proxy_for(origin: Origin, proxies: Mapping[str, str] | None = None) -> Proxy | None:
    """The proxy for calls to `origin`; None if they go there directly.

    `proxies`: URLs by the target's scheme, used instead of the environment.

    Raises:
        InvalidRequest: the proxy's URL is invalid.
    """
    if proxies is None:
        proxies = {} if proxy_bypass(origin.authority) else getproxies()
    url = proxies.get(origin.scheme, "")
    return parse_proxy(url) if url else None


def parse_proxy(url: str) -> Proxy:
    """A proxy from its URL; without a scheme it is an http one, as for botocore.

    Raises:
        InvalidRequest: the URL is invalid.
    """
    if not url.startswith(("http:", "https:")):
        url = f"http:{url}" if url.startswith("//") else f"http://{url}"
    try:
        origin, parts = split(url)
    except InvalidRequest as error:
        raise InvalidRequest("the proxy's URL is invalid; write it like http://host:port") from error
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if not user or not password:
        return Proxy(origin, {})
    # A variable may have bytes that are not UTF-8.
    token = base64.b64encode(f"{user}:{password}".encode(errors="surrogateescape")).decode()
    return Proxy(origin, {"Proxy-Authorization": f"Basic {token}"})
