"""Who may be fetched, decided with and without a lookup."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from app.fetch import TargetPolicy, parse_url
from app.fetch.policy import PORTS, Refused, is_reserved
from app.networks import parse_denied, parse_networks

PUBLIC = "93.184.216.34"
EVERYBODY = TargetPolicy()


def test_an_operator_chooses_the_ports() -> None:
    ours = TargetPolicy(ports=(443, 8448))
    assert refusal(ours, "https://example.com:8448/", PUBLIC) is None
    assert refusal(ours, "http://example.com/", PUBLIC) == "port"
    assert refusal(ours, f"http://{PUBLIC}/") == "port"


@pytest.mark.parametrize("host", ["ads.example", "a.b.ads.example", "ADS.example.", "93.184.216.34"])
def test_a_denied_host_is_refused_without_a_lookup(host: str) -> None:
    ours = TargetPolicy(allow=parse_networks("0.0.0.0/0"), deny_hosts=("ads.example", "93.184.216.34"))
    with pytest.raises(Refused) as refused:
        ours.check(parse_url(f"http://{host}/"))
    assert refused.value.details == {"reason": "host_denied"}


@pytest.mark.parametrize("host", ["example.com", "bads.example", "ads.example.com"])
def test_no_other_host_is_denied(host: str) -> None:
    assert refusal(TargetPolicy(deny_hosts=("ads.example",)), f"http://{host}/", PUBLIC) is None


def policy(allow: str = "", deny: str = "") -> TargetPolicy:
    return TargetPolicy(allow=parse_networks(allow), deny=parse_denied(deny))


def refusal(policy: TargetPolicy, url: str, *resolved: str) -> str | None:
    """Why a URL whose host has these addresses is refused; None if it is not."""
    target = parse_url(url)
    try:
        policy.check(target)
        policy.check_lookup(target, [ip_address(address) for address in resolved])
    except Refused as error:
        return error.verdict
    return None


@pytest.mark.parametrize("port", PORTS)
def test_the_ports_of_the_web_are_open(port: int) -> None:
    assert refusal(EVERYBODY, f"http://example.com:{port}/", PUBLIC) is None
    assert refusal(EVERYBODY, f"http://{PUBLIC}:{port}/") is None


@pytest.mark.parametrize("port", [1, 22, 25, 79, 81, 442, 444, 3306, 5432, 6379, 8079, 8081, 8442, 8444, 9200, 65535])
def test_no_other_port_is(port: int) -> None:
    assert refusal(EVERYBODY, f"http://example.com:{port}/") == "port"
    assert refusal(EVERYBODY, f"http://{PUBLIC}:{port}/") == "port"


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://127.0.0.1/", "loopback"),
        ("http://10.0.0.1/", "private"),
        ("http://169.254.169.254/latest/meta-data/", "link_local"),
        ("http://0.0.0.0/", "this_network"),
        ("http://[::1]/", "loopback"),
        ("http://[::]/", "unspecified"),
        ("http://[::ffff:127.0.0.1]/", "ipv4_mapped"),
        ("http://[fd00:ec2::254]/", "private"),
    ],
)
def test_an_address_in_a_url_is_judged_without_a_lookup(url: str, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        EVERYBODY.check(parse_url(url))
    assert refused.value.verdict == reason


SUFFIXES = (
    "localhost local localdomain internal intranet lan home.arpa corp onion i2p test invalid arpa".split()  # noqa: SIM905
)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("form", ["http://{}/", "http://a.{}/", "http://a.b.{}./", "http://A.{}/"])
def test_a_reserved_name_is_refused_without_a_lookup(form: str, suffix: str) -> None:
    with pytest.raises(Refused) as refused:
        EVERYBODY.check(parse_url(form.format(suffix)))
    assert refused.value.verdict == "reserved_name"


@pytest.mark.parametrize("host", ["router", "router.", "localhost", "xn--mnchen-3ya"])
def test_a_name_without_a_dot_is_reserved(host: str) -> None:
    assert is_reserved(host)


@pytest.mark.parametrize(
    "host", ["example.com", "local.example.com", "notlocal.com", "a.mylocal", "test.co", "corp.com"]
)
def test_a_name_that_only_looks_like_a_reserved_one_is_not(host: str) -> None:
    assert not is_reserved(host)


def test_one_bad_address_refuses_a_name_wherever_it_stands() -> None:
    assert refusal(EVERYBODY, "http://example.com/", PUBLIC, "10.0.0.1") == "private"
    assert refusal(EVERYBODY, "http://example.com/", "::1", PUBLIC) == "loopback"
    assert refusal(EVERYBODY, "http://example.com/", PUBLIC, "2606:4700::1111") is None


def test_what_is_allowed_is_exempt_from_the_address_and_port_rules() -> None:
    opened = policy(allow="10.1.0.0/16, 127.0.0.0/8:9100")
    assert refusal(opened, "http://10.1.2.3:22/") is None
    assert refusal(opened, "http://127.0.0.1:9100/") is None
    assert refusal(opened, "http://example.com:9100/", "127.0.0.1") is None


def test_what_is_allowed_is_no_more_than_what_is_named() -> None:
    opened = policy(allow="10.1.0.0/16, 127.0.0.0/8:9100")
    assert refusal(opened, "http://10.2.0.1/") == "private"
    assert refusal(opened, "http://127.0.0.1:9101/") == "loopback"
    assert refusal(opened, "http://127.0.0.1/") == "loopback"
    assert refusal(opened, f"http://{PUBLIC}:9100/") == "port"
    assert refusal(opened, "http://example.com:9100/", "127.0.0.1", PUBLIC) == "port"
    assert refusal(opened, "http://example.com/", "10.1.0.1", "10.2.0.1") == "private"


def test_a_reserved_name_must_resolve_to_what_is_allowed() -> None:
    opened = policy(allow="127.0.0.0/8:9100")
    assert refusal(opened, "http://localhost:9100/", "127.0.0.1") is None
    assert refusal(opened, "http://localhost:9100/", "127.0.0.1", "::1") == "loopback"
    assert refusal(policy(allow="10.0.0.0/8"), "http://intra.corp/", PUBLIC) == "reserved_name"
    assert refusal(opened, "http://localhost:9101/") == "port"
    assert refusal(opened, "http://localhost/") == "reserved_name"


def test_what_is_denied_is_refused_even_where_it_is_allowed_or_public() -> None:
    closed = policy(allow="10.0.0.0/8", deny="10.1.0.0/16, 93.184.216.0/24")
    assert refusal(closed, "http://10.2.0.1/") is None
    assert refusal(closed, "http://10.1.0.1/") == "denied"
    assert refusal(closed, f"http://{PUBLIC}/") == "denied"


def test_an_ipv4_address_is_denied_in_its_mapped_form_too() -> None:
    closed = policy(allow="::ffff:0:0/96", deny="10.1.0.0/16")
    assert refusal(closed, "http://[::ffff:10.2.0.1]/") is None
    assert refusal(closed, "http://[::ffff:10.1.0.1]/") == "denied"


def test_every_verdict_on_an_address_is_observed() -> None:
    seen: list[str] = []
    observed = TargetPolicy(observe=seen.append)
    refusal(observed, "http://example.com/", PUBLIC, "10.0.0.1")
    assert seen == ["public", "private"]


def test_a_refusal_shows_no_address_that_was_resolved() -> None:
    with pytest.raises(Refused) as refused:
        EVERYBODY.check_lookup(parse_url("http://example.com/"), [ip_address("10.9.8.7")])
    assert "10.9" not in refused.value.message + refused.value.reason + str(refused.value.details)
