"""Policy: the decision whether a target may be fetched.

Rule 1: whatever can be refused by reading the URL is refused without a lookup.
Rule 2: every address of a name is judged, and one bad address refuses the name.
Rule 3: `deny` wins over `allow`, `allow` over everything else.
Rule 4: a refusal shows no address that the URL did not show itself.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from ipaddress import IPv6Address

from app.errors import TargetNotAllowed
from app.fetch.address import Verdict, judge
from app.fetch.url import TargetUrl
from app.networks import Address, AllowedNetwork, Network

PORTS = (80, 443, 8080, 8443)

# Last labels outside the public DNS (RFC 6761, 6762, 7686, 8375 and custom); `arpa` covers home.arpa.
RESERVED_SUFFIXES = {
    *("localhost", "local", "localdomain", "internal", "intranet", "lan", "corp", "arpa"),
    *("onion", "i2p", "test", "invalid"),
}


class Refused(TargetNotAllowed):
    """Refusal with a `verdict` for logs, which is finer than the reason that clients are told."""

    def __init__(self, why: str, reason: str, verdict: str) -> None:
        super().__init__(f"This target is not allowed: {why}", reason=reason)
        self.verdict = verdict


@dataclass(frozen=True, slots=True)
class TargetPolicy:
    """Rules for everybody, and the exceptions of an operator.

    `allow` opens networks and `deny` closes them; `deny_hosts` closes names with all names below them; `ports` are
    open for every public host. `observe` is called with the name of each verdict on an address, for metrics.
    """

    allow: tuple[AllowedNetwork, ...] = ()
    deny: tuple[Network, ...] = ()
    observe: Callable[[str], None] | None = None
    ports: tuple[int, ...] = PORTS
    deny_hosts: tuple[str, ...] = ()

    def check(self, url: TargetUrl) -> None:
        """Judge a URL without a lookup. Raises TargetNotAllowed."""
        if self._denies_host(url.host):
            raise Refused("its host is denied on this server", "host_denied", "host_denied")
        if url.address is not None:
            self.check_address(url.address, url.port)
        elif url.port not in self.ports and not self._may_open(url.port):
            raise self._wrong_port()
        elif is_reserved(url.host) and not self._may_open(url.port):
            raise _reserved_name()

    def check_lookup(self, url: TargetUrl, addresses: Collection[Address]) -> None:
        """Judge all addresses of the host of `url`, of which there may be none. Raises TargetNotAllowed."""
        reserved = url.address is None and is_reserved(url.host)
        if reserved and not addresses:
            raise _reserved_name()
        for ip in addresses:
            self.check_address(ip, url.port)
            if reserved and not self._allows(ip, url.port):
                raise _reserved_name()

    def check_address(self, ip: Address, port: int) -> None:
        """Judge one address and port. Raises TargetNotAllowed."""
        verdict = self._judge(ip, port)
        if self.observe:
            self.observe(verdict)
        if verdict == _PORT:
            raise self._wrong_port()
        if verdict not in (_ALLOWED, Verdict.PUBLIC.value):
            raise Refused("its address is not public", "address", verdict)

    def _judge(self, ip: Address, port: int) -> str:
        if self.deny and self._denies(ip):
            return "denied"
        if self.allow and self._allows(ip, port):
            return _ALLOWED
        verdict = judge(ip)
        return _PORT if verdict is Verdict.PUBLIC and port not in self.ports else verdict.value

    def _denies(self, ip: Address) -> bool:
        mapped = ip.ipv4_mapped if isinstance(ip, IPv6Address) else None
        return any(ip in network or (mapped and mapped in network) for network in self.deny)

    def _denies_host(self, host: str) -> bool:
        host = host.removesuffix(".")
        return any(host == denied or host.endswith(f".{denied}") for denied in self.deny_hosts)

    def _allows(self, ip: Address, port: int) -> bool:
        return any(allowed.names(ip, port) for allowed in self.allow)

    def _may_open(self, port: int) -> bool:
        return any(allowed.port in (None, port) for allowed in self.allow)

    def _wrong_port(self) -> Refused:
        return Refused(f"its port is none of {', '.join(map(str, self.ports))}", "port", _PORT)


_ALLOWED = "named"
_PORT = "port"


def _reserved_name() -> Refused:
    return Refused("its host is not a name of the public Internet", "name", "reserved_name")


def is_reserved(host: str) -> bool:
    """Whether a host name (lower case) has no dot or ends in a name outside the public DNS."""
    _, dot, last = host.removesuffix(".").rpartition(".")
    return not dot or last in RESERVED_SUFFIXES
