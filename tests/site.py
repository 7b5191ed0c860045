"""A web of our own on loopback: pages as a test wants them, and routes that may lie about everything.

Rule 1: it listens on 127.0.0.0/8 alone, on ports that the system picks, and is gone when it is closed.
Rule 2: whatever a route does goes byte by byte over a real socket, so it may lie about everything.
Rule 3: a connection is one thread and one request; a route that never ends ends with the site.
Rule 4: it remembers what it received, and how many connections are open.

    def test_something(web):
        url = web.page("/a", "<title>A</title>", latency=0.2)
        other_origin = web.url("/a", address="127.0.0.7")
"""

from __future__ import annotations

import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import parse_qs, urlsplit


class SiteClosed(ConnectionError):
    """The site is closing, and so is whatever a route is doing."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a site received. `headers` has lower-case names; of a repeated field it has the last."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    address: str
    raw: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return {name: values[-1] for name, values in parse_qs(urlsplit(self.target).query).items()}


def readable(sockets: Iterable[socket.socket], seconds: float | None = None) -> list[socket.socket]:
    """Those that have something to read, or have ended; waits for one, but not longer than that."""
    poller, by_number = select.poll(), {sock.fileno(): sock for sock in sockets}
    for number in by_number:
        poller.register(number, select.POLLIN)
    return [by_number[number] for number, _ in poller.poll(None if seconds is None else seconds * 1_000)]


class Wire:
    """One connection, as a route sees it."""

    def __init__(self, sock: socket.socket, closing: threading.Event, address: str, port: int) -> None:
        self.sock = sock
        self.address = address
        self.port = port
        self._closing = closing

    def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            if self._closing.is_set():
                raise SiteClosed
            self.sock.sendall(piece)

    def pause(self, seconds: float) -> None:
        """Wait, unless the peer goes away or the site closes."""
        if readable([self.sock], seconds) and not self.sock.recv(65_536):
            raise SiteClosed

    def drip(self, data: bytes, every: float = 0.02) -> None:
        """One byte at a time, so that no single read ever waits long."""
        for byte in data:
            self.send(bytes([byte]))
            self.pause(every)

    def forever(self, piece: bytes, every: float = 0.0) -> None:
        while True:
            self.send(piece)
            if every:
                self.pause(every)

    def silence(self) -> None:
        while True:
            self.pause(60.0)

    def head(self, status: str = "200 OK", *fields: str) -> None:
        lines = [f"HTTP/1.1 {status}", "Connection: close", *fields]
        self.send("\r\n".join([*lines, "", ""]).encode("latin-1"))

    def answer(
        self, body: bytes, *fields: str, status: str = "200 OK", type_: str = "text/html; charset=utf-8"
    ) -> None:
        self.head(status, f"Content-Type: {type_}", f"Content-Length: {len(body)}", *fields)
        self.send(body)

    def redirect(self, location: str, *fields: str, status: str = "302 Found") -> None:
        self.head(status, f"Location: {location}", "Content-Length: 0", *fields)

    def chunk(self, data: bytes) -> bytes:
        return b"%x\r\n%b\r\n" % (len(data), data)

    def receive_head(self) -> bytes:
        """The head of a request and the start of its body; empty where the peer went away."""
        received = b""
        while b"\r\n\r\n" not in received:
            piece = self.sock.recv(65_536)
            if not piece:
                return b""
            received += piece
        return received

    def receive_hello(self) -> bytes:
        """Whatever a client says first."""
        return self.sock.recv(65_536)

    def join(self, host: str, port: int) -> None:
        """Be a tunnel to another port, until either end closes."""
        with socket.create_connection((host, port)) as there:
            ways = {self.sock: there, there: self.sock}
            while True:
                for source in readable(ways):
                    data = source.recv(65_536)
                    if not data:
                        return
                    ways[source].sendall(data)

    def reset(self) -> None:
        """End the connection with RST instead of FIN."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.sock.close()


class Port:
    """Listens on one port of one or many loopback addresses, and gives each connection to `serve`."""

    beyond_loopback = False  # True is for a network namespace of one's own (tests/sandbox.py)

    def __init__(
        self, serve: Callable[[Wire], None] | None = None, *, port: int = 0, address: str = "127.0.0.1"
    ) -> None:
        if serve is not None:
            self.serve = serve  # type: ignore[method-assign]
        self.connections = 0
        self._closing = threading.Event()
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listeners: dict[str, socket.socket] = {}
        self.port = port
        self.address = address
        self.listen(address)

    def serve(self, wire: Wire) -> None:
        wire.silence()

    def listen(self, address: str) -> None:
        """Listen on a further loopback address, on the same port."""
        if not (self.beyond_loopback or ip_address(address).is_loopback):
            raise ValueError(f"{address} is not on loopback")
        if address in self._listeners:
            return
        listener = socket.create_server(
            (address, self.port), family=socket.AF_INET6 if ":" in address else socket.AF_INET, backlog=256
        )
        self.port = listener.getsockname()[1]
        self._listeners[address] = listener
        threading.Thread(target=self._accept, args=(listener, address), daemon=True).start()

    @property
    def open_connections(self) -> int:
        return len(self._open)

    def wait_until_idle(self, seconds: float = 5.0) -> bool:
        """Whether every connection is gone within that time."""
        limit = time.monotonic() + seconds
        while self._open and time.monotonic() < limit:
            time.sleep(0.01)
        return not self._open

    def close(self) -> None:
        self._closing.set()
        for listener in self._listeners.values():
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        with self._lock:
            left = list(self._open)
        for sock in left:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def _accept(self, listener: socket.socket, address: str) -> None:
        while not self._closing.is_set():
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
                self._open.add(sock)
            threading.Thread(target=self._run, args=(sock, address), daemon=True).start()

    def _run(self, sock: socket.socket, address: str) -> None:
        stream = sock
        try:
            stream = self._wrap(sock)
            wire = Wire(stream, self._closing, address, self.port)
            self.serve(wire)
            _end(stream)
        except OSError:  # the peer went away, or the site is closing
            pass
        finally:
            stream.close()
            sock.close()
            with self._lock:
                self._open.discard(sock)

    def _wrap(self, sock: socket.socket) -> socket.socket:
        return sock


def _end(sock: socket.socket) -> None:
    """Say that no more follows, and wait until the peer has gone: closing at once could reset what was sent."""
    sock.shutdown(socket.SHUT_WR)
    with suppress(OSError):
        while sock.recv(65_536):
            pass


Route = Callable[[Wire, Request], None]


@dataclass(frozen=True, slots=True)
class _Page:
    body: bytes
    content_type: str
    status: str
    fields: tuple[str, ...]
    latency: float

    def __call__(self, wire: Wire, request: Request) -> None:
        if self.latency:
            wire.pause(self.latency)
        wire.answer(self.body, *self.fields, status=self.status, type_=self.content_type)


class Site(Port):
    """HTTP/1.1 over such a port. With `tls` it speaks https."""

    def __init__(
        self,
        routes: Mapping[str, Route] | None = None,
        *,
        port: int = 0,
        address: str = "127.0.0.1",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.scheme = "https" if tls else "http"
        self.requests: list[Request] = []
        self._tls = tls
        self._routes: dict[str, Route] = dict(routes or {})
        super().__init__(port=port, address=address)

    def page(
        self,
        path: str,
        body: str | bytes = b"",
        *,
        content_type: str = "text/html; charset=utf-8",
        status: str = "200 OK",
        headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
        latency: float = 0.0,
        address: str | None = None,
    ) -> str:
        """Serve a page at `path` on every address; its URL on `address`, or on the site's first."""
        data = body.encode() if isinstance(body, str) else body
        pairs = headers.items() if isinstance(headers, Mapping) else headers
        fields = tuple(f"{name}: {value}" for name, value in pairs)
        return self.route(path, _Page(data, content_type, status, fields, latency), address=address)

    def route(self, path: str, route: Route, *, address: str | None = None) -> str:
        """Let a function answer at `path`; its URL on `address`."""
        self._routes[path] = route
        return self.url(path, address=address)

    def url(self, path: str = "/", *, address: str | None = None, host: str | None = None) -> str:
        """The URL of a path on one of the site's addresses, or by a name that leads there."""
        address = address or self.address
        self.listen(address)
        name = host or (f"[{address}]" if ":" in address else address)
        return f"{self.scheme}://{name}:{self.port}{path}"

    def received(self, path: str) -> list[Request]:
        """The requests for one path, in the order in which they came."""
        return [request for request in self.requests if request.path == path]

    def serve(self, wire: Wire) -> None:
        raw = wire.receive_head()
        if not raw:
            return
        request = _read_request(wire, raw)
        self.requests.append(request)
        self._routes.get(request.path, _not_found)(wire, request)

    def _wrap(self, sock: socket.socket) -> socket.socket:
        return self._tls.wrap_socket(sock, server_side=True) if self._tls else sock


def _read_request(wire: Wire, raw: bytes) -> Request:
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        body += wire.sock.recv(65_536)
    return Request(method, target, headers, body, wire.address, raw)


def _not_found(wire: Wire, request: Request) -> None:
    wire.answer(b"<title>Not found</title>", status="404 Not Found")


def black_hole() -> tuple[socket.socket, list[socket.socket]]:
    """A port that drops every further SYN, as a firewall does: its backlog is full. Close what is returned."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    filling = [socket.socket() for _ in range(4)]
    for sock in filling:
        sock.setblocking(False)
        sock.connect_ex(listener.getsockname())
    return listener, filling


class Names:
    """A lookup that is scripted: for each host a list of answers, one for each time that it is asked.

    An answer is a list of addresses, or an exception to raise, or a function to call. The last one stays.
    """

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self.asked: list[str] = []
        self._answers = {host: list(each) if isinstance(each, tuple) else [each] for host, each in answers.items()}

    def __call__(self, host: str, port: int, family: int, type_: int) -> list[tuple[Any, ...]]:
        self.asked.append(host)
        answers = self._answers.get(host)
        if not answers:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if callable(answer):
            answer = answer()
        if isinstance(answer, Exception):
            raise answer
        return [_record(address, port) for address in answer]


def _record(address: str, port: int) -> tuple[Any, ...]:
    if ":" in address:
        return socket.AF_INET6, socket.SOCK_STREAM, 6, "", (address, port, 0, 0)
    return socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)
