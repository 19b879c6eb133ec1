"""URLs of any kind: whether they can be called, and how they are shown."""

import re
from ipaddress import ip_address
from socket import inet_aton, inet_ntoa
from typing import NamedTuple
from urllib.parse import urlsplit

HIDDEN = "***"
"""Replaces what is not shown."""

_FILES = ("sqlite", "dynamodb")
"""Our own schemes, whose URLs name a file or a table."""

_HTTP = re.compile(r"(?P<scheme>https?)://(?P<authority>[^/?#]*)", re.IGNORECASE)
_AUTHORITY_END = re.compile(r"[/\\?#]")
_PATH_END = re.compile(r"[?#]")

LEGACY_REGION = "us-east-1"
"""The region of queue.amazonaws.com, which does not name one."""

_REGION = r"(?P<region>[a-z]{2,}(?:-[a-z]+)+-[0-9]+)"
_PUBLIC = re.compile(rf"sqs\.{_REGION}\.amazonaws\.com(?:\.cn)?")
_LEGACY = re.compile(rf"(?:{_REGION}\.)?queue\.amazonaws\.com(?:\.cn)?")
_NAMED = re.compile(rf"(?:^|\.)sqs(?:-fips)?\.{_REGION}\.")
_LABEL = re.compile(r"(?:sqs(?:-fips)?|queue)", re.IGNORECASE)
# https://docs.aws.amazon.com/general/latest/gr/sqs-service.html has the forms: current names, FIPS, dual-stack, VPC
# endpoints, legacy names. Compatible services use them as well, under their own domains.


def cleaned(url: str) -> str:
    """An http or https URL in one form: trimmed, with scheme and host in lower case. The rest stays unchanged.

    Settings are normalised once, when they are read. Otherwise one reader sees `http` where another sees ` HTTP`, and
    a rule for one does not catch the other.
    """
    stripped = url.strip()
    begin = _HTTP.match(stripped)
    if begin is None:
        return url
    user, at, host = begin["authority"].rpartition("@")
    return f"{begin['scheme'].lower()}://{user}{at}{host.lower()}{stripped[begin.end() :]}"


def is_http_url(url: str) -> bool:
    """Whether this is an http or https URL with a host and a valid port.

    Parsers disagree about spaces, control characters and backslashes in a URL, and so about its target: none is
    allowed. Nor is a host that no resolver takes: one with an empty label, or one of more than 63 characters. In path
    and query only ASCII is allowed, as in a request.
    """
    if not _HTTP.match(url) or not url.isprintable() or any(char in url for char in " \\"):
        return False
    try:
        parts = urlsplit(url)
        # Twice: some characters become dots, between which nothing may be left.
        has_host = bool((parts.hostname or "").encode("idna").decode().encode("idna")) and parts.port != 0
    except ValueError:
        return False
    return has_host and (parts.path + parts.query).isascii()


def is_plain_http(url: str) -> bool:
    """Whether it would be called without TLS."""
    return url.strip().lower().startswith("http:")


def is_loopback(url: str) -> bool:
    """Whether the host is this machine, by its name or address."""
    try:
        host = (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return False
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def own_url(host: str, port: int) -> str:
    """The URL at which this machine reaches its own server; one that listens on all addresses has loopback ones."""
    host = _one_form(host.strip())
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - nothing is bound here
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _one_form(host: str) -> str:
    """An address as it is usually written (`0` and `127.1` are addresses, too); a name unchanged."""
    try:
        return str(ip_address(host)) if ":" in host else inet_ntoa(inet_aton(host))
    except (OSError, ValueError):
        return host


def without_secrets(url: str, *, mark: str = "", hides_path: bool = False) -> str:
    """A URL without user and password, query and fragment, of any length; `mark` replaces each.

    `hides_path`: also without the path, which is the password of some webhooks. A text that is not a URL is not
    changed if no part of it can be a password.
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        return HIDDEN if hides_path or "@" in url else url
    if scheme.lower() in _FILES:
        return _file_without_secrets(scheme.lower(), rest)
    authority = _AUTHORITY_END.split(rest, maxsplit=1)[0]
    tail = rest[len(authority) :]
    if "@" in tail and "@" not in authority:  # perhaps a password with a slash
        return f"{scheme.lower()}{separator}{HIDDEN}"
    _, at, host = authority.rpartition("@")
    path = _PATH_END.split(tail, maxsplit=1)[0]
    before = f"{mark}@" if mark and at else ""
    after = f"{tail[len(path)]}{mark}" if mark and len(path) < len(tail) else ""
    return f"{scheme.lower()}{separator}{before}{host}{_hidden(path, mark) if hides_path else path}{after}"


def _file_without_secrets(scheme: str, rest: str) -> str:
    """Without user and password, which other databases' URLs have. A path with `@` but without a colon stays."""
    before, at, place = rest.rpartition("@")
    has_user = at and (":" in before or not rest.startswith("/"))
    return f"{scheme}://{HIDDEN}@{place}" if has_user else f"{scheme}://{rest}"


def _hidden(path: str, mark: str) -> str:
    return path if len(path) <= 1 else f"/{mark}" if mark else ""


class QueuePlace(NamedTuple):
    """Where a queue is. Empty: a `region` that the URL doesn't name; an `endpoint` that is AWS's public one.

    A client knows those best, from the name and AWS's own variables (AWS_ENDPOINT_URL_SQS, AWS_USE_FIPS_ENDPOINT).
    """

    region: str
    endpoint: str


def queue_place(url: str) -> QueuePlace:
    """Region and endpoint of the queue with this URL. A FIPS, dual-stack or VPC endpoint is called as named."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if legacy := _LEGACY.fullmatch(host):
        return QueuePlace(legacy["region"] or LEGACY_REGION, "")
    named = _NAMED.search(host)
    is_public = _PUBLIC.fullmatch(host) and parts.port is None
    return QueuePlace(named["region"] if named else "", "" if is_public else f"{parts.scheme}://{parts.netloc}")


def looks_like_sqs(url: str) -> bool:
    """Whether the host has a name that AWS, or a compatible service, uses for SQS."""
    host = urlsplit(url).hostname or ""
    return any(_LABEL.fullmatch(label) for label in host.split("."))
