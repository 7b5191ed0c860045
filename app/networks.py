"""Networks, ports and hosts as an operator writes them: lists with commas between the entries."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_HOST = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*+")


@dataclass(frozen=True, slots=True)
class AllowedNetwork:
    """Network that an operator opens, on one port or on all."""

    network: Network
    port: int | None = None

    def names(self, ip: Address, port: int) -> bool:
        """Whether it covers an address and port."""
        return self.port in (None, port) and ip in self.network


def parse_denied(text: str) -> tuple[Network, ...]:
    """Read a list of CIDRs such as `198.18.0.0/15, fd00::/8`. Raises ValueError as `parse_networks` does."""
    return _parse_cidrs(text, "a network that is refused is refused on every port; write it without one")


def parse_trusted(text: str) -> tuple[Network, ...]:
    """Read a list of CIDRs of proxies such as `10.0.0.0/8, ::1`. Raises ValueError as `parse_networks` does."""
    return _parse_cidrs(text, "a proxy is trusted whatever its port; write it without one")


def _parse_cidrs(text: str, refusal_of_a_port: str) -> tuple[Network, ...]:
    networks = parse_networks(text)
    if any(each.port is not None for each in networks):
        raise ValueError(refusal_of_a_port)
    return tuple(each.network for each in networks)


def contains(networks: tuple[Network, ...], host: str) -> bool:
    """Whether an IP address, as the socket or a header gives it, is in one of the networks.

    An IPv4 address that was mapped into IPv6 (RFC 4291, section 2.5.5.2) counts as IPv4.
    """
    try:
        address = ip_address(host)
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return any(address in network for network in networks)


def original_client(peer: str, forwarded: str, proxies: tuple[Network, ...]) -> str:
    """Return the address of a client: the last entry of X-Forwarded-For that is no trusted proxy, else the peer.

    `peer` is the address of the connection; entries are believed only as far as trusted proxies added them.
    """
    client = peer
    for entry in reversed(forwarded.split(",")):
        if not contains(proxies, client) or not _is_address(entry.strip()):
            break
        client = entry.strip()
    return client


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def parse_networks(text: str) -> tuple[AllowedNetwork, ...]:
    """Read a list such as `10.1.0.0/16, 127.0.0.0/8:9100, [::1/128]:9100`: CIDRs, each with at most one port.

    Raises ValueError, with one line that says which entry is wrong and why.
    """
    return tuple(map(_read_entry, _entries(text)))


def parse_ports(text: str) -> tuple[int, ...]:
    """Read a list of ports such as `80, 443, 8448`. Raises ValueError as `parse_networks` does."""
    return tuple(dict.fromkeys(_read_port(entry, entry) for entry in _entries(text)))


def parse_hosts(text: str) -> tuple[str, ...]:
    """Read a list of host names such as `ads.example, internal.example`. Raises ValueError as `parse_networks` does."""
    return tuple(dict.fromkeys(map(_read_host, _entries(text))))


def _entries(text: str) -> list[str]:
    return [entry.strip() for entry in text.split(",") if entry.strip()]


def _read_host(entry: str) -> str:
    host = entry.lower().strip(".")
    if not _HOST.fullmatch(host):
        raise ValueError(f"{entry!r} is no host name; write it in ASCII, without scheme and port: ads.example")
    return host


def _read_port(port: str, entry: str) -> int:
    if not (port.isascii() and port.isdigit() and 1 <= int(port[:9]) <= 65_535):
        raise ValueError(f"{entry!r} has a port that is not a number from 1 to 65535")
    return int(port)


def _read_entry(entry: str) -> AllowedNetwork:
    cidr, port = _split_port(entry)
    try:
        network = ip_network(cidr)
    except ValueError as error:
        raise ValueError(f"{entry!r} is no network: {error}; write it as 10.1.0.0/16 or 10.1.0.0/16:8080") from None
    if port is None:
        return AllowedNetwork(network)
    return AllowedNetwork(network, _read_port(port, entry))


def _split_port(entry: str) -> tuple[str, str | None]:
    if entry.startswith("["):
        cidr, _, rest = entry[1:].partition("]")
        return cidr, rest[1:] if rest.startswith(":") else rest or None
    address, slash, rest = entry.partition("/")
    if slash:
        prefix, colon, port = rest.partition(":")
        return f"{address}/{prefix}", port if colon else None
    if address.count(":") == 1:
        address, _, port = address.partition(":")
        return address, port
    return address, None
