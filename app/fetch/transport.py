"""Send one request to one judged address.

Rule 1: a socket is connected to a numeric address that the policy has judged, and its peer is judged again.
Rule 2: one deadline lies over the lookup, the connects, the handshake and every byte; it is looked at at
        least every `Deadline.SLICE` seconds.
Rule 3: every byte from the wire is charged to one budget.
Rule 4: a connection carries one request and is closed with its response.
Rule 5: nothing of the environment is used: no proxies, no netrc.
"""

from __future__ import annotations

import errno
import re
import select
import socket
import ssl
from base64 import b64encode
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http.client import BadStatusLine, HTTPMessage, HTTPResponse, RemoteDisconnected
from ipaddress import ip_address
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

import certifi
import requests
from requests.adapters import BaseAdapter
from requests.cookies import get_cookie_header
from requests.structures import CaseInsensitiveDict
from urllib3.connection import HTTPConnection

from app.deadline import Deadline
from app.errors import TargetTimeout, TargetUnreachable
from app.fetch.policy import TargetPolicy
from app.fetch.resolver import Resolver
from app.fetch.url import TargetUrl
from app.networks import Address

HEAD_LIMIT = 128 * 1024  # wire bytes before the body, interim answers and a proxy's answer included
MAX_FIELDS = 1_000  # in one head
MAX_COOKIES = 8 * 1024  # characters of one Cookie field; a chain that wants more sends none

T = TypeVar("T")


class OverBudget(TargetUnreachable):
    """More bytes came from the wire than the budget holds."""


class Meter:
    """What is left of the time and of the bytes of one connection."""

    __slots__ = ("bytes_left", "deadline")

    def __init__(self, deadline: Deadline, bytes_left: int = HEAD_LIMIT) -> None:
        self.deadline = deadline
        self.bytes_left = bytes_left

    def slice(self) -> float:
        """Seconds that one call may block. Raises TargetTimeout once the deadline has passed."""
        left = self.deadline.remaining()
        if left <= 0.0:
            raise TargetTimeout(reason="deadline")
        return min(left, Deadline.SLICE)

    def charge(self, size: int) -> None:
        """Account for bytes that came. Raises OverBudget where they are more than there was room for."""
        self.bytes_left -= size
        if self.bytes_left < 0:
            raise OverBudget(reason="over_budget")


class _Metered(socket.socket):
    """A connected socket that never outlives its meter."""

    meter: Meter

    def patiently(self, call: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """`call(*args)`, again and again until it is done or the time is up."""
        while True:
            self.settimeout(self.meter.slice())
            try:
                return call(*args, **kwargs)
            except TimeoutError as error:
                if error.errno is not None:  # the peer's silence as TCP sees it, not our slice
                    raise

    def recv_into(self, buffer: Any, *args: Any, **kwargs: Any) -> int:
        size = self.patiently(super().recv_into, buffer, *args, **kwargs)
        self.meter.charge(size)
        return size

    def sendall(self, data: Any, flags: int = 0) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[self.patiently(super().send, rest, flags) :]


class MeteredSocket(_Metered):
    """Plain TCP."""


class MeteredTlsSocket(_Metered, ssl.SSLSocket):
    """TLS; made by the SSLContext whose `sslsocket_class` it is."""


def new_tls_context(ca_bundle: Path | None = None) -> ssl.SSLContext:
    """The one context that every connection shares: building it costs 20 ms, using it 1.

    `ca_bundle` is a PEM file that is trusted in addition to the public roots.
    """
    context = ssl.create_default_context(cafile=certifi.where())
    if ca_bundle is not None:
        context.load_verify_locations(cafile=ca_bundle)
    context.set_alpn_protocols(["http/1.1"])
    context.sslsocket_class = MeteredTlsSocket
    return context


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


def dial(addresses: Iterable[Address], port: int, meter: Meter) -> MeteredSocket:
    """Connect to the first address that answers (RFC 8305, section 5).

    A further attempt starts every slice, and at once when one fails; earlier ones stay open, so that an
    address that swallows packets does not cost the whole deadline.
    """
    waiting, pending, poller = deque(addresses), dict[int, MeteredSocket](), select.poll()
    try:
        while waiting or pending:
            if waiting and (attempt := _start_connect(waiting.popleft(), port, meter)):
                pending[attempt.fileno()] = attempt
                poller.register(attempt, select.POLLOUT)
            for descriptor, _ in poller.poll(meter.slice() * 1000) if pending else ():
                poller.unregister(descriptor)
                attempt = pending.pop(descriptor)
                if attempt.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
                    return attempt
                attempt.close()
        raise TargetUnreachable(reason="refused")
    finally:
        for attempt in pending.values():
            attempt.close()


def _start_connect(ip: Address, port: int, meter: Meter) -> MeteredSocket | None:
    """A socket that is being connected; None where that failed at once, as for want of a route."""
    sock = MeteredSocket(socket.AF_INET6 if ip.version == 6 else socket.AF_INET, socket.SOCK_STREAM)
    sock.meter = meter
    sock.setblocking(False)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if sock.connect_ex((str(ip), port)) in (0, errno.EINPROGRESS):
        return sock
    sock.close()
    return None


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
        addresses = self.resolver.resolve(url.host, url.port, deadline, tenant)
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
        proxy_addresses = self.resolver.resolve(proxy.host, proxy.port, meter.deadline, tenant)
        sock = dial(proxy_addresses, proxy.port, meter)
        try:
            # Few proxies have a way out for IPv6.
            _ask_for_tunnel(sock, min(addresses, key=lambda ip: ip.version), url.port, proxy.authorization)
        except BaseException:
            sock.close()
            raise
        return sock

    def start_tls(self, sock: MeteredSocket, host: str) -> MeteredTlsSocket:
        """Shake hands, and see that the certificate is for `host`; `sock` is no longer used afterwards."""
        try:
            # RFC 6066, section 3: the server name has no trailing dot.
            tls = self.tls.wrap_socket(sock, server_hostname=host.rstrip("."), do_handshake_on_connect=False)
        except BaseException:
            sock.close()
            raise
        assert isinstance(tls, MeteredTlsSocket)  # noqa: S101
        tls.meter = sock.meter
        try:
            tls.patiently(tls.do_handshake)
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


_STATUS_LINE = re.compile(rb"HTTP/1\.(\d)[ \t]+(\d{3})(?:[ \t]([^\r\n]*))?\r?\n")


class Answer(HTTPResponse):
    """http.client's response with a reader of the head that bounds it, skips every interim answer
    (http.client takes 103 for the final one) and passes over lines that are no field, as browsers do.
    """

    def begin(self) -> None:
        status = 100
        while 100 <= status < 200:
            minor, status, self.reason = self._read_status_line()
            fields = self._read_fields()
        self.version = 11 if minor else 10
        self.code = self.status = status
        self.headers = self.msg = fields
        self.chunked = fields.get("transfer-encoding", "").lower() == "chunked"
        self.chunk_left = None
        self.length = None if self.chunked else self._declared_length()
        self.will_close = True

    def _read_status_line(self) -> tuple[int, int, str]:
        line = self.fp.readline()
        if not line:
            raise RemoteDisconnected("")
        match = _STATUS_LINE.fullmatch(line)
        if match is None or match[2] < b"100" or match[2] == b"101":  # nobody asked for another protocol
            raise BadStatusLine("")
        return int(match[1]), int(match[2]), (match[3] or b"").decode("latin-1")

    def _read_fields(self) -> HTTPMessage:
        fields: list[tuple[str, str]] = []
        while (line := self.fp.readline()) not in (b"\r\n", b"\n"):
            if not line:
                raise RemoteDisconnected("")
            if len(fields) == MAX_FIELDS:
                raise OverBudget(reason="too_many_fields")
            _add_field(fields, line.decode("latin-1"))
        message = HTTPMessage()
        for name, value in fields:
            message[name] = value
        return message

    def _declared_length(self) -> int | None:
        if self.status in (204, 304):
            return 0
        return declared_length(self.headers.get("content-length", ""))


def _add_field(fields: list[tuple[str, str]], line: str) -> None:
    name, colon, value = line.partition(":")
    if line[0] in " \t":
        if fields:  # obs-fold: RFC 9112, section 5.2
            name, value = fields.pop()
            fields.append((name, f"{value} {line.strip()}"))
    elif colon:
        fields.append((name.strip(), value.strip()))


def declared_length(content_length: str) -> int | None:
    """The value of a Content-Length field, None where it says nothing that could be meant."""
    return int(content_length) if re.fullmatch("[0-9]{1,18}", content_length) else None


class HopRequest(requests.PreparedRequest):
    """One request, prepared already: requests' own preparation would read the URL its own way.

    `headers` are sent as they are, after `Host`.
    """

    def __init__(
        self,
        url: TargetUrl,
        headers: Mapping[str, str],
        deadline: Deadline,
        *,
        body: bytes | None = None,
        tenant: str = "",
        proxy: Proxy | None = None,
    ) -> None:
        super().__init__()
        self.method = "GET" if body is None else "POST"
        self.url = str(url)
        self.headers = CaseInsensitiveDict({"Host": url.netloc, **headers})
        self.body = body
        self.hooks = {"response": []}
        self.target = url
        self.meter = Meter(deadline)
        self.tenant = tenant
        self.proxy = proxy


class GuardedConnection(HTTPConnection):
    """urllib3's connection, over the gate's sockets; it serves both schemes."""

    response_class = Answer

    def __init__(self, gate: Gate, request: HopRequest) -> None:
        super().__init__(request.target.host, request.target.port, timeout=Deadline.SLICE)
        self._gate = gate
        self._request = request

    def connect(self) -> None:
        request = self._request
        if request.proxy is None:
            sock = self._gate.connect(request.target, request.meter, request.tenant)
        else:
            sock = self._gate.connect_through(request.proxy, request.target, request.meter, request.tenant)
        tls = request.target.scheme == "https"
        self.sock = self._gate.start_tls(sock, request.target.host) if tls else sock


class HopResponse(requests.Response):
    """The answer to one request, its body still on the wire. Whoever has it closes it."""

    def __init__(self, request: HopRequest, raw: Any, connection: GuardedConnection) -> None:
        super().__init__()
        self.request = request
        self.url = str(request.target)
        self.status_code = raw.status
        self.reason = raw.reason
        self.headers = CaseInsensitiveDict(raw.headers)
        self.raw = raw
        self.meter = request.meter
        self._guarded = connection

    def close(self) -> None:
        self.raw.close()
        self._guarded.close()


class GuardedAdapter(BaseAdapter):
    """The adapter that every outbound request goes through. It takes `HopRequest`s alone."""

    def __init__(self, gate: Gate) -> None:
        super().__init__()
        self._gate = gate

    def send(self, request: requests.PreparedRequest, *_: object, **__: object) -> HopResponse:
        if not isinstance(request, HopRequest):
            raise TypeError("only a HopRequest has a URL that was read by the one parser")
        connection = GuardedConnection(self._gate, request)
        try:
            connection.request(
                request.method or "GET",
                request.target.target,
                body=request.body,
                headers=request.headers,
                preload_content=False,
                decode_content=False,
            )
            return HopResponse(request, connection.getresponse(), connection)
        except BaseException:
            connection.close()
            raise

    def close(self) -> None:
        """Nothing is kept that would need it."""


class Chain(requests.Session):
    """The session of one fetch: cookies survive a redirect chain (some sites loop without them) and must
    not survive it (the next URL belongs to a stranger).
    """

    def __init__(self, adapter: GuardedAdapter) -> None:
        super().__init__()
        self.trust_env = False
        self.mount("http://", adapter)
        self.mount("https://", adapter)

    def go(self, request: HopRequest) -> HopResponse:
        """Send one request, and read no more than the head of its answer."""
        response = self.send(request, stream=True, proxies={})
        assert isinstance(response, HopResponse)  # noqa: S101
        return response

    def cookies_for(self, request: HopRequest) -> str:
        """The chain's cookies that belong in a request, "" for none."""
        if not len(self.cookies):
            return ""
        cookies = get_cookie_header(self.cookies, request) or ""  # type: ignore[no-untyped-call]
        return cookies if len(cookies) <= MAX_COOKIES else ""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """requests reads the whole body of every redirect that it knows of, so it learns of none."""
