"""Which addresses a webhook may be sent to: a URL must not give access to the watcher's own network."""

import ipaddress
import socket
from collections.abc import Callable, Sequence
from typing import Any

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolver = Callable[..., list[Any]]
"""socket.getaddrinfo, or a stand-in for it."""

_NEVER: tuple[Network, ...] = tuple(
    ipaddress.ip_network(text)
    for text in (
        "169.254.0.0/16",  # link-local: metadata and credentials of EC2, ECS, EKS, GCP, Azure
        "fe80::/10",
        "fd00:ec2::/32",  # the same services of AWS over IPv6
        "fd20:ce::254/128",  # GCP's
        "fd00:42::42/128",  # Scaleway's
        "fd00:a9fe:a9fe::1/128",  # Akamai's (Linode)
        "100.100.100.200/32",  # Alibaba Cloud's
        "fd00:100::100:200/128",
        "192.0.0.192/32",  # Oracle Cloud's
        "fd00:c1::a9fe:a9fe/128",
        "168.63.129.16/32",  # Azure's host, at a public address
        "0.0.0.0/8",  # means this machine to Linux
        "240.0.0.0/4",  # reserved, broadcast
    )
)
"""Not even allowed by `allow_private`: no receiver is there, and some answer with credentials."""

_PRIVATE: tuple[Network, ...] = tuple(
    ipaddress.ip_network(text)
    for text in (
        # Ranges that older Pythons call global, or that lead to an address in the sender's own network.
        "2002::/16",
        "64:ff9b::/32",  # NAT64 prefixes of the local network (RFC 8215), and unassigned ranges next to them
        "fec0::/10",
    )
)
_WRAPPERS: tuple[Network, ...] = tuple(
    ipaddress.ip_network(text)
    for text in (
        "::/96",  # IPv4-compatible (RFC 4291)
        "::ffff:0:0/96",  # IPv4-mapped
        "::ffff:0:0:0/96",  # IPv4-translated (SIIT, RFC 2765)
        "64:ff9b::/96",  # NAT64 (RFC 6052)
    )
)
"""Prefixes of 96 bits that only mark an embedded IPv4 address."""

_NAT64 = ipaddress.ip_network("64:ff9b::/32")
_THIS_HOST = ipaddress.ip_network("0.0.0.0/8")
_NOWHERE = (_THIS_HOST, ipaddress.ip_network("240.0.0.0/4"))
_PREFIX_LENGTHS = (32, 40, 48, 56, 64)
"""RFC 6052, 2.2: lengths of NAT64 prefixes that put the IPv4 address in the middle."""
_ISATAP = (0x00005EFE, 0x02005EFE)
"""RFC 5214: what precedes the IPv4 address in the lower half."""

_LOW_32 = 0xFFFFFFFF


class AddressRefusedError(OSError):
    """A name has no permitted address; the text says which it has, and why they are not permitted."""


def refusal(text: str, *, allow_private: bool) -> str:
    """Why this address must not be called; empty when it may be."""
    refusals = (_refusal(address, allow_private=allow_private) for address in _meant(ipaddress.ip_address(text)))
    return next(filter(None, refusals), "")


def _refusal(address: Address, *, allow_private: bool) -> str:
    if _within(address, _NEVER) or address.is_multicast or address.is_unspecified:
        return "is a metadata, link-local, multicast or reserved address"
    if not allow_private and (not address.is_global or _within(address, _PRIVATE)):
        return "is not a public address"
    return ""


def permitted(name: str, port: int, *, allow_private: bool, resolve: Resolver = socket.getaddrinfo) -> list[str]:
    """The permitted addresses of a name, in the resolver's order.

    Connect to one of these, not to the name: a second lookup can return another address (DNS rebinding).

    Raises:
        OSError: the name doesn't resolve; AddressRefusedError: none of its addresses is permitted.
    """
    found = dict.fromkeys(str(entry[4][0]) for entry in resolve(name, port, 0, socket.SOCK_STREAM))
    refusals = {address: refusal(address, allow_private=allow_private) for address in found}
    allowed = [address for address, why in refusals.items() if not why]
    if not allowed:
        told = "; ".join(f"{address} {why}" for address, why in refusals.items())
        raise AddressRefusedError(f"{name}: {told or 'has no address'}")
    return allowed


def _meant(address: Address) -> Sequence[Address]:
    """What a packet to this address may reach: the IPv4 address that it wraps, or itself and those that it embeds."""
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    low = ipaddress.IPv4Address(int(address) & _LOW_32)
    if _within(address, _WRAPPERS) and int(address) > 1:  # :: and ::1 are addresses of their own
        return [low]
    embedded = [*filter(None, [address.sixtofour]), *(address.teredo or ())]
    if (
        address in _NAT64
    ):  # other meanings of these bits, such as the prefix of a longer form, are no reason to reject
        embedded += [
            inner for inner in _translated(address) if _within(inner, _NEVER) and not _within(inner, _NOWHERE)
        ]
    is_embedding = address in _NAT64 or (int(address) >> 32) & _LOW_32 in _ISATAP
    if is_embedding and low not in _THIS_HOST:  # else a host's number in a prefix that embeds nothing here
        embedded.append(low)
    return [*embedded, address]


def _translated(address: ipaddress.IPv6Address) -> Sequence[ipaddress.IPv4Address]:
    """The results of NAT64 with a prefix of each of these lengths: bits 64 to 71 are skipped."""
    bits = int(address)
    without_gap = (bits >> 64) << 56 | (bits & ((1 << 56) - 1))
    return [ipaddress.IPv4Address((without_gap >> (120 - 32 - length)) & _LOW_32) for length in _PREFIX_LENGTHS]


def _within(address: Address, networks: tuple[Network, ...]) -> bool:
    return any(address.version == network.version and address in network for network in networks)
