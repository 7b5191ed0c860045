"""Lists of an operator: networks, ports and hosts."""

from __future__ import annotations

import pytest

from app.networks import original_client, parse_hosts, parse_networks, parse_ports, parse_trusted


@pytest.mark.parametrize(
    ("text", "ports"), [("80", (80,)), (" 443, 80 ,443,", (443, 80)), ("", ()), ("1,65535", (1, 65_535))]
)
def test_ports_are_read(text: str, ports: tuple[int, ...]) -> None:
    assert parse_ports(text) == ports


@pytest.mark.parametrize("text", ["0", "65536", "http", "80-90", "-1", "\u0661", "9" * 5_000])
def test_a_bad_port_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="from 1 to 65535"):
        parse_ports(f"80, {text}")


@pytest.mark.parametrize(
    ("text", "hosts"), [("A.example, .b.example.", ("a.example", "b.example")), ("localhost,localhost", ("localhost",))]
)
def test_hosts_are_read(text: str, hosts: tuple[str, ...]) -> None:
    assert parse_hosts(text) == hosts


@pytest.mark.parametrize(
    "text", ["http://a.example", "a.example:80", "*.example", "m\u00fcnchen.example", "a..b", "a b"]
)
def test_a_bad_host_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="is no host name"):
        parse_hosts(text)


def test_a_port_beside_a_network_is_read_alike() -> None:
    assert [each.port for each in parse_networks("10.0.0.0/8:9100, [::1/128]:80, 127.0.0.1")] == [9100, 80, None]


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("192.0.2.1", "", "192.0.2.1"),
        ("192.0.2.1", "198.51.100.7", "192.0.2.1"),  # nobody that is trusted says so
        ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "203.0.113.9, 198.51.100.7, 10.0.0.2", "198.51.100.7"),
        ("10.0.0.1", "203.0.113.9, nonsense", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("::ffff:10.0.0.1", "2001:db8::1", "2001:db8::1"),
    ],
)
def test_a_client_is_whom_the_nearest_stranger_is_said_to_be(peer: str, forwarded: str, client: str) -> None:
    assert original_client(peer, forwarded, parse_trusted("10.0.0.0/8")) == client
