"""Who may see the settings at `/status.json`."""

from email import message_from_string

import pytest

from watcher.telemetry.local_client import is_local_client


@pytest.mark.parametrize(
    ("address", "host", "is_local"),
    [
        ("127.0.0.1", "127.0.0.1:9464", True),
        ("127.0.0.1", "localhost", True),
        ("::1", "[::1]:9464", True),
        ("::ffff:127.0.0.1", "localhost:9464", True),
        ("10.0.0.5", "localhost:9464", False),
        ("::ffff:10.0.0.5", "localhost:9464", False),
        ("2001:db8::1", "[::1]:9464", False),
        ("127.0.0.1", "10.0.0.5:9464", False),
        ("127.0.0.1", "evil.example:9464", False),
        ("127.0.0.1", "localhost@evil.example", False),
        ("127.0.0.1", "localhost.evil.example", False),
        ("127.0.0.1", "[", False),
        ("127.0.0.1", "", False),
    ],
)
def test_a_client_is_local_by_its_address_and_the_name_that_it_calls(address: str, host: str, is_local: bool) -> None:
    assert is_local_client(address, message_from_string(f"Host: {host}\n")) == is_local


@pytest.mark.parametrize("header", ["Forwarded", "X-Forwarded-For", "Via"])
def test_a_proxy_on_this_machine_speaks_for_others(header: str) -> None:
    assert not is_local_client("127.0.0.1", message_from_string(f"Host: localhost\n{header}: 198.51.100.7\n"))
