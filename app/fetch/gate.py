"""Gate: the one place where connections to targets are made.

Rule 1: a socket is connected to a numeric address that the policy has judged, and its peer is judged again.
Rule 2: a name is looked up once for a connection, and the certificate, SNI and Host keep the name.
Rule 3: a proxy is asked for a judged address, never for a name.
"""

from __future__ import annotations

import ssl
from base64 import b64encode
from dataclasses import dataclass
from http.client import HTTPException
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

from app.deadline import Deadline
from app.errors import TargetUnreachable
from app.fetch.policy import TargetPolicy
from app.fetch.resolver import Resolver
from app.fetch.response import Answer
from app.fetch.sockets import Meter, MeteredSocket, MeteredTlsSocket, OverBudget, dial, new_tls_context
from app.fetch.url import TargetUrl
from app.networks import Address

__all__ = ["Gate", "Meter", "UpstreamProxy", "new_tls_context", "parse_proxy"]


@dataclass(frozen=True, slots=True)
class UpstreamProxy:
    """HTTP proxy of the operator, used by CONNECT. `authorization` is a header value or None."""

    host: str
    port: int
    authorization: str | None = None


def parse_proxy(text: str) -> UpstreamProxy:
    """Read `http://user:password@host:port`. Raises ValueError, in one line without the password."""
    parts = urlsplit(text)
    if parts.scheme != "http" or not parts.hostname or parts.port is None:
        raise ValueError("a proxy is written as http://user:password@host:port, user and password if it has any")
    if parts.username is None:
        return UpstreamProxy(parts.hostname, parts.port)
    credentials = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
    return UpstreamProxy(parts.hostname, parts.port, f"Basic {b64encode(credentials).decode()}")


@dataclass(frozen=True, slots=True)
class Gate:
    """Connector to targets, for pages, webhooks and the browser's proxy alike."""

    policy: TargetPolicy
    resolver: Resolver
    tls: ssl.SSLContext

    def addresses(self, url: TargetUrl, deadline: Deadline, tenant: str = "") -> tuple[Address, ...]:
        """Look up and judge the addresses of a URL's host, with one lookup at most.

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
        """Connect to the host of `url` by TCP; raises as `addresses` does."""
        sock = dial(self.addresses(url, meter.deadline, tenant), url.port, meter)
        try:
            self.policy.check_address(ip_address(sock.getpeername()[0]), url.port)
        except BaseException:
            sock.close()
            raise
        return sock

    def connect_through(self, proxy: UpstreamProxy, url: TargetUrl, meter: Meter, tenant: str = "") -> MeteredSocket:
        """Connect through a proxy, which is asked for a judged numeric address."""
        addresses = self.addresses(url, meter.deadline, tenant)
        sock = self._dial_proxy(proxy, meter)
        try:
            # Few proxies have a way out for IPv6.
            _ask_for_tunnel(sock, min(addresses, key=lambda ip: ip.version), url.port, proxy.authorization)
        except BaseException:
            sock.close()
            raise
        return sock

    def _dial_proxy(self, proxy: UpstreamProxy, meter: Meter) -> MeteredSocket:
        try:
            return dial(self._proxy_addresses(proxy, meter.deadline), proxy.port, meter)
        except TargetUnreachable as error:
            raise TargetUnreachable(reason="proxy") from error

    def _proxy_addresses(self, proxy: UpstreamProxy, deadline: Deadline) -> tuple[Address, ...]:
        try:
            return (ip_address(proxy.host),)
        except ValueError:
            return self.resolver.resolve(proxy.host, proxy.port, deadline)

    def start_tls(self, sock: MeteredSocket, host: str) -> MeteredTlsSocket:
        """Shake hands, and check that the certificate is for `host`; `sock` is no longer used afterwards."""
        sock.meter.phase = "tls"
        # RFC 6066, section 3: the server name has no trailing dot.
        tls = MeteredTlsSocket(sock, self.tls, host.rstrip("."))
        try:
            tls.do_handshake()
        except BaseException:
            tls.close()
            raise
        return tls


def _ask_for_tunnel(sock: MeteredSocket, ip: Address, port: int, authorization: str | None) -> None:
    """Send CONNECT and read the answer (RFC 9110, section 9.3.6)."""
    authority = f"[{ip}]:{port}" if ip.version == 6 else f"{ip}:{port}"
    lines = [f"CONNECT {authority} HTTP/1.1", f"Host: {authority}"]
    if authorization:
        lines.append(f"Proxy-Authorization: {authorization}")
    sock.sendall("\r\n".join([*lines, "", ""]).encode("ascii"))
    answer = Answer(sock, method="CONNECT")
    try:
        answer.begin()
    except (HTTPException, OSError, OverBudget) as error:
        raise TargetUnreachable(reason="proxy") from error
    finally:
        answer.close()
    if not 200 <= answer.status < 300:
        raise TargetUnreachable(reason="proxy")
