"""The browser's way out: a filtering proxy.

Rule 1: whatever a page wants, of whatever kind, is one request to this proxy, and goes through the `Gate`
        that plain fetches go through: one lookup, every address judged, a numeric connect.
Rule 2: each render has a port, a tenant, a deadline and a byte budget of its own; when the render ends the
        port closes, and with it every connection that came through it.
Rule 3: a connection carries one request, so none can be sent on to another host than it was judged for.
Rule 4: a refusal is a broken connection to the page, and a named verdict to the log and to the renderer.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import structlog

from app.errors import InvalidUrl, TargetError, TargetNotAllowed, TargetUnreachable
from app.fetch.fetcher import translated
from app.fetch.gate import Gate, Meter, Proxy
from app.fetch.url import TargetUrl, parse_url

log = structlog.get_logger()

LOOPBACK = "127.0.0.1"
HEAD_LIMIT = 64 * 1024  # bytes of a request's head
CONNECTING = 8  # connections that one render may be opening at a time: each occupies a thread
CONNECT_TIMEOUT = 10.0  # seconds to look up, judge and connect
KEPT = 1_000  # refusals and failures of one render that are remembered
LOGGED = 100  # refusals of one render that are logged: a page can ask for more than a log should hold

_CHUNK = 64 * 1024
_REQUEST = re.compile(rb"([A-Z]+) (?:http://)?([^/?# ]+)([/?][^ ]*)? HTTP/1\.1\r\n")
_CONTENT_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,18})[ \t]*\r\n", re.IGNORECASE)
_TRANSFER_ENCODING = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE)
# RFC 9110, section 7.6.1: what concerns one connection alone is not passed on.
_HOP_BY_HOP = re.compile(rb"(?<=\n)(?:connection|keep-alive|proxy-[a-z-]+):[^\n]*\n", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a page wanted and may not have; `verdict` is the policy's name for the reason."""

    host: str
    port: int
    verdict: str


@dataclass(slots=True)
class Passage:
    """What one render may do, and what became of it. `meter` is charged with all that passes.

    `failures` says of a host and port why it could not be reached, or may not be.
    """

    meter: Meter
    tenant: str = ""
    proxy: Proxy | None = None
    refusals: list[Refusal] = field(default_factory=list)
    failures: dict[tuple[str, int], TargetError] = field(default_factory=dict)

    def note(self, host: str, port: int, error: TargetError) -> None:
        """Remember why `host` gave nothing, and log it where that was our decision."""
        if len(self.failures) < KEPT:
            self.failures[host, port] = error
        if isinstance(error, TargetNotAllowed) and len(self.refusals) < KEPT:
            self.refusals.append(Refusal(host, port, error.reason))
            if len(self.refusals) <= LOGGED:
                log.warning("egress refused", host=host, port=port, verdict=error.reason)


Connect = Callable[[TargetUrl, Passage], Awaitable[socket.socket]]


class Egress:
    """Opens ports, and the connections behind them; used by one event loop."""

    def __init__(self, gate: Gate, *, renders: int) -> None:
        """`renders` is how many ports are busy at a time."""
        self._gate = gate
        self._threads = ThreadPoolExecutor(renders * CONNECTING, thread_name_prefix="egress")

    async def open(self, passage: Passage, *, address: str = LOOPBACK, peer: str = LOOPBACK) -> Port:
        """A port for one render, on our `address`, that serves nobody but `peer`."""
        port = Port(self._connect, passage, peer)
        await port.listen(address)
        return port

    def close(self) -> None:
        """End the threads, those that are connecting when they are done."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _connect(self, url: TargetUrl, passage: Passage) -> socket.socket:
        connecting = asyncio.get_running_loop().run_in_executor(self._threads, self._connect_now, url, passage)
        try:
            return await asyncio.shield(connecting)
        except asyncio.CancelledError:  # a thread cannot be stopped: what it brings is put away
            connecting.add_done_callback(_put_away)
            raise

    def _connect_now(self, url: TargetUrl, passage: Passage) -> socket.socket:
        meter = Meter(passage.meter.deadline.sooner(CONNECT_TIMEOUT))
        with translated():
            if passage.proxy is None:
                return self._gate.connect(url, meter, passage.tenant)
            return self._gate.connect_through(passage.proxy, url, meter, passage.tenant)


def _put_away(connecting: asyncio.Future[socket.socket]) -> None:
    if not connecting.cancelled() and connecting.exception() is None:
        connecting.result().close()


@dataclass(frozen=True, slots=True)
class _Request:
    """`head` is as the target is to see it; `size` are the bytes of body that follow."""

    tunnel: bool
    authority: str
    head: bytes
    size: int

    @classmethod
    def read(cls, head: bytes) -> _Request:
        """Raises TargetUnreachable for what no browser sends."""
        match = _REQUEST.match(head)
        if match is None or _TRANSFER_ENCODING.search(head):
            raise TargetUnreachable(reason="malformed_http")
        method, authority, path = match.groups()
        length = _CONTENT_LENGTH.search(head)
        fields = _HOP_BY_HOP.sub(b"", head[match.end() - 1 :])[1:]
        return cls(
            method == b"CONNECT",
            authority.decode("latin-1"),
            b"%b %b HTTP/1.1\r\nConnection: close\r\n%b" % (method, path or b"/", fields),
            int(length[1]) if length else 0,
        )

    def url(self) -> TargetUrl:
        """What is to be judged. Raises InvalidUrl."""
        return parse_url(f"{'https' if self.tunnel else 'http'}://{self.authority}/")


class Port:
    """One render's listener, and the connections that came through it."""

    def __init__(self, connect: Connect, passage: Passage, peer: str) -> None:
        self.passage = passage
        self._connect = connect
        self._peer = peer
        self._opening = asyncio.Semaphore(CONNECTING)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._server: asyncio.Server | None = None

    async def listen(self, address: str) -> None:
        self._server = await asyncio.start_server(self._serve, address, 0, limit=HEAD_LIMIT)

    @property
    def number(self) -> int:
        assert self._server is not None  # noqa: S101
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Stop listening, and break off what is under way."""
        self.passage.meter.deadline.cancel()
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101
        self._tasks.add(task)
        try:
            if writer.get_extra_info("peername")[0] == self._peer:
                await self._forward(reader, writer)
            writer.close()
        except (TargetError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            writer.close()
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            self._tasks.discard(task)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = _Request.read(await reader.readuntil(b"\r\n\r\n"))
        target_reader, target_writer = await asyncio.open_connection(sock=await self._reach(request))
        try:
            if request.tunnel:
                writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
                upwards = self._pump(reader, target_writer)
            else:
                target_writer.write(request.head)
                upwards = self._send_body(reader, target_writer, request.size)
            await _until_one_ends(upwards, self._pump(target_reader, writer))
        finally:
            target_writer.transport.abort()

    async def _reach(self, request: _Request) -> socket.socket:
        """A connection to the target; raises TargetError, having noted it."""
        try:
            url = request.url()
        except InvalidUrl as error:
            refused = TargetNotAllowed(reason=error.reason)
            self.passage.note(request.authority, 0, refused)
            raise refused from error
        try:
            async with self._opening:
                return await self._connect(url, self.passage)
        except TargetError as error:
            self.passage.note(url.host, url.port, error)
            raise

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(_CHUNK):
            await self._pass_on(chunk, writer)

    async def _send_body(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, size: int) -> None:
        """Pass on one request's body, and end with whatever comes after it: the browser going away, or a
        second request, which it sends again on a connection of its own when this one is closed.
        """
        while size and (chunk := await reader.read(min(size, _CHUNK))):
            size -= len(chunk)
            await self._pass_on(chunk, writer)
        await reader.read(1)

    async def _pass_on(self, chunk: bytes, writer: asyncio.StreamWriter) -> None:
        self.passage.meter.charge(len(chunk))
        writer.write(chunk)
        await writer.drain()


async def _until_one_ends(*coroutines: Coroutine[Any, Any, None]) -> None:
    tasks = [asyncio.ensure_future(coroutine) for coroutine in coroutines]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
