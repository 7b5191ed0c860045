"""A web of many hosts in one process, on loopback alone, several times faster than what it measures.

Rule 1: every answer is made before the first request: one `bytes` for each page, head and body.
Rule 2: one thread, one epoll, sockets of the standard library; a connection carries one request.
Rule 3: who asks says how long to wait: `/17?wait=213&n=5` is page 17 after 213 ms, and `n` makes it a new URL.

`python tests/benchmarks/origin.py --pages DIR` serves until it is interrupted and prints where.
"""

from __future__ import annotations

import argparse
import heapq
import random
import select
import socket
import ssl
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from multiprocessing import get_context
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

import certifi
from pages import SAMPLE, load_pages

sys.path.append(str(Path(__file__).parents[2]))  # benchmarks run as scripts, which do not see the tests otherwise
from tests.certificates import Authority

HOSTS = 128
TLS_CHUNK = 65_536
ADDRESSES = [f"127.20.{index // 64}.{index % 64 + 1}" for index in range(HOSTS)]

Latency = Callable[[], float]


def latency(profile: str) -> Latency:
    """`none`, `fixed:MS` or `lognormal:MS` (median MS, sigma 0.5): a function that draws milliseconds."""
    kind, _, median = profile.partition(":")
    draw = random.Random(7)
    match kind:
        case "none":
            return lambda: 0.0
        case "fixed":
            return lambda: float(median)
        case "lognormal":
            return lambda: float(median) * draw.lognormvariate(0, 0.5)
    raise ValueError(f"a latency profile is none, fixed:MS or lognormal:MS, not {profile}")


AT_ONCE = latency("none")


@dataclass(frozen=True)
class Origin:
    """Where a running origin can be reached.

    `authority` is the PEM file of the CA that its TLS stands on, `bundle` one of that and of all public roots.
    """

    pid: int
    plain_port: int
    tls_port: int
    authority: Path
    bundle: Path
    page_count: int
    _serial: count[int]

    def urls(self, number: int, *, tls: bool = False, waits: Latency = AT_ONCE) -> list[str]:
        """As many URLs that were never asked before, each from another host than its neighbours."""
        return [self._url(next(self._serial), tls, waits()) for _ in range(number)]

    def _url(self, serial: int, tls: bool, wait: float) -> str:
        scheme, port = ("https", self.tls_port) if tls else ("http", self.plain_port)
        path = f"/{serial % self.page_count}?wait={wait:.1f}&n={serial}"
        return f"{scheme}://{ADDRESSES[serial % HOSTS]}:{port}{path}"

    @property
    def allowed(self) -> str:
        """What PAGECARD_ALLOW_TARGETS has to say."""
        return f"127.0.0.0/8:{self.plain_port},127.0.0.0/8:{self.tls_port}"


@contextmanager
def running_origin(folder: Path | None, sample: int = SAMPLE) -> Iterator[Origin]:
    """An origin in a process of its own, until the block ends."""
    ours, theirs = get_context("spawn").Pipe()
    with tempfile.TemporaryDirectory() as work:
        process = get_context("spawn").Process(target=_serve, args=(folder, sample, Path(work), theirs), daemon=True)
        process.start()
        theirs.close()
        try:
            yield Origin(process.pid or 0, *ours.recv(), count())
        finally:
            process.terminate()
            process.join()


def _serve(folder: Path | None, sample: int, work: Path, ready: Pipe) -> None:
    pages = load_pages(folder, sample)
    authority = Authority(work)
    bundle = work / "bundle.pem"
    bundle.write_bytes(authority.bundle.read_bytes() + Path(certifi.where()).read_bytes())
    plain, tls = _listen_everywhere(), _listen_everywhere()
    server = Server([_answer(page) for page in pages])
    for listener in plain:
        server.listen(listener, Connection)
    for listener, address in zip(tls, ADDRESSES, strict=True):
        context = authority.server_context(address)
        server.listen(listener, lambda sock, context=context: TlsConnection(sock, context))
    ports = plain[0].getsockname()[1], tls[0].getsockname()[1]
    ready.send((*ports, authority.bundle, bundle, len(pages)))
    server.run()


def _listen_everywhere() -> list[socket.socket]:
    """A listener at every address, all of them on one port that the first one found free."""
    first = socket.create_server((ADDRESSES[0], 0), backlog=1_024)
    port = first.getsockname()[1]
    return [first, *(socket.create_server((address, port), backlog=1_024) for address in ADDRESSES[1:])]


def _answer(page: bytes) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(page)}\r\nConnection: close\r\n\r\n"
    return head.encode() + page


class Connection:
    """One request in, one answer out. `receive` and `send` say whether they are through."""

    __slots__ = ("rest", "sock")

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.rest = memoryview(b"")

    def receive(self) -> bytes | None:
        """The request, b"" if the client has gone, None if it is yet to come."""
        try:
            return self.sock.recv(8_192)
        except BlockingIOError:
            return None

    def send(self) -> bool:
        try:
            while self.rest:
                self.rest = self.rest[self.sock.send(self.rest) :]
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        self.sock.close()


class TlsConnection(Connection):
    __slots__ = ()

    def __init__(self, sock: socket.socket, context: ssl.SSLContext) -> None:
        super().__init__(context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False))

    def receive(self) -> bytes | None:
        try:
            return self.sock.recv(8_192)  # shakes hands first
        except ssl.SSLWantReadError:
            return None

    def send(self) -> bool:
        # A write that was put off must be repeated with the same bytes, so `rest` moves by whole chunks.
        try:
            while self.rest:
                self.sock.send(self.rest[:TLS_CHUNK])
                self.rest = self.rest[TLS_CHUNK:]
        except ssl.SSLWantWriteError:
            return False
        return True

    def close(self) -> None:
        with suppress(OSError):
            self.sock.unwrap()  # says goodbye and does not stay for the answer
        self.sock.close()


Accept = Callable[[socket.socket], Connection]


class Server:
    def __init__(self, answers: list[bytes]) -> None:
        self._answers = [memoryview(answer) for answer in answers]
        self._epoll = select.epoll()
        self._listeners: dict[int, tuple[socket.socket, Accept]] = {}
        self._connections: dict[int, Connection] = {}
        self._waiting: list[tuple[float, int]] = []

    def listen(self, listener: socket.socket, accept: Accept) -> None:
        listener.setblocking(False)
        self._listeners[listener.fileno()] = listener, accept
        self._epoll.register(listener.fileno(), select.EPOLLIN)

    def run(self) -> None:
        while True:
            for fd, _ in self._epoll.poll(self._pause()):
                if fd in self._listeners:
                    self._accept(*self._listeners[fd])
                else:
                    self._proceed(fd)
            while self._waiting and self._waiting[0][0] <= time.monotonic():
                self._send(heapq.heappop(self._waiting)[1])

    def _pause(self) -> float:
        return max(0.0, self._waiting[0][0] - time.monotonic()) if self._waiting else -1

    def _accept(self, listener: socket.socket, accept: Accept) -> None:
        try:
            sock, _ = listener.accept()
        except BlockingIOError:
            return
        sock.setblocking(False)
        connection = accept(sock)
        self._connections[connection.sock.fileno()] = connection
        self._epoll.register(connection.sock.fileno(), select.EPOLLIN)

    def _proceed(self, fd: int) -> None:
        connection = self._connections[fd]
        if connection.rest:
            self._send(fd)
            return
        try:
            request = connection.receive()
        except OSError:
            request = b""
        if request is not None:
            self._answer(fd, connection, request)

    def _answer(self, fd: int, connection: Connection, request: bytes) -> None:
        try:
            path, query = request.split(b" ", 2)[1].split(b"?wait=", 1)
            answer, wait = self._answers[int(path[1:])], float(query.split(b"&", 1)[0])
        except (IndexError, ValueError):
            self._close(fd)
            return
        connection.rest = answer
        if wait:
            self._epoll.modify(fd, 0)
            heapq.heappush(self._waiting, (time.monotonic() + wait / 1_000, fd))
        else:
            self._send(fd)

    def _send(self, fd: int) -> None:
        try:
            if not self._connections[fd].send():
                self._epoll.modify(fd, select.EPOLLOUT)
                return
        except OSError:
            pass  # the client has gone: its business
        self._close(fd)

    def _close(self, fd: int) -> None:
        self._epoll.unregister(fd)
        self._connections.pop(fd).close()


def main() -> None:
    parser = argparse.ArgumentParser(description="Serve a folder of pages from many loopback addresses.")
    parser.add_argument("--pages", type=Path, help="folder of HTML files; synthetic pages without it")
    parser.add_argument("--latency", default="none", help="none, fixed:MS or lognormal:MS, for the URLs printed")
    arguments = parser.parse_args()
    with running_origin(arguments.pages) as origin:
        print(f"PAGECARD_ALLOW_TARGETS={origin.allowed} PAGECARD_CA_BUNDLE={origin.authority}")
        print(*origin.urls(4, waits=latency(arguments.latency)), *origin.urls(4, tls=True), sep="\n", flush=True)
        try:
            select.select([], [], [])
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
