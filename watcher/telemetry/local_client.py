"""Whether an HTTP client is on this machine, and so may see the settings."""

from email.message import Message

from watcher.util.urls import is_loopback

_FORWARDED = ("Forwarded", "X-Forwarded-For", "Via")
"""Headers of a proxy on this machine, whose own client may be anywhere."""


def is_local_client(address: str, headers: Message) -> bool:
    """Whether the client has a loopback address, called this machine by such a name, and is not a known proxy.

    Any other name is that of a web page whose host name points to this machine.
    """
    host = headers.get("Host", "")
    is_direct = not any(headers.get(name) for name in _FORWARDED)
    return is_direct and is_loopback(f"http://{host}") and is_loopback(_url(address))


def _url(address: str) -> str:
    address = address.removeprefix("::ffff:")  # an IPv4 client of an IPv6 socket
    return f"http://[{address}]" if ":" in address else f"http://{address}"
