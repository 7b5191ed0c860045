"""Sockets under a deadline and a byte budget.

Rule 1: a waiting socket looks at its deadline at least every `Deadline.SLICE` seconds.
Rule 2: every byte received is charged to the budget.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import ssl
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import certifi

from app.deadline import Deadline
from app.errors import OWN_ERRORS, TargetUnreachable
from app.networks import Address

HEAD_LIMIT = 128 * 1024  # wire bytes before the body, interim answers and a proxy's answer included

_PIECE = 32 * 1024  # bytes of TLS that are read at once: two records
_UNROUTABLE = frozenset((errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EINVAL))
T = TypeVar("T")


class OverBudget(TargetUnreachable):
    """Refusal of more bytes, lines or pieces than the budget holds."""


class Meter:
    """Time and bytes left to one connection. `phase` names the present step, for the reason of a timeout."""

    __slots__ = ("bytes_left", "deadline", "phase")

    def __init__(self, deadline: Deadline, bytes_left: int = HEAD_LIMIT) -> None:
        self.deadline = deadline
        self.bytes_left = bytes_left
        self.phase = "connect"

    def check(self) -> None:
        """Raise TargetTimeout if the deadline has passed."""
        self.deadline.check(self.phase)

    def wait(self, attempt: Callable[[float], T]) -> T:
        """Wait under the deadline, as `Deadline.wait` does."""
        return self.deadline.wait(attempt, self.phase)

    def charge(self, size: int) -> None:
        """Charge `size` bytes received. Raises OverBudget when none are left."""
        self.bytes_left -= size
        if self.bytes_left < 0:
            raise OverBudget(reason="malformed_response")


class _Metered(socket.socket):
    """Connected socket in non-blocking mode that waits under the deadline of its meter."""

    meter: Meter

    def patiently(self, call: Callable[..., T], *args: Any, ready: int = select.POLLIN) -> T:
        """Repeat `call(*args)` until it succeeds or the time is up. `ready` is the event to wait for in between."""
        while True:
            self.meter.check()
            try:
                return call(*args)
            except (BlockingIOError, ssl.SSLWantReadError):
                self._wait(ready)
            except ssl.SSLWantWriteError:
                self._wait(select.POLLOUT)

    def _wait(self, ready: int) -> None:
        poller = select.poll()
        poller.register(self, ready)
        self.meter.wait(lambda seconds: poller.poll(seconds * 1_000))

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
    """TLS over a connection that it takes over, and closes if that fails.

    OpenSSL is kept from the wire. With a socket of its own it reads on as long as records without data arrive, and
    looks at no clock: a stream of HelloRequest messages was a read without end.
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
        """Receive as a socket does; 0 also where the peer left without ending TLS."""
        try:
            return int(self._run(self._tls.read, len(buffer), buffer))
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return 0

    def sendall(self, data: Any, flags: int = 0) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[self._run(self._tls.write, rest) :]

    def _run(self, call: Callable[..., T], *args: Any) -> T:
        """Run `call(*args)`, moving as many bytes over the wire as it takes."""
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
    """Build the context for all connections: building takes 20 ms, each use 1 ms.

    `ca_bundle` is a PEM file to trust in addition to the public roots.
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
    waiting, pending, errors = deque(addresses), dict[int, MeteredSocket](), set[int]()
    poller = select.poll()
    try:
        while waiting or pending:
            if waiting:
                attempt, error = _start_connect(waiting.popleft(), port, meter)
                _keep(attempt, error, pending, errors, poller)
            for descriptor in _answered(poller, meter, last=not waiting) if pending else ():
                poller.unregister(descriptor)
                attempt = pending.pop(descriptor)
                if not (error := attempt.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)):
                    return attempt
                _keep(attempt, error, pending, errors, poller)
        raise _no_connection(errors)
    finally:
        for attempt in pending.values():
            attempt.close()


def _no_connection(errors: set[int]) -> OSError | TargetUnreachable:
    """Build the error of a dial whose attempts all failed; one of ours goes first."""
    for error in errors & OWN_ERRORS:
        return OSError(error, os.strerror(error))
    return TargetUnreachable(reason="unroutable" if errors <= _UNROUTABLE else "refused")


def _keep(
    attempt: MeteredSocket, error: int, pending: dict[int, MeteredSocket], errors: set[int], poller: select.poll
) -> None:
    """Add an attempt to those pending, or its error to the others."""
    if error:
        errors.add(error)
        attempt.close()
    else:
        pending[attempt.fileno()] = attempt
        poller.register(attempt, select.POLLOUT)


def _answered(poller: select.poll, meter: Meter, *, last: bool) -> list[int]:
    """Wait for attempts to end: to the deadline for the last ones, else for one slice."""
    ended: list[list[tuple[int, int]]] = []

    def poll(seconds: float) -> bool:
        ended.append(poller.poll(seconds * 1_000))
        return bool(ended[-1]) or not last

    meter.check()
    meter.wait(poll)
    return [descriptor for descriptor, _ in ended[-1]]


def _start_connect(ip: Address, port: int, meter: Meter) -> tuple[MeteredSocket, int]:
    """Begin to connect: the socket, and the error number if that failed at once, as for want of a route."""
    family = socket.AF_INET6 if ip.version == 6 else socket.AF_INET
    sock = MeteredSocket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    sock.meter = meter
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    error = sock.connect_ex((str(ip), port))
    return sock, 0 if error == errno.EINPROGRESS else error
