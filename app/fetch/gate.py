"""Connect to targets, and to nothing else.

Rule 1: a socket is connected to a numeric address that the policy has judged, and its peer is judged again.
Rule 2: a name is looked up once for a connection, and the certificate, SNI and Host keep the name.
Rule 3: through a proxy the same holds: it is asked for a judged address.
"""

from __future__ import annotations

import ssl
from base64 import b64encode
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

from app.deadline import Deadline
from app.errors import TargetUnreachable
from app.fetch.policy import TargetPolicy
from app.fetch.resolver import Resolver
from app.fetch.response import Answer, declared_length
from app.fetch.sockets import Meter, MeteredSocket, MeteredTlsSocket, OverBudget, dial, new_tls_context
from app.fetch.url import TargetUrl
from app.networks import Address

__all__ = ["Gate", "Meter", "OverBudget", "Proxy", "declared_length", "new_tls_context", "parse_proxy"]


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy of the operator's, spoken to by CONNECT. `authorization` is a header value or None."""

    host: str
    port: int
    authorization: str | None = None


def parse_proxy(text: str) -> Proxy:
    """Read `http://user:password@host:port`. Raises ValueError, in one line without the password."""
    parts = urlsplit(text)
    if parts.scheme != "http" or not parts.hostname or parts.port is None:
        raise ValueError("a proxy is written as http://user:password@host:port, user and password if it has any")
    if parts.username is None:
        return Proxy(parts.hostname, parts.port)
    credentials = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
    return Proxy(parts.hostname, parts.port, f"Basic {b64encode(credentials).decode()}")


@dataclass(frozen=True, slots=True)
class Gate:
    """The one way out: it alone connects to targets, for pages, webhooks and the browser's proxy alike."""

    policy: TargetPolicy
    resolver: Resolver
    tls: ssl.SSLContext

    def addresses(self, url: TargetUrl, deadline: Deadline, tenant: str = "") -> tuple[Address, ...]:
        """The judged addresses of a URL's host, after one lookup at most.

        Raises TargetNotAllowed, TargetUnreachable or TargetTimeout.
        """
        self.policy.check(url)
        if url.address is not None:
            return (url.address,)
        try:
            addresses = self.resolver.resolve(url.host, url.port, deadline, tenant)
        except TargetUnreachable:
            self.policy.check_lookup(url, ())
            raise
        self.policy.check_lookup(url, addresses)
        return addresses

    def connect(self, url: TargetUrl, meter: Meter, tenant: str = "") -> MeteredSocket:
        """A TCP connection to the host of `url`; raises as `addresses` does."""
        sock = dial(self.addresses(url, meter.deadline, tenant), url.port, meter)
        try:
            self.policy.check_address(ip_address(sock.getpeername()[0]), url.port)
        except BaseException:
            sock.close()
            raise
        return sock

    def connect_through(self, proxy: Proxy, url: TargetUrl, meter: Meter, tenant: str = "") -> MeteredSocket:
        """The same through a proxy, which is asked for a judged numeric address and never for a name."""
        addresses = self.addresses(url, meter.deadline, tenant)
        sock = dial(self._proxy_addresses(proxy, meter.deadline), proxy.port, meter)
        try:
            # Few proxies have a way out for IPv6.
            _ask_for_tunnel(sock, min(addresses, key=lambda ip: ip.version), url.port, proxy.authorization)
        except BaseException:
            sock.close()
            raise
        return sock

    def _proxy_addresses(self, proxy: Proxy, deadline: Deadline) -> tuple[Address, ...]:
        try:
            return (ip_address(proxy.host),)
        except ValueError:
            return self.resolver.resolve(proxy.host, proxy.port, deadline)

    def start_tls(self, sock: MeteredSocket, host: str) -> MeteredTlsSocket:
        """Shake hands, and see that the certificate is for `host`; `sock` is no longer used afterwards."""
        # RFC 6066, section 3: the server name has no trailing dot.
        tls = MeteredTlsSocket(sock, self.tls, host.rstrip("."))
        try:
            tls.do_handshake()
        except BaseException:
            tls.close()
            raise
        return tls


def _ask_for_tunnel(sock: MeteredSocket, ip: Address, port: int, authorization: str | None) -> None:
    """CONNECT (RFC 9110, section 9.3.6)."""
    authority = f"[{ip}]:{port}" if ip.version == 6 else f"{ip}:{port}"
    lines = [f"CONNECT {authority} HTTP/1.1", f"Host: {authority}"]
    if authorization:
        lines.append(f"Proxy-Authorization: {authorization}")
    sock.sendall("\r\n".join([*lines, "", ""]).encode("ascii"))
    answer = Answer(sock, method="CONNECT")
    try:
        answer.begin()
    finally:
        answer.close()
    if not 200 <= answer.status < 300:
        raise TargetUnreachable(reason=f"proxy_answered_{answer.status}")
