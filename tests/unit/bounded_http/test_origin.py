"""Where a URL leads."""

import pytest

from watcher.bounded_http.errors import InvalidRequest
from watcher.bounded_http.origin import Origin, split, target


@pytest.mark.parametrize(
    ("url", "origin", "authority", "host_header"),
    [
        ("http://a", Origin("http", "a", 80), "a:80", "a"),
        ("https://a/", Origin("https", "a", 443), "a:443", "a"),
        ("https://a:8443/x", Origin("https", "a", 8443), "a:8443", "a:8443"),
        ("http://a:443", Origin("http", "a", 443), "a:443", "a:443"),
        ("https://user:secret@A.example.", Origin("https", "a.example.", 443), "a.example:443", "a.example"),
        ("http://[::1]:80/", Origin("http", "::1", 80), "[::1]:80", "[::1]"),
        ("https://bücher.example", Origin("https", "xn--bcher-kva.example", 443), "xn--bcher-kva.example:443", None),
    ],
)
def test_scheme_host_and_port(url: str, origin: Origin, authority: str, host_header: str | None) -> None:
    found, _ = split(url)
    assert found == origin
    assert found.authority == authority
    assert found.host_header == (host_header or authority.rpartition(":")[0])
    assert found.is_tls is url.startswith("https")


@pytest.mark.parametrize(("url", "line"), [("http://a", "/"), ("http://a?b=1", "/?b=1"), ("http://a/b?c#d", "/b?c")])
def test_a_request_line_has_path_and_query(url: str, line: str) -> None:
    assert target(split(url)[1]) == line


@pytest.mark.parametrize(
    "url",
    [
        *("", "a", "ftp://u:secret@a", "http://", "http://u:secret@a:x", "http://[u:secret", "http://a:99999"),
        *("http://u:secret@a..b", "http://.a", "http://\u2025", f"http://u:secret@{'a' * 64}.b"),
    ],
)
def test_an_invalid_one_is_an_error_that_does_not_quote_it(url: str) -> None:
    with pytest.raises(InvalidRequest) as error:
        split(url)
    assert "secret" not in str(error.value)
