"""URLs, whatever they lead to: whether they can be called, and how they are shown."""

from urllib.parse import urlsplit


def is_http_url(url: str) -> bool:
    """Whether this is an http or https URL with a host, and a port that can be one."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def without_secrets(url: str) -> str:
    """A URL without user, password, query and fragment; what is no URL stays as it is."""
    if "://" not in url:
        return url
    try:
        parts = urlsplit(url)
    except ValueError:
        return "?"
    # Put together by hand: urllib would make sqlite:///FILE, whose slashes mean something, into another URL.
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
