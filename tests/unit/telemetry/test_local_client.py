"""Who may see the settings at `/status.json`."""

from email import message_from_string

import pytest

from watcher.telemetry.local_client import is_called, is_direct, is_local_client


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


@pytest.mark.parametrize("value", ["198.51.100.7", ""])
@pytest.mark.parametrize(
    "header",
    ["Forwarded", "X-Forwarded-For", "x-forwarded-host", "X-Forwarded-Proto", "X-FORWARDED-PORT", "X-Real-IP", "Via"],
)
def test_a_proxy_on_this_machine_speaks_for_others(header: str, value: str) -> None:
    headers = message_from_string(f"Host: localhost\n{header}: {value}\n")
    assert not is_local_client("127.0.0.1", headers)
    assert not is_direct(headers)


@pytest.mark.parametrize(
    ("own_host", "host", "is_own"),
    [
        ("127.0.0.1", "127.0.0.1:9464", True),
        ("127.0.0.1", "localhost", True),
        ("0", "127.0.0.1:9464", True),
        ("192.0.2.2", "192.0.2.2:9464", True),
        (" 192.0.2.2 ", "192.0.2.2:9464", True),
        ("VM", "vm:9464", True),
        ("vm", "VM:9464", True),
        ("FD00::2", "[fd00::2]:9464", True),
        ("fe80::1%eth0", "[fe80::1%eth0]:9464", True),
        ("192.0.2.2", "evil.example:9464", False),
        ("192.0.2.2", "192.0.2.2.evil.example", False),
        ("192.0.2.2", "192.0.2.2@evil.example", False),
        ("0.0.0.0", "0.0.0.0:9464", False),  # noqa: S104 - nothing is bound
        ("0.0.0.0", "evil.example", False),  # noqa: S104 - nothing is bound
        ("vm", "", False),
        ("vm", "[", False),
        ("[", "[", False),
        (" ", "", False),
    ],
)
def test_a_client_calls_the_server_by_a_loopback_name_or_its_own(own_host: str, host: str, *, is_own: bool) -> None:
    assert is_called(message_from_string(f"Host: {host}\n"), own_host) == is_own


def test_a_request_that_names_no_host_calls_nobody() -> None:
    assert not is_called(message_from_string("Accept: */*\n"), "vm")
