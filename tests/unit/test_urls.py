import pytest

from watcher.urls import is_http_url, without_secrets


@pytest.mark.parametrize(
    "url", ["localhost:80", "http://", "http://:80", "ftp://host", "http://[::1", "http://h:99999", "http://h:0"]
)
def test_what_has_no_scheme_host_and_possible_port_is_no_http_url(url: str) -> None:
    assert not is_http_url(url)


@pytest.mark.parametrize("url", ["http://localhost:8080", "https://example.com/x", "http://[::1]:80"])
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
        ("http://[::1", "?"),
        ("none", "none"),
        ("", ""),
    ],
)
def test_a_url_is_shown_without_user_password_query_and_fragment(url: str, shown: str) -> None:
    assert without_secrets(url) == shown
