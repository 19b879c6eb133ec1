import socket
from collections.abc import Sequence
from typing import Any

import pytest

from watcher.sinks.webhook.ssrf_guard import AddressRefusedError, Resolver, permitted, refusal

PRIVATE = [
    "127.0.0.1",
    "127.8.8.8",
    "10.1.2.3",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.0.1",
    "100.64.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "::1",
    "fc00::1",
    "fd12:3456::1",
    "fec0::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "64:ff9b:1::1",
    "64:ff9b:1::10.0.0.1",
    "64:ff9b:1:ffff::10.0.0.1",  # a prefix of 96 bits, whose own bits are no address
    "64:ff9b:1:e000::10.0.0.1",
    "64:ff9b:1:a00:0:100::",  # RFC 6052, 48 bits: 10.0.0.1
    "64:ff9b:a00:1::",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::127.0.0.1",
    "64:ff9b::10.0.0.1",
    "::ffff:0:127.0.0.1",  # SIIT
    "::ffff:0:10.0.0.1",
    "2002:808:808::",  # 6to4, whatever it embeds
    "2002:a00:1::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",  # Teredo
    "2606:4700::5efe:10.0.0.1",  # ISATAP
]
NEVER = [
    "169.254.169.254",
    "169.254.170.2",
    "169.254.170.23",
    "fe80::1",
    "fe80::1%1",
    "fd00:ec2::254",
    "fd00:ec2::23",
    "fd20:ce::254",
    "fd00:a9fe:a9fe::1",
    "fd00:c1::a9fe:a9fe",
    "fd00:100::100:200",
    "100.100.100.200",
    "192.0.0.192",
    "168.63.129.16",
    "0.0.0.0",  # noqa: S104 - nothing is bound
    "0.1.2.3",
    "255.255.255.255",
    "240.0.0.1",
    "224.0.0.1",
    "239.255.255.255",
    "ff02::1",
    "ff0e::1",
    "::",
    "::ffff:169.254.169.254",
    "::ffff:0.0.0.0",
    "::169.254.169.254",
    "64:ff9b::169.254.169.254",
    "::ffff:0:169.254.169.254",
    "::ffff:0:0.0.0.0",
    "2002:a9fe:a9fe::1",
    "64:ff9b:1::169.254.169.254",
    "64:ff9b:a9fe:a9fe::",  # RFC 6052, prefixes of 32 to 64 bits
    "64:ff9b:a9:fea9:fe::",
    "64:ff9b:1:a9fe:a9:fe00::",
    "64:ff9b:1:a9:fe:a9fe::",
    "64:ff9b:1:0:a9:fea9:fe00:0",
    "64:ff9b:1:ffff:a9:fea9:fe00:0",
    "64:ff9b:1:a9fe:a9:fe00::1",  # what follows is passed over
    "64:ff9b:1:a83f:81:1000::",  # Azure's host
    "64:ff9b:1:6464:64:c800::",  # Alibaba Cloud's
    "fd00:42::42",
    "2001:0:808:808:0:0:5601:5601",  # Teredo: the client's address, inverted
    "2001:0:a9fe:a9fe::",  # Teredo: the server's
    "2606:4700::5efe:169.254.169.254",
    "2606:4700::200:5efe:a9fe:a9fe",
]
PUBLIC = [
    "1.1.1.1",
    "93.184.215.14",
    "172.32.0.1",
    "100.128.0.1",
    "2606:4700::1111",
    "64:ff9b::1.1.1.1",
    "::ffff:0:8.8.8.8",
    "::ffff:1.1.1.1",
]


@pytest.mark.parametrize("address", PUBLIC)
@pytest.mark.parametrize("allow_private", [True, False])
def test_a_public_address_may_be_called(address: str, allow_private: bool) -> None:
    assert refusal(address, allow_private=allow_private) == ""


@pytest.mark.parametrize("address", PRIVATE)
def test_a_private_address_may_be_called_only_if_allowed(address: str) -> None:
    assert refusal(address, allow_private=False) == "is not a public address"
    assert refusal(address, allow_private=True) == ""


@pytest.mark.parametrize("address", NEVER)
@pytest.mark.parametrize("allow_private", [True, False])
def test_a_metadata_or_reserved_address_may_never_be_called(address: str, allow_private: bool) -> None:
    assert refusal(address, allow_private=allow_private).startswith("is a metadata, link-local")


def resolver(*addresses: str) -> Resolver:
    def resolve(name: str, port: int, *_: object) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    return resolve


def allowed(*addresses: str) -> Sequence[str]:
    return permitted("example.com", 443, allow_private=False, resolve=resolver(*addresses))


def test_the_public_addresses_of_a_name_are_kept_in_order_without_the_others() -> None:
    assert allowed("2.2.2.2", "10.0.0.1", "1.1.1.1", "2.2.2.2") == ["2.2.2.2", "1.1.1.1"]


def test_a_name_with_none_that_may_be_called_is_refused_with_each_reason() -> None:
    with pytest.raises(AddressRefusedError) as caught:
        allowed("10.0.0.1", "169.254.169.254")
    assert str(caught.value) == (
        "example.com: 10.0.0.1 is not a public address; "
        "169.254.169.254 is a metadata, link-local, multicast or reserved address"
    )


def test_a_name_without_addresses_is_refused() -> None:
    with pytest.raises(AddressRefusedError, match="has no address"):
        allowed()


@pytest.mark.parametrize("spelling", ["2130706433", "0x7f000001", "017700000001", "127.1"])
def test_an_address_in_disguise_is_seen_through(spelling: str) -> None:
    with pytest.raises(AddressRefusedError, match=r"127\.0\.0\.1 is not a public address"):
        permitted(spelling, 80, allow_private=False)
