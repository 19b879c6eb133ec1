import pytest

from watcher.util.urls import cleaned, is_http_url, is_plain_http, own_url, without_secrets


@pytest.mark.parametrize(
    "url", ["localhost:80", "http://", "http://:80", "ftp://host", "http://[::1", "http://h:99999", "http://h:0"]
)
def test_what_has_no_scheme_host_and_possible_port_is_no_http_url(url: str) -> None:
    assert not is_http_url(url)


@pytest.mark.parametrize("host", ["a..b", ".a", "a...", f"{'a' * 64}.example", f"{'ü' * 60}.example", "\u2025"])
def test_a_host_that_no_resolver_takes_is_none(host: str) -> None:
    assert not is_http_url(f"https://{host}/")


@pytest.mark.parametrize(
    "url",
    [
        *("http://localhost:8080", "https://example.com/x", "http://[::1]:80", "https://example.com./x"),
        *("http://a_b.example", f"http://{'a' * 63}.example", "https://bücher.example"),
    ],
)
def test_a_whole_http_url_is_one(url: str) -> None:
    assert is_http_url(url)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://svc:s3cr3t@sqs.proxy.example/1/q", "https://sqs.proxy.example/1/q"),
        ("https://svc:s3@cr3t@[::1]:8443/x?key=s3cr3t#s3cr3t", "https://[::1]:8443/x"),
        ("https://s3cr3t@host", "https://host"),
        ("sqlite:////var/lib/watcher.db", "sqlite:////var/lib/watcher.db"),
        ("dynamodb:///decisions", "dynamodb:///decisions"),
        ("http://[::1", "http://[::1"),
        ("none", "none"),
        ("", ""),
    ],
)
def test_a_url_is_shown_without_user_password_query_and_fragment(url: str, shown: str) -> None:
    assert without_secrets(url) == shown


@pytest.mark.parametrize(
    ("url", "clean"),
    [
        (" http://Host.Example/Path?Q", "http://host.example/Path?Q"),
        ("\tHTTPS://User:PaSS@HOST:1\n", "https://User:PaSS@host:1"),
        ("\u00a0https://h/ ", "https://h/"),
        ("https://h/a b", "https://h/a b"),
        ("sqlite:///a.db ", "sqlite:///a.db "),
        ("none", "none"),
        ("", ""),
    ],
)
def test_a_url_has_one_form(url: str, clean: str) -> None:
    assert cleaned(url) == clean
    assert cleaned(clean) == clean


@pytest.mark.parametrize(
    "url",
    [
        "https://h\\@10.0.0.1/",
        "https:\\\\h/",
        "https:/h",
        "https:h",
        "https://h/a b",
        "https://h\n.example/",
        "https://h\t/",
        "ht\ntps://h/",
        "\x01http://h/",
        "\x00https://h/",
        "https://h/\x7f",
        "https://h/\u202e",
        "https://h\u00a0/",
        "https://",
        "https://:80",
        "https://@/",
        "https://h:0",
        "https://h:99999",
        "https://[::1",
        "//h/x",
    ],
)
def test_what_parsers_read_differently_is_not_taken(url: str) -> None:
    assert not is_http_url(url)


def test_plain_http_is_seen_in_any_spelling() -> None:
    assert all(map(is_plain_http, ("http://h", "HTTP://h", " http://h", "\thttp:h")))
    assert not is_plain_http("https://h")


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:9464"),
        ("0.0.0.0", "http://127.0.0.1:9464"),  # noqa: S104 - nothing is bound
        ("::", "http://[::1]:9464"),
        ("::1", "http://[::1]:9464"),
        ("watcher.internal", "http://watcher.internal:9464"),
        (" 127.0.0.1 ", "http://127.0.0.1:9464"),
        ("0", "http://127.0.0.1:9464"),
        ("0x0", "http://127.0.0.1:9464"),
        ("127.1", "http://127.0.0.1:9464"),
        ("0:0::0", "http://[::1]:9464"),
        ("FD00::2", "http://[fd00::2]:9464"),
        ("fe80::1%eth0", "http://[fe80::1%eth0]:9464"),
        ("x:y", "http://[x:y]:9464"),
    ],
)
def test_the_own_port_is_reached_at_an_address_of_this_machine(host: str, url: str) -> None:
    assert own_url(host, 9464) == url
