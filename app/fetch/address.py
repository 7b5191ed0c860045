"""Addresses: their verdicts, from "public" to each kind of special purpose.

Rule 1: `judge` is pure: an address in, a named verdict out, for the code that connects, logs and counts.
Rule 2: IPv4 is public where Python calls it global and no special-purpose registry names it.
Rule 3: IPv6 is public inside 2000::/3 alone, less what is special there; so every form that carries an
        IPv4 address inside (mapped, compatible, translated, NAT64, 6to4, Teredo, ISATAP) is refused.

Sources: https://www.iana.org/assignments/iana-ipv4-special-registry and -ipv6-special-registry.
"""

from __future__ import annotations

from enum import Enum
from functools import lru_cache
from ipaddress import IPv6Address, ip_network

from app.networks import Address


class Verdict(Enum):
    """Verdict on an address, named after the range that decides it."""

    PUBLIC = "public"
    THIS_NETWORK = "this_network"
    PRIVATE = "private"
    SHARED_ADDRESS_SPACE = "shared_address_space"
    LOOPBACK = "loopback"
    LINK_LOCAL = "link_local"
    IETF_PROTOCOL = "ietf_protocol"
    DOCUMENTATION = "documentation"
    AS112 = "as112"
    AMT_RELAY = "amt_relay"
    CLOUD_PLATFORM = "cloud_platform"
    BENCHMARKING = "benchmarking"
    MULTICAST = "multicast"
    RESERVED = "reserved"
    NOT_GLOBAL = "not_global"
    UNSPECIFIED = "unspecified"
    IPV4_MAPPED = "ipv4_mapped"
    IPV4_COMPATIBLE = "ipv4_compatible"
    IPV4_TRANSLATED = "ipv4_translated"
    NAT64 = "nat64"
    SIX_TO_FOUR = "6to4"
    TEREDO = "teredo"
    ISATAP = "isatap"
    SIXBONE = "6bone"
    DISCARD = "discard"
    SEGMENT_ROUTING = "segment_routing"
    SITE_LOCAL = "site_local"
    SCOPED = "scoped"
    NOT_GLOBAL_UNICAST = "not_global_unicast"


# The first range that holds an address names its verdict.
SPECIAL_RANGES: tuple[tuple[str, Verdict], ...] = (
    ("0.0.0.0/8", Verdict.THIS_NETWORK),
    ("10.0.0.0/8", Verdict.PRIVATE),
    ("100.64.0.0/10", Verdict.SHARED_ADDRESS_SPACE),
    ("127.0.0.0/8", Verdict.LOOPBACK),
    ("168.63.129.16/32", Verdict.CLOUD_PLATFORM),  # Azure's wire server, reachable from every machine there
    ("169.254.0.0/16", Verdict.LINK_LOCAL),
    ("172.16.0.0/12", Verdict.PRIVATE),
    ("192.0.0.0/24", Verdict.IETF_PROTOCOL),
    ("192.0.2.0/24", Verdict.DOCUMENTATION),
    ("192.31.196.0/24", Verdict.AS112),
    ("192.52.193.0/24", Verdict.AMT_RELAY),
    ("192.88.99.0/24", Verdict.SIX_TO_FOUR),
    ("192.168.0.0/16", Verdict.PRIVATE),
    ("192.175.48.0/24", Verdict.AS112),
    ("198.18.0.0/15", Verdict.BENCHMARKING),
    ("198.51.100.0/24", Verdict.DOCUMENTATION),
    ("203.0.113.0/24", Verdict.DOCUMENTATION),
    ("224.0.0.0/4", Verdict.MULTICAST),
    ("240.0.0.0/4", Verdict.RESERVED),
    ("::/128", Verdict.UNSPECIFIED),
    ("::1/128", Verdict.LOOPBACK),
    ("::/96", Verdict.IPV4_COMPATIBLE),
    ("::ffff:0:0/96", Verdict.IPV4_MAPPED),
    ("::ffff:0:0:0/96", Verdict.IPV4_TRANSLATED),
    ("64:ff9b::/96", Verdict.NAT64),
    ("64:ff9b:1::/48", Verdict.NAT64),
    ("100::/64", Verdict.DISCARD),
    ("100:0:0:1::/64", Verdict.DISCARD),
    ("2001::/32", Verdict.TEREDO),
    ("2001::/23", Verdict.IETF_PROTOCOL),
    ("2001:db8::/32", Verdict.DOCUMENTATION),
    ("2002::/16", Verdict.SIX_TO_FOUR),
    ("2620:4f:8000::/48", Verdict.AS112),
    ("3ffe::/16", Verdict.SIXBONE),
    ("3fff::/20", Verdict.DOCUMENTATION),
    ("5f00::/16", Verdict.SEGMENT_ROUTING),
    ("fc00::/7", Verdict.PRIVATE),
    ("fe80::/10", Verdict.LINK_LOCAL),
    ("fec0::/10", Verdict.SITE_LOCAL),
    ("ff00::/8", Verdict.MULTICAST),
)


def _bounds(version: int) -> tuple[tuple[int, int, Verdict], ...]:
    networks = ((ip_network(text), verdict) for text, verdict in SPECIAL_RANGES)
    return tuple(
        (int(network.network_address), int(network.broadcast_address), verdict)
        for network, verdict in networks
        if network.version == version
    )


_BOUNDS = {4: _bounds(4), 6: _bounds(6)}
_GLOBAL_UNICAST = ip_network("2000::/3")
_ISATAP_MARKS = (0x0000_5EFE, 0x0200_5EFE)  # RFC 5214, section 6.1: the upper half of the interface id


@lru_cache(maxsize=4096)
def judge(ip: Address) -> Verdict:
    """Name the kind of an address; `Verdict.PUBLIC` alone may be reached by everybody."""
    number = int(ip)
    for first, last, verdict in _BOUNDS[ip.version]:
        if first <= number <= last:
            return verdict
    if isinstance(ip, IPv6Address):
        return _judge_unlisted_ipv6(ip)
    return Verdict.PUBLIC if ip.is_global else Verdict.NOT_GLOBAL


def _judge_unlisted_ipv6(ip: IPv6Address) -> Verdict:
    if ip not in _GLOBAL_UNICAST:
        return Verdict.NOT_GLOBAL_UNICAST
    if ip.scope_id is not None:
        return Verdict.SCOPED
    if int(ip) >> 32 & 0xFFFF_FFFF in _ISATAP_MARKS:
        return Verdict.ISATAP
    return Verdict.PUBLIC
