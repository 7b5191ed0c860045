"""Connections of a worker, between two steps of their requests: receiving, idle, sending or lingering.

Rule 1: a request thread gets whole requests; the loop gathers them. The thread that answered a client takes its next
        request, too, while half of the threads are parked: a batch from the cache takes less time than the loop's turn.
Rule 2: the loop sends the bytes that a client is slow to take. Backpressure: no thread makes more of a stream while
        its channel is above the high-water mark.
Rule 3: the loop closes connections gracefully (RFC 9112, section 9.6).
Rule 4: under pressure the connection that holds most bytes goes first, of the tenant that holds most.

Methods run in the event-loop thread unless their docstring says "request thread".
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from app import metrics
from app.errors import InvalidBody, Overloaded
from app.server.address_limit import AddressLimit, host_of
from app.server.channel import Channel, UnsentTotal
from app.server.connection import Connection, Phase, largest
from app.server.dispatcher import Dispatcher, KnownKeys
from app.server.event_loop import READABLE, WRITABLE, EventLoop
from app.server.exchange import NextStep
from app.server.malloc import MemoryTrimmer
from app.server.refusal import refuse

REQUEST_TIMEOUT = 30  # seconds from the first byte of a request to its last
NEXT_REQUEST_WAIT = 0.005  # seconds that a request thread waits for the next request of a client
LINGER = 2  # seconds that a client has to close its end
STOP_GRACE = 2  # seconds that a stopping worker waits for a request that may be on its way
MAX_RECEIVING = 64 * 2**20  # bytes of requests that are not whole
MAX_UNSENT = 64 * 2**20  # bytes of answers that clients are slow to take
MAX_PARKED = 16  # streams that wait for their client: each may hold a whole batch
FOREVER = float("inf")


Connect = Callable[[Channel, Any, Any], Connection]
"""Creates a connection of a channel, the client's address and the server's."""


class Connections:
    """All connections of a worker, by phase, each with its deadline."""

    def __init__(self, loop: EventLoop, dispatcher: Dispatcher, connect: Connect, may_keep: Callable[[], bool]) -> None:
        """`may_keep`, called once for each request, tells whether the worker takes another one afterwards."""
        self.keep_alive = 75.0  # seconds that a connection may be idle
        self.max_idle = 1_000
        self.address_limit = AddressLimit()
        self._loop = loop
        self._dispatcher = dispatcher
        self._connect = connect
        self._may_keep = may_keep
        self._phases: dict[Phase, dict[Connection, float]] = {phase: {} for phase in Phase}
        self._idle, self._receiving, self._sending, self._lingering = list(self._phases.values())[:4]
        self._callbacks = {
            Phase.IDLE: (READABLE, self._on_readable),
            Phase.RECEIVING: (READABLE, self._on_readable),
            Phase.SENDING: (WRITABLE, self._on_writable),
            Phase.LINGERING: (READABLE, self._on_lingering),
        }
        self._received = 0  # bytes of requests that are not whole
        self._unsent = UnsentTotal()
        self._known_keys = KnownKeys()
        self._trimmer = MemoryTrimmer()

    def __len__(self) -> int:
        return sum(map(len, self._phases.values()))

    def open(self, sock: socket.socket, client: Any, server: Any) -> None:
        """Take a connection that was accepted, or close it where its address has too many."""
        if self.address_limit.is_reached(client) and not self._close_waiting(client):
            metrics.CONNECTIONS_REFUSED.inc()
            sock.close()
            return
        self.address_limit.add(client)
        channel = Channel(sock, self._unsent)
        conn = self._connect(channel, client, server)
        channel.on_unsent = partial(self._loop.call, partial(self._watch_unsent, conn), conn)
        self._phases[conn.phase][conn] = FOREVER
        self._move(conn, Phase.IDLE, self.keep_alive)

    def _move(self, conn: Connection, phase: Phase, seconds: float = FOREVER) -> None:
        """Change the phase of a connection and the events watched for. The only place that does either."""
        del self._phases[conn.phase][conn]
        conn.phase = phase
        self._count_received(conn)
        if phase is not Phase.CLOSED:
            self._phases[phase][conn] = time.monotonic() + seconds
        if phase in self._callbacks:
            events, callback = self._callbacks[phase]
            self._loop.watch(conn.channel, events, partial(callback, conn), conn)
        else:
            self._loop.unwatch(conn.channel)

    def close(self, conn: Connection) -> None:
        """Close a connection in any phase."""
        if not conn.closed:
            self._move(conn, Phase.CLOSED)
            conn.exchange = None
            conn.channel.close()
            self.address_limit.remove(conn.client)

    # Requests ---------------------------------------------------------------------------------------------------------

    def _on_readable(self, conn: Connection) -> None:
        if conn.channel.receive() == 0:
            self.close(conn)
        else:
            self._await_request(conn)

    def _await_request(self, conn: Connection) -> None:
        """Dispatch a whole request, or wait for the rest."""
        receiver = conn.channel.receiver
        if receiver.ready:
            self._dispatch(conn)
        elif not receiver.data:
            if conn.phase is not Phase.IDLE:
                self._move(conn, Phase.IDLE, self.keep_alive)
        else:
            self._await_rest(conn)

    def _await_rest(self, conn: Connection) -> None:
        if conn.phase is not Phase.RECEIVING:
            self._move(conn, Phase.RECEIVING, REQUEST_TIMEOUT)
        if conn.channel.receiver.expects:
            conn.channel.receiver.expects = False
            conn.channel.send_continue()
        self._count_received(conn)
        if self._received > MAX_RECEIVING:
            self.close(max(self._receiving, key=lambda other: other.counted))

    def _count_received(self, conn: Connection) -> None:
        size = len(conn.channel.receiver.data) if conn.phase is Phase.RECEIVING else 0
        self._received += size - conn.counted
        conn.counted = size

    def _dispatch(self, conn: Connection) -> None:
        """Queue the next step of an exchange for a request thread. A running exchange is never refused."""
        self._move(conn, Phase.ANSWERING)
        if conn.exchange is None:
            conn.channel.tenant = self._known_keys.tenant(conn.channel.receiver)
        try:
            self._dispatcher.submit(conn.channel.tenant, partial(self._answer, conn), begun=conn.exchange is not None)
        except Overloaded as error:
            refuse(conn.channel, error)
            self._finish(conn, NextStep.CLOSE)

    # Answers ----------------------------------------------------------------------------------------------------------

    def _answer(self, conn: Connection) -> None:
        """Answer a request, and those that follow at once. Request thread."""
        try:
            step = self._step(conn)
            while step is NextStep.KEEP_ALIVE and self._receives_next(conn):
                step = self._step(conn)
        except BaseException:
            self._loop.call(partial(self.close, conn), conn)
            raise
        self._loop.call(partial(self._finish, conn, step), conn)

    def _step(self, conn: Connection) -> NextStep:
        """Request thread."""
        begun = time.monotonic()
        if conn.exchange is None:
            may_keep = self._may_keep() and len(self._idle) < self.max_idle
            conn.exchange = conn.new_exchange(may_keep=may_keep)
        step = conn.exchange.step()
        if conn.exchange.authenticated and conn.channel.receiver.key:
            self._known_keys.add(conn.channel.receiver.key)
        self._trimmer.note(time.monotonic() - begun)
        return step

    def _receives_next(self, conn: Connection) -> bool:
        """Whether a client that was answered sends its next request at once, while threads are parked. Request thread.

        A request of another tenant takes its turn in the dispatcher.
        """
        channel = conn.channel
        if channel.has_unsent or not self._dispatcher.has_parked_threads:
            return False
        conn.start_next_request()
        if channel.receiver.data or not channel.readable_within(NEXT_REQUEST_WAIT):
            return False
        if channel.receive() == 0:
            channel.abort()
        return channel.receiver.ready and self._known_keys.tenant(channel.receiver) == channel.tenant

    def _finish(self, conn: Connection, step: NextStep) -> None:
        """Take the next step when the client has taken all bytes of this one."""
        conn.next_step = step
        if not conn.channel.has_unsent:
            self._follow(conn)
            return
        self._watch_unsent(conn)
        parked = [other for other in self._sending if other.next_step is NextStep.RESUME]
        if len(parked) > MAX_PARKED:
            self._abort(largest(parked))

    def _follow(self, conn: Connection) -> None:
        step, conn.next_step = conn.next_step, None
        if step is NextStep.RESUME:  # also if the client has gone: the application is told by its next write
            self._dispatch(conn)
        elif conn.channel.gone:
            self.close(conn)
        elif step is NextStep.KEEP_ALIVE:
            conn.start_next_request()
            self._await_request(conn)
        else:
            self._linger(conn)

    # Backpressure -----------------------------------------------------------------------------------------------------

    def _watch_unsent(self, conn: Connection) -> None:
        """Send on when the client takes more."""
        if conn.channel.has_unsent and conn.phase is Phase.ANSWERING:
            self._move(conn, Phase.SENDING)
        while self._unsent.size > MAX_UNSENT and (holding := self._holding()):
            self._abort(largest(holding))

    def _holding(self) -> list[Connection]:
        """Connections with bytes that their clients have not taken."""
        return [conn for phase in (Phase.SENDING, Phase.ANSWERING) for conn in self._phases[phase] if conn.channel.held]

    def _on_writable(self, conn: Connection) -> None:
        if conn.channel.send_unsent():
            self._sent(conn)

    def _abort(self, conn: Connection) -> None:
        conn.channel.abort()
        self._sent(conn)

    def _sent(self, conn: Connection) -> None:
        self._move(conn, Phase.ANSWERING)
        if conn.next_step:
            self._follow(conn)

    # The end ----------------------------------------------------------------------------------------------------------

    def _linger(self, conn: Connection) -> None:
        """Read on until the client closes: a reset would cost it the answer."""
        if conn.channel.finish() and conn.channel.discard():
            self._move(conn, Phase.LINGERING, LINGER)
        else:
            self.close(conn)

    def _on_lingering(self, conn: Connection) -> None:
        if not conn.channel.discard():
            self.close(conn)

    def _close_waiting(self, client: Any) -> bool:
        """Close a lingering or idle connection of a client's address; False if there is none."""
        host = host_of(client)
        waiting = (conn for table in (self._lingering, self._idle) for conn in table if host_of(conn.client) == host)
        conn = next(waiting, None)
        if conn:
            self.close(conn)
        return conn is not None

    def make_room(self) -> None:
        """Close one connection: a lingering, idle or receiving one, else the largest that only sends."""
        waiting = next((conn for table in (self._lingering, self._idle, self._receiving) for conn in table), None)
        sending = [conn for conn in self._sending if conn.next_step]
        if waiting:
            self.close(waiting)
        elif sending:
            self._abort(largest(sending))

    def stop(self) -> None:
        """Take the last requests, and let idle connections go soon."""
        self.keep_alive = STOP_GRACE
        soon = time.monotonic() + STOP_GRACE
        for conn, deadline in self._idle.items():
            self._idle[conn] = min(deadline, soon)

    def sweep(self, now: float) -> None:
        """End connections whose time is over. To be called twice a second."""
        for conn in [*_expired(self._lingering, now), *_expired(self._idle, now)]:
            self.close(conn)
        for conn in _expired(self._receiving, now):
            self._move(conn, Phase.ANSWERING)
            refuse(conn.channel, InvalidBody(f"The request was not whole within {REQUEST_TIMEOUT} seconds"))
            self._finish(conn, NextStep.CLOSE)
        for conn in [conn for conn in self._sending if conn.channel.is_stalled(now)]:
            self._abort(conn)
        if self._trimmer.due(now) and self._dispatcher.is_idle:
            self._dispatcher.submit("worker", self._trimmer.trim)


def _expired(table: dict[Connection, float], now: float) -> list[Connection]:
    return [conn for conn, deadline in table.items() if deadline < now]
