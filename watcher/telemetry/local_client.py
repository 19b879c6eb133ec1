"""Whether an HTTP client is on this machine, and so may see the settings."""

from email.message import Message
from urllib.parse import urlsplit

from watcher.util.urls import is_loopback, own_url

_FORWARDED = ("forwarded", "x-forwarded-", "x-real-ip", "via")
"""How headers of a proxy on this machine begin, whose own client may be anywhere."""


def is_local_client(address: str, headers: Message) -> bool:
    """Whether the client has a loopback address, called this machine by such a name, and is not a known proxy.

    Any other name is that of a web page whose host name points to this machine.
    """
    return is_direct(headers) and is_loopback(_called(headers)) and is_loopback(_url(address))


def is_direct(headers: Message) -> bool:
    """Whether no known proxy passed the request on; one that sets an empty value is one, too."""
    return not any(name.lower().startswith(_FORWARDED) for name in headers)


def is_called(headers: Message, own_host: str) -> bool:
    """Whether the client called this machine by a loopback name, or by the one that the server listens on."""
    url = _called(headers)
    return is_loopback(url) or _host(url) in {_host(own_url(own_host, 80))} - {None}


def _called(headers: Message) -> str:
    return f"http://{headers.get('Host', '')}"


def _host(url: str) -> str | None:
    """The host in lower case; None if there is none."""
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _url(address: str) -> str:
    address = address.removeprefix("::ffff:")  # an IPv4 client of an IPv6 socket
    return f"http://[{address}]" if ":" in address else f"http://{address}"
