"""Who may be contacted: host names are looked up once, every address is checked, and the connection goes there.

A check of the name alone is worth nothing: `2130706433`, `0177.1` and `::ffff:7f00:1` are loopback, any name may lead
to an inner address, and may lead elsewhere at the second look. So what is contacted is the address that was checked.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from repomill.errors import AddressRefused

Address = IPv4Address | IPv6Address
LookUp = Callable[[str, int], Awaitable[Sequence[str]]]
"""Returns the addresses of a host name; raises `OSError` when there are none."""

# Services of cloud providers at addresses that are not link-local; one of them is even public.
_METADATA = frozenset(
    {ip_address("168.63.129.16"), ip_address("100.100.100.200"), ip_address("192.0.0.192"), ip_address("fd00:ec2::254")}
)
METADATA, LINK_LOCAL = "a metadata service", "a link-local address"
NEVER = frozenset({METADATA, LINK_LOCAL})
"""Reasons that hold whatever was named, where the rules say so."""

# RFC 6052 and RFC 8215: an IPv4 address in the last four bytes.
_NAT64 = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"))


async def look_up(host: str, port: int) -> Sequence[str]:
    """Ask the system's resolver, which also knows the odd spellings of IPv4 addresses."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


@dataclass(frozen=True, slots=True)
class HostRules:
    """Which hosts may be contacted; no other may be.

    `named` hosts may be, wherever they are: somebody meant them. `public` ones may be, provided all of their addresses
    are public: where a name leads is not up to whoever wrote it down. An address among these stands for itself, though,
    and `localhost` for loopback. `never_metadata` keeps every host from link-local addresses and metadata services,
    where a person who runs a workflow may name hosts, not only one who writes blocks. Names are compared without case
    and without a last dot.
    """

    named: frozenset[str] = frozenset()
    public: frozenset[str] = frozenset()
    never_metadata: bool = False

    def allowing(self, *hosts: str) -> "HostRules":
        """Return the same rules with more named hosts."""
        return replace(self, named=self.named | _plain_hosts(hosts))

    def allowing_public(self, *hosts: str) -> "HostRules":
        """Return the same rules with more hosts that are contacted at public addresses only."""
        return replace(self, public=self.public | _plain_hosts(hosts))

    def names(self, host: str) -> bool:
        """Tell whether the host was named."""
        return plain_host(host) in _plain_hosts(self.named | self.public)

    def refusal(self, host: str, address: str) -> str:
        """Say why a host that was named is not contacted at an address; empty when it may be."""
        reason = refusal(address)
        if self.never_metadata and reason in NEVER:
            return reason
        is_meant = plain_host(host) in _plain_hosts(self.named) or _stands_for(plain_host(host), address)
        return "" if is_meant else reason


def _plain_hosts(hosts: Iterable[str]) -> frozenset[str]:
    return frozenset(plain_host(host) for host in hosts if host)


def _stands_for(host: str, address: str) -> bool:
    """Tell whether a host says by itself that it is at this inner address, whatever a resolver says."""
    found = address_in(address)
    if found is None:
        return False
    return found.is_loopback if host == "localhost" else address_in(host) == found


def plain_host(host: str) -> str:
    """Return a host name as it is compared."""
    return host.strip("[]").rstrip(".").lower()


async def checked_addresses(host: str, port: int, rules: HostRules, resolve: LookUp = look_up) -> Sequence[str]:
    """Return the addresses of a host that may be contacted, the best first.

    Raises:
        AddressRefused: the rules say no. One inner address among several is enough, for anybody may add public ones.
        OSError: the name has no address.
    """
    if not rules.names(host):
        raise AddressRefused(host, "it was not named")
    addresses = await resolve(host, port)
    if not addresses:
        raise OSError(f"{host} has no address")
    for address in addresses:
        if reason := rules.refusal(host, address):
            raise AddressRefused(host, f"{address} is {reason}")
    return addresses


def address_in(text: str) -> Address | None:
    """Return the address that a text is, in the usual spelling; None for anything else."""
    try:
        return ip_address(text.partition("%")[0])
    except ValueError:
        return None


def refusal(address: str) -> str:
    """Say why an address is not a public one; empty when it is."""
    found = address_in(address)
    if found is None:
        return "no address"
    reasons = [reason for each in (found, *_embedded(found)) if (reason := _inner(each))]
    # What is never contacted comes first: Python may call the address around it a private one.
    return next((reason for reason in reasons if reason in NEVER), reasons[0] if reasons else "")


def _inner(address: Address) -> str:
    if address in _METADATA:
        return METADATA
    kinds = {
        "a loopback address": address.is_loopback,
        LINK_LOCAL: address.is_link_local,
        "a multicast address": address.is_multicast,
        "not an address of a host": address.is_unspecified,
        "a private address": address.is_private,
        "not a public address": not address.is_global,
    }
    return next((reason for reason, applies in kinds.items() if applies), "")


def _embedded(address: Address) -> list[Address]:
    """Return the IPv4 addresses that an IPv6 one stands for: mapped, 6to4, Teredo, NAT64, compatible."""
    if isinstance(address, IPv4Address):
        return []
    found: list[Address | None] = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    low = int(address) & 0xFFFFFFFF
    if any(address in network for network in _NAT64) or (int(address) >> 32 == 0 and low > 1):
        found.append(IPv4Address(low))
    return [each for each in found if each is not None]
