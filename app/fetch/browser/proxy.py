"""Filtering proxy: the only way out of the browser.

Rule 1: every request of a page, of any kind, is one request to this proxy, and passes the `Gate` of plain fetches:
        one lookup, every address judged, a numeric connect.
Rule 2: each render has a port, a tenant, a deadline and a byte budget of its own; its end closes the port and all
        connections through it.
Rule 3: a connection carries one request, so that none reaches another host than the one judged.
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
from app.fetch.gate import Gate, Meter, UpstreamProxy
from app.fetch.policy import Refused
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
    """Refused request of a page; `verdict` is the policy's name for the reason."""

    host: str
    port: int
    verdict: str


@dataclass(slots=True)
class RenderSession:
    """Limits and record of one render. `meter` is charged with all bytes that pass.

    `failures` holds the error for each host and port without a connection.
    """

    meter: Meter
    tenant: str = ""
    proxy: UpstreamProxy | None = None
    refusals: list[Refusal] = field(default_factory=list)
    failures: dict[tuple[str, int], TargetError] = field(default_factory=dict)

    def note(self, host: str, port: int, error: TargetError) -> None:
        """Record the error of a host, and log it where the policy refused."""
        if len(self.failures) < KEPT:
            self.failures[host, port] = error
        if isinstance(error, TargetNotAllowed) and len(self.refusals) < KEPT:
            verdict = error.verdict if isinstance(error, Refused) else error.reason
            self.refusals.append(Refusal(host, port, verdict))
            if len(self.refusals) <= LOGGED:
                log.warning("egress refused", host=host, port=port, verdict=verdict)


Connect = Callable[[TargetUrl, RenderSession], Awaitable[socket.socket]]


class FilteringProxy:
    """Opener of listeners, and of the connections behind them; used by one event loop."""

    def __init__(self, gate: Gate, *, renders: int) -> None:
        """`renders` is the number of listeners that are busy at a time."""
        self._gate = gate
        self._threads = ThreadPoolExecutor(renders * CONNECTING, thread_name_prefix="proxy")

    async def open(self, session: RenderSession, *, address: str = LOOPBACK, peer: str = LOOPBACK) -> ProxyListener:
        """Open a listener for one render on a local `address`; it serves `peer` alone."""
        listener = ProxyListener(self._connect, session, peer)
        await listener.listen(address)
        return listener

    def close(self) -> None:
        """End the threads, connecting ones when they are done."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _connect(self, url: TargetUrl, session: RenderSession) -> socket.socket:
        connecting = asyncio.get_running_loop().run_in_executor(self._threads, self._connect_now, url, session)
        try:
            return await asyncio.shield(connecting)
        except asyncio.CancelledError:  # a thread cannot be stopped: its connection is closed later
            connecting.add_done_callback(_put_away)
            raise

    def _connect_now(self, url: TargetUrl, session: RenderSession) -> socket.socket:
        meter = Meter(session.meter.deadline.sooner(CONNECT_TIMEOUT))
        with translated():
            if session.proxy is None:
                return self._gate.connect(url, meter, session.tenant)
            return self._gate.connect_through(session.proxy, url, meter, session.tenant)


def _put_away(connecting: asyncio.Future[socket.socket]) -> None:
    if not connecting.cancelled() and connecting.exception() is None:
        connecting.result().close()


@dataclass(frozen=True, slots=True)
class _Request:
    """Request of the browser. `head` is rewritten for the target; `size` is the length of the body, in bytes."""

    tunnel: bool
    authority: str
    head: bytes
    size: int

    @classmethod
    def read(cls, head: bytes) -> _Request:
        """Parse a head. Raises TargetUnreachable where no browser sends it."""
        match = _REQUEST.match(head)
        if match is None or _TRANSFER_ENCODING.search(head):
            raise TargetUnreachable(reason="malformed_response")
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
        """Build the URL to judge. Raises InvalidUrl."""
        return parse_url(f"{'https' if self.tunnel else 'http'}://{self.authority}/")


class ProxyListener:
    """Listener of one render, with the connections that it accepted."""

    def __init__(self, connect: Connect, session: RenderSession, peer: str) -> None:
        self.session = session
        self._connect = connect
        self._peer = peer
        self._opening = asyncio.Semaphore(CONNECTING)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._server: asyncio.Server | None = None

    async def listen(self, address: str) -> None:
        self._server = await asyncio.start_server(self._serve, address, 0, limit=HEAD_LIMIT)

    @property
    def port(self) -> int:
        assert self._server is not None  # noqa: S101
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Stop listening, and abort open connections."""
        self.session.meter.deadline.cancel()
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
        """Connect to the target; notes a TargetError and raises it."""
        try:
            url = request.url()
        except InvalidUrl as error:
            refused = Refused("its URL is malformed", "name", error.reason)
            self.session.note(request.authority, 0, refused)
            raise refused from error
        try:
            async with self._opening:
                return await self._connect(url, self.session)
        except TargetError as error:
            self.session.note(url.host, url.port, error)
            raise

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(_CHUNK):
            await self._pass_on(chunk, writer)

    async def _send_body(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, size: int) -> None:
        """Pass on one request's body, and return when anything follows: the browser closes, or sends a second request,
        which it repeats on a connection of its own when this one closes.
        """
        while size and (chunk := await reader.read(min(size, _CHUNK))):
            size -= len(chunk)
            await self._pass_on(chunk, writer)
        await reader.read(1)

    async def _pass_on(self, chunk: bytes, writer: asyncio.StreamWriter) -> None:
        self.session.meter.charge(len(chunk))
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
