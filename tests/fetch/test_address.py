"""Both edges of every special range, from inside and from outside, and every way to put IPv4 into IPv6."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest

from app.fetch.address import SPECIAL_RANGES, Verdict, judge

V = Verdict

EDGES = [
    ("0.0.0.0", V.THIS_NETWORK),
    ("0.255.255.255", V.THIS_NETWORK),
    ("1.0.0.0", V.PUBLIC),
    ("9.255.255.255", V.PUBLIC),
    ("10.0.0.0", V.PRIVATE),
    ("10.255.255.255", V.PRIVATE),
    ("11.0.0.0", V.PUBLIC),
    ("100.63.255.255", V.PUBLIC),
    ("100.64.0.0", V.SHARED_ADDRESS_SPACE),
    ("100.127.255.255", V.SHARED_ADDRESS_SPACE),
    ("100.128.0.0", V.PUBLIC),
    ("126.255.255.255", V.PUBLIC),
    ("127.0.0.0", V.LOOPBACK),
    ("127.255.255.255", V.LOOPBACK),
    ("128.0.0.0", V.PUBLIC),
    ("168.63.129.15", V.PUBLIC),
    ("168.63.129.16", V.CLOUD_PLATFORM),
    ("168.63.129.17", V.PUBLIC),
    ("169.253.255.255", V.PUBLIC),
    ("169.254.0.0", V.LINK_LOCAL),
    ("169.254.169.254", V.LINK_LOCAL),
    ("169.254.255.255", V.LINK_LOCAL),
    ("169.255.0.0", V.PUBLIC),
    ("172.15.255.255", V.PUBLIC),
    ("172.16.0.0", V.PRIVATE),
    ("172.31.255.255", V.PRIVATE),
    ("172.32.0.0", V.PUBLIC),
    ("191.255.255.255", V.PUBLIC),
    ("192.0.0.0", V.IETF_PROTOCOL),
    ("192.0.0.9", V.IETF_PROTOCOL),
    ("192.0.0.255", V.IETF_PROTOCOL),
    ("192.0.1.0", V.PUBLIC),
    ("192.0.1.255", V.PUBLIC),
    ("192.0.2.0", V.DOCUMENTATION),
    ("192.0.2.255", V.DOCUMENTATION),
    ("192.0.3.0", V.PUBLIC),
    ("192.31.195.255", V.PUBLIC),
    ("192.31.196.0", V.AS112),
    ("192.31.196.255", V.AS112),
    ("192.31.197.0", V.PUBLIC),
    ("192.52.192.255", V.PUBLIC),
    ("192.52.193.0", V.AMT_RELAY),
    ("192.52.193.255", V.AMT_RELAY),
    ("192.52.194.0", V.PUBLIC),
    ("192.88.98.255", V.PUBLIC),
    ("192.88.99.0", V.SIX_TO_FOUR),
    ("192.88.99.255", V.SIX_TO_FOUR),
    ("192.88.100.0", V.PUBLIC),
    ("192.167.255.255", V.PUBLIC),
    ("192.168.0.0", V.PRIVATE),
    ("192.168.255.255", V.PRIVATE),
    ("192.169.0.0", V.PUBLIC),
    ("192.175.47.255", V.PUBLIC),
    ("192.175.48.0", V.AS112),
    ("192.175.48.255", V.AS112),
    ("192.175.49.0", V.PUBLIC),
    ("198.17.255.255", V.PUBLIC),
    ("198.18.0.0", V.BENCHMARKING),
    ("198.19.255.255", V.BENCHMARKING),
    ("198.20.0.0", V.PUBLIC),
    ("198.51.99.255", V.PUBLIC),
    ("198.51.100.0", V.DOCUMENTATION),
    ("198.51.100.255", V.DOCUMENTATION),
    ("198.51.101.0", V.PUBLIC),
    ("203.0.112.255", V.PUBLIC),
    ("203.0.113.0", V.DOCUMENTATION),
    ("203.0.113.255", V.DOCUMENTATION),
    ("203.0.114.0", V.PUBLIC),
    ("223.255.255.255", V.PUBLIC),
    ("224.0.0.0", V.MULTICAST),
    ("239.255.255.255", V.MULTICAST),
    ("240.0.0.0", V.RESERVED),
    ("255.255.255.254", V.RESERVED),
    ("255.255.255.255", V.RESERVED),
    ("::", V.UNSPECIFIED),
    ("::1", V.LOOPBACK),
    ("::2", V.IPV4_COMPATIBLE),
    ("::ffff:ffff", V.IPV4_COMPATIBLE),
    ("::1:0:0", V.NOT_GLOBAL_UNICAST),
    ("::fffe:ffff:ffff", V.NOT_GLOBAL_UNICAST),
    ("::ffff:0:0", V.IPV4_MAPPED),
    ("::ffff:ffff:ffff", V.IPV4_MAPPED),
    ("::1:0:0:0", V.NOT_GLOBAL_UNICAST),
    ("::ffff:0:0:0", V.IPV4_TRANSLATED),
    ("::ffff:0:ffff:ffff", V.IPV4_TRANSLATED),
    ("64:ff9a:ffff:ffff:ffff:ffff:ffff:ffff", V.NOT_GLOBAL_UNICAST),
    ("64:ff9b::", V.NAT64),
    ("64:ff9b::ffff:ffff", V.NAT64),
    ("64:ff9b::1:0:0", V.NOT_GLOBAL_UNICAST),
    ("64:ff9b:1::", V.NAT64),
    ("64:ff9b:1:ffff:ffff:ffff:ffff:ffff", V.NAT64),
    ("64:ff9b:2::", V.NOT_GLOBAL_UNICAST),
    ("100::", V.DISCARD),
    ("100::ffff:ffff:ffff:ffff", V.DISCARD),
    ("100:0:0:1::", V.DISCARD),
    ("100:0:0:2::", V.NOT_GLOBAL_UNICAST),
    ("1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", V.NOT_GLOBAL_UNICAST),
    ("2000::", V.PUBLIC),
    ("2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", V.PUBLIC),
    ("2001::", V.TEREDO),
    ("2001:0:ffff:ffff:ffff:ffff:ffff:ffff", V.TEREDO),
    ("2001:1::", V.IETF_PROTOCOL),
    ("2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", V.IETF_PROTOCOL),
    ("2001:200::", V.PUBLIC),
    ("2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", V.PUBLIC),
    ("2001:db8::", V.DOCUMENTATION),
    ("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", V.DOCUMENTATION),
    ("2001:db9::", V.PUBLIC),
    ("2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff", V.PUBLIC),
    ("2002::", V.SIX_TO_FOUR),
    ("2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", V.SIX_TO_FOUR),
    ("2003::", V.PUBLIC),
    ("2620:4f:7fff:ffff:ffff:ffff:ffff:ffff", V.PUBLIC),
    ("2620:4f:8000::", V.AS112),
    ("2620:4f:8000:ffff:ffff:ffff:ffff:ffff", V.AS112),
    ("2620:4f:8001::", V.PUBLIC),
    ("3ffd:ffff:ffff:ffff:ffff:ffff:ffff:ffff", V.PUBLIC),
    ("3ffe::", V.SIXBONE),
    ("3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", V.SIXBONE),
    ("3fff::", V.DOCUMENTATION),
    ("3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", V.DOCUMENTATION),
    ("3fff:1000::", V.PUBLIC),
    ("3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", V.PUBLIC),
    ("4000::", V.NOT_GLOBAL_UNICAST),
    ("5eff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", V.NOT_GLOBAL_UNICAST),
    ("5f00::", V.SEGMENT_ROUTING),
    ("5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff", V.SEGMENT_ROUTING),
    ("5f01::", V.NOT_GLOBAL_UNICAST),
    ("fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", V.NOT_GLOBAL_UNICAST),
    ("fc00::", V.PRIVATE),
    ("fd00:ec2::254", V.PRIVATE),
    ("fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", V.PRIVATE),
    ("fe00::", V.NOT_GLOBAL_UNICAST),
    ("fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff", V.NOT_GLOBAL_UNICAST),
    ("fe80::", V.LINK_LOCAL),
    ("febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", V.LINK_LOCAL),
    ("fec0::", V.SITE_LOCAL),
    ("feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", V.SITE_LOCAL),
    ("ff00::", V.MULTICAST),
    ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", V.MULTICAST),
]


@pytest.mark.parametrize(("address", "verdict"), EDGES)
def test_the_edges_of_every_range(address: str, verdict: Verdict) -> None:
    assert judge(ip_address(address)) is verdict


@pytest.mark.parametrize("text", [text for text, _ in SPECIAL_RANGES])
def test_the_table_has_both_edges_of_every_special_range(text: str) -> None:
    network, tested = ip_network(text), {address for address, _ in EDGES}
    ends = {network.network_address, network.broadcast_address}
    if network.prefixlen in (64, 96) and text in ("100:0:0:1::/64", "::/96"):
        ends = {network.network_address}  # the other edge is a neighbour's
    assert {str(end) for end in ends} <= {str(ip_address(address)) for address in tested}


def test_every_verdict_is_given_somewhere_in_the_table() -> None:
    given = {verdict for _, verdict in EDGES}
    assert set(Verdict) - given == {V.NOT_GLOBAL, V.ISATAP, V.SCOPED}


PUBLIC_V4, LOOPBACK_V4 = IPv4Address("93.184.216.34"), IPv4Address("127.0.0.1")

EMBEDDINGS = {
    "mapped": lambda v4: 0xFFFF << 32 | v4,
    "compatible": lambda v4: v4,
    "translated": lambda v4: 0xFFFF << 48 | v4,
    "NAT64": lambda v4: 0x0064_FF9B << 96 | v4,
    "NAT64 with a prefix of the network's own": lambda v4: 0x0064_FF9B_0001 << 80 | v4,
    "6to4": lambda v4: 0x2002 << 112 | v4 << 80 | 1,
    "Teredo, client": lambda v4: 0x2001_0000 << 96 | v4 ^ 0xFFFF_FFFF,
    "Teredo, server": lambda v4: 0x2001_0000 << 96 | v4 << 64,
    "ISATAP": lambda v4: 0x2606_2800 << 96 | 0x0000_5EFE << 32 | v4,
    "ISATAP, unique": lambda v4: 0x2606_2800 << 96 | 0x0200_5EFE << 32 | v4,
}


@pytest.mark.parametrize("v4", [PUBLIC_V4, LOOPBACK_V4])
@pytest.mark.parametrize("form", EMBEDDINGS)
def test_no_ipv6_form_of_an_ipv4_address_is_public(form: str, v4: IPv4Address) -> None:
    assert judge(IPv6Address(EMBEDDINGS[form](int(v4)))) is not Verdict.PUBLIC


def test_an_address_with_a_scope_is_not_public() -> None:
    assert judge(IPv6Address("2606:2800::1%eth0")) is Verdict.SCOPED


@pytest.mark.parametrize("address", ["93.184.216.34", "1.1.1.1", "8.8.8.8", "2606:4700::1111", "2a00:1450:4001::1"])
def test_ordinary_addresses_are_public(address: str) -> None:
    assert judge(ip_address(address)) is Verdict.PUBLIC
