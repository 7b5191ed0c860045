"""Sockets under one deadline and one byte budget.

Rule 1: whatever a socket waits for, it looks at its deadline at least every `Deadline.SLICE` seconds.
Rule 2: every byte that it receives is charged to its budget.
"""

from __future__ import annotations

import errno
import select
import socket
import ssl
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import certifi

from app.deadline import Deadline
from app.errors import TargetTimeout, TargetUnreachable
from app.networks import Address
from app.threads.gil_gate import blocking

HEAD_LIMIT = 128 * 1024  # wire bytes before the body, interim answers and a proxy's answer included

_PIECE = 32 * 1024  # bytes of TLS that are read at once: two records

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
    """A connected socket that never outlives its meter. It does not block: it sleeps beside the call."""

    meter: Meter

    def patiently(self, call: Callable[..., T], *args: Any, ready: int = select.POLLIN) -> T:
        """`call(*args)`, again and again until it is done or the time is up. `ready` is what it waits for."""
        while True:
            most = self.meter.slice()
            try:
                return call(*args)
            except (BlockingIOError, ssl.SSLWantReadError):
                self._sleep(ready, most)
            except ssl.SSLWantWriteError:
                self._sleep(select.POLLOUT, most)

    def _sleep(self, ready: int, most: float) -> None:
        """Until the socket is `ready`, or for `most` seconds."""
        poller = select.poll()
        poller.register(self, ready)
        with blocking:
            poller.poll(most * 1000)

    def recv_into(self, buffer: Any, *args: Any) -> int:
        size = self.patiently(super().recv_into, buffer, *args)
        self.meter.charge(size)
        return size

    def sendall(self, data: Any, flags: int = 0) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[self.patiently(super().send, rest, flags, ready=select.POLLOUT) :]


class MeteredSocket(_Metered):
    """Plain TCP."""


class MeteredTlsSocket(_Metered):
    """TLS over a connection that is handed over; closed if that fails.

    OpenSSL is kept from the wire. With a socket in its hands it reads on while there is anything to read that is
    no data, without looking at a clock: a stream of HelloRequest messages was a read without end.
    """

    def __init__(self, sock: MeteredSocket, context: ssl.SSLContext, host: str) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        try:
            self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        except BaseException:
            sock.close()
            raise
        super().__init__(sock.family, sock.type, sock.proto, sock.detach())
        self.meter = sock.meter
        self._piece = bytearray(_PIECE)

    def do_handshake(self) -> None:
        self._run(self._tls.do_handshake)

    def recv_into(self, buffer: Any, *_: Any, **__: Any) -> int:
        """As a socket's, 0 also where the peer left without the end of TLS."""
        try:
            return int(self._run(self._tls.read, len(buffer), buffer))
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return 0

    def sendall(self, data: Any, flags: int = 0) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[self._run(self._tls.write, rest) :]

    def _run(self, call: Callable[..., T], *args: Any) -> T:
        """`call(*args)`, with as much of the wire as it takes."""
        while True:
            try:
                done = call(*args)
            except ssl.SSLWantReadError:
                self._flush()
                self._fill()
            else:
                self._flush()
                return done

    def _flush(self) -> None:
        if self._outgoing.pending:
            super().sendall(self._outgoing.read())

    def _fill(self) -> None:
        size = super().recv_into(self._piece)
        if size:
            self._incoming.write(memoryview(self._piece)[:size])
        else:
            self._incoming.write_eof()


def new_tls_context(ca_bundle: Path | None = None) -> ssl.SSLContext:
    """The one context that every connection shares: building it costs 20 ms, using it 1.

    `ca_bundle` is a PEM file that is trusted in addition to the public roots.
    """
    context = ssl.create_default_context(cafile=certifi.where())
    if ca_bundle is not None:
        context.load_verify_locations(cafile=ca_bundle)
    context.set_alpn_protocols(["http/1.1"])
    context.options |= ssl.OP_NO_RENEGOTIATION  # a server could ask for handshake after handshake
    return context


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
            for descriptor, _ in _wait_for_any(poller, meter) if pending else ():
                poller.unregister(descriptor)
                attempt = pending.pop(descriptor)
                if attempt.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
                    return attempt
                attempt.close()
        raise TargetUnreachable(reason="refused")
    finally:
        for attempt in pending.values():
            attempt.close()


def _wait_for_any(poller: select.poll, meter: Meter) -> list[tuple[int, int]]:
    most = meter.slice()
    with blocking:
        return poller.poll(most * 1000)


def _start_connect(ip: Address, port: int, meter: Meter) -> MeteredSocket | None:
    """A socket that is being connected; None where that failed at once, as for want of a route."""
    family = socket.AF_INET6 if ip.version == 6 else socket.AF_INET
    sock = MeteredSocket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    sock.meter = meter
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if sock.connect_ex((str(ip), port)) in (0, errno.EINPROGRESS):
        return sock
    sock.close()
    return None
