"""Who may be fetched.

Rule 1: what can be refused by reading the URL is refused without a lookup.
Rule 2: every address that a name has is judged, and one bad address refuses the name.
Rule 3: `deny` wins over `allow`, `allow` over everything else.
Rule 4: what is refused is said in words that show no address that the URL did not show itself.
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

# Last labels that are no names of the public DNS (RFC 6761, 6762, 7686, 8375 and custom); `arpa` has home.arpa.
RESERVED_SUFFIXES = {
    *("localhost", "local", "localdomain", "internal", "intranet", "lan", "corp", "arpa"),
    *("onion", "i2p", "test", "invalid"),
}


@dataclass(frozen=True, slots=True)
class TargetPolicy:
    """What an operator opens and closes, on top of the rules that hold for everybody.

    `observe` is called with the name of each verdict on an address, for metrics.
    """

    allow: tuple[AllowedNetwork, ...] = ()
    deny: tuple[Network, ...] = ()
    observe: Callable[[str], None] | None = None

    def check(self, url: TargetUrl) -> None:
        """Refuse what needs no lookup to be refused. Raises TargetNotAllowed."""
        if url.address is not None:
            self.check_address(url.address, url.port)
        elif url.port not in PORTS and not self._may_open(url.port):
            raise _refused(_WRONG_PORT, "port")
        elif is_reserved(url.host) and not self._may_open(url.port):
            raise _refused(_NO_PUBLIC_NAME, "reserved_name")

    def check_lookup(self, url: TargetUrl, addresses: Collection[Address]) -> None:
        """Judge everything that the host of `url` resolves to, which may be nothing. Raises TargetNotAllowed."""
        reserved = url.address is None and is_reserved(url.host)
        if reserved and not addresses:
            raise _refused(_NO_PUBLIC_NAME, "reserved_name")
        for ip in addresses:
            self.check_address(ip, url.port)
            if reserved and not self._names(ip, url.port):
                raise _refused(_NO_PUBLIC_NAME, "reserved_name")

    def check_address(self, ip: Address, port: int) -> None:
        """Judge one address and port. Raises TargetNotAllowed."""
        verdict = self._judge(ip, port)
        if self.observe:
            self.observe(verdict)
        if verdict == _PORT:
            raise _refused(_WRONG_PORT, verdict)
        if verdict not in (_NAMED, Verdict.PUBLIC.value):
            raise _refused("its address is not public", verdict)

    def _judge(self, ip: Address, port: int) -> str:
        if self.deny and self._denies(ip):
            return "denied"
        if self.allow and self._names(ip, port):
            return _NAMED
        verdict = judge(ip)
        return _PORT if verdict is Verdict.PUBLIC and port not in PORTS else verdict.value

    def _denies(self, ip: Address) -> bool:
        mapped = ip.ipv4_mapped if isinstance(ip, IPv6Address) else None
        return any(ip in network or (mapped and mapped in network) for network in self.deny)

    def _names(self, ip: Address, port: int) -> bool:
        return any(allowed.names(ip, port) for allowed in self.allow)

    def _may_open(self, port: int) -> bool:
        return any(allowed.port in (None, port) for allowed in self.allow)


_NAMED = "named"
_PORT = "port"
_NO_PUBLIC_NAME = "its host is not a name of the public Internet"
_WRONG_PORT = f"its port is none of {', '.join(map(str, PORTS))}"


def _refused(why: str, reason: str) -> TargetNotAllowed:
    return TargetNotAllowed(f"This target is not allowed: {why}", reason=reason)


def is_reserved(host: str) -> bool:
    """Whether a host name (lower case) has no dot or ends in a name that the public DNS does not serve."""
    _, dot, last = host.removesuffix(".").rpartition(".")
    return not dot or last in RESERVED_SUFFIXES
