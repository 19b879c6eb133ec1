"""Which proxy a call uses."""

from base64 import b64decode

import pytest

from watcher.bounded_http.errors import InvalidRequest
from watcher.bounded_http.origin import Origin
from watcher.bounded_http.proxy import parse_proxy, proxy_for

TARGET = Origin("https", "rekognition.eu-west-1.amazonaws.com", 443)


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.mark.parametrize("url", ["http://proxy:3128", "proxy:3128", "//proxy:3128"])
def test_without_a_scheme_it_is_http(url: str) -> None:
    assert parse_proxy(url).origin == Origin("http", "proxy", 3128)


def test_user_and_password_become_a_header_and_are_not_shown() -> None:
    proxy = parse_proxy("http://us%40er:se%3Acret@proxy:3128")
    scheme, token = proxy.headers["Proxy-Authorization"].split()
    assert (scheme, b64decode(token)) == ("Basic", b"us@er:se:cret")
    assert proxy.shown == "http://proxy:3128"
    assert parse_proxy("http://user@proxy").headers == {}


def test_a_byte_of_a_variable_that_is_not_utf_8_is_sent_as_it_is() -> None:
    _, token = parse_proxy("http://us\udcffer:secret@proxy").headers["Proxy-Authorization"].split()
    assert b64decode(token) == b"us\xffer:secret"


@pytest.mark.parametrize("url", ["http://user:secret@", "http://user:secret@proxy:x"])
def test_an_invalid_one_is_an_error_without_its_text(url: str) -> None:
    with pytest.raises(InvalidRequest, match="the proxy's URL is invalid") as error:
        parse_proxy(url)
    assert "secret" not in str(error.value)


def test_the_environment_says_which_targets_have_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert proxy_for(TARGET) is None
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    assert (proxy := proxy_for(TARGET)) is not None
    assert proxy.origin.host == "proxy"
    assert proxy_for(TARGET._replace(scheme="http", port=80)) is None
    monkeypatch.setenv("NO_PROXY", "localhost,.amazonaws.com")
    assert proxy_for(TARGET) is None


def test_settings_count_instead_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    assert proxy_for(TARGET, {}) is None
    assert (proxy := proxy_for(TARGET, {"https": "other:8080"})) is not None
    assert proxy.origin.host == "other"
