"""gunicorn's threaded worker, whose threads do not wait for clients.

Rule 1: a thread is given a request that is whole; until it is, the loop gathers it. What a client asks as soon as it
        is answered the same thread takes, if half of the threads have nothing to do: a batch that the cache answers
        costs more on its way through the loop than in the cache.
Rule 2: what a client is slow to take of its answer the loop sends on; where it lags far behind a stream, no thread
        makes more of it until it has caught up.
Rule 3: connections are closed gracefully (RFC 9112, section 9.6) by the loop, too.
Rule 4: threads go to keys in turn, and no key has so many that others find none (app.server.dispatcher).
Rule 5: where there are too many connections, or too much is kept for them, who is slowest has to go.
Rule 6: what is no HTTP is refused in the same words as everything else.
"""

from __future__ import annotations

import secrets
import selectors
import sys
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from contextvars import Context
from enum import Enum, auto
from functools import partial
from typing import Any

import orjson
import structlog
from gunicorn.http import wsgi  # type: ignore[import-untyped]
from gunicorn.http.errors import InvalidHeader, LimitRequestHeaders, NoMoreData, ParseException  # type: ignore[import-untyped]
from gunicorn.workers.gthread import TConn, ThreadWorker  # type: ignore[import-untyped]

from app import metrics
from app.errors import InternalError, InvalidBody, Overloaded, ServiceError
from app.server.channel import Client, Ledger
from app.server.dispatcher import Desk
from app.server.malloc import Tidying

log = structlog.get_logger()

REQUEST_TIME = 30  # seconds from the first byte of a request to its last
SOON = 0.005  # seconds in which the thread that has answered a client waits for what it asks next
LINGER = 2  # seconds that a client has to close its end
STOPPING = 2  # seconds that a worker which stops waits for a request that may be on its way
MOST_COMING = 64 * 2**20  # bytes of requests that are not whole
MOST_KEPT = 64 * 2**20  # bytes of answers that clients are slow to take
MOST_PARKED = 16  # streams that wait for their client: each may hold a whole batch
SWEEP_EVERY = 0.5  # seconds
BOOT_RETRY = 1  # seconds between two tries to start a worker in the place of another

# Of an answer that no application gives; app.api says what they are for.
FIELDS = {
    "Connection": "close",
    "Content-Type": "application/json",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "X-Request-Id, Retry-After",
}

__all__ = ["Worker"]


class NextStep(Enum):
    """What is to be done when a client has taken what there is for it."""

    RESUME = auto()
    KEEP_ALIVE = auto()
    CLOSE = auto()


class Connection(TConn):  # type: ignore[misc]
    """`exchange` is the request that is being answered, in a `context` of its own: it may change its thread."""

    sock: Client
    dropped = False
    exchange: Iterator[NextStep] | None = None
    answer: Any = None

    @property
    def answered(self) -> bool:
        """Whether the head of an answer has gone."""
        return self.answer is not None and self.answer.headers_sent

    @property
    def was_read(self) -> bool:
        """Whether gunicorn's parser and the receiver agree on where the request ends."""
        return self.sock.was_read and not self.parser.unreader.take_buffered()

    def begin_next(self) -> None:
        self.exchange = self.answer = None
        self.sock.begin_next()


class Worker(ThreadWorker):  # type: ignore[misc]
    """All of it runs in the loop, which is one thread, but what is said to run in others."""

    def init_process(self) -> None:
        self._ledger = Ledger()
        self._coming: dict[Connection, float] = {}  # whose request is not whole, oldest first: when we stop waiting
        self._coming_size = 0
        self._leaving: dict[Connection, float] = {}  # who has been answered and has to close
        self._behind: dict[Client, Callable[[], None] | None] = {}  # who has to be sent more: what to do then
        self._parked: set[Client] = set()  # of them, those whose answer is not whole
        self._desk = Desk(self.cfg.threads)
        self._tidying = Tidying()
        self._swept_at = 0.0
        try:
            super().init_process()
        except Exception:
            if self.booted or self.age <= self.cfg.workers:
                raise
            self._give_up_boot()

    def _give_up_boot(self) -> None:
        """End a worker that replaces another and cannot start: the master forks the next one.

        gunicorn's master would end the service for a worker that raises.
        """
        log.exception("worker did not start", retry_after=BOOT_RETRY)
        time.sleep(BOOT_RETRY)
        sys.exit(1)

    # Mistakes of ours -------------------------------------------------------------------------------------------------

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        for key, _ in self.poller.select(timeout):
            self._guard(getattr(key.fileobj, "connection", None), key.data, key.fileobj)

    def _defer(self, conn: Connection, call: Callable[..., None], *args: Any) -> None:
        """Have the loop call a function. Called by any thread."""
        self.method_queue.defer(self._guard, conn, call, *args)

    def _guard(self, conn: Connection | None, call: Callable[..., None], *args: Any) -> None:
        """Call a function in the loop. An exception closes its connection and ends nothing else."""
        if conn and conn.dropped:
            return
        try:
            call(*args)
        except Exception:
            metrics.LOOP_ERRORS.inc()
            log.exception("exception in the event loop")
            if conn:
                self._abandon(conn)

    def _abandon(self, conn: Connection) -> None:
        """Close a connection in whatever state it is."""
        with suppress(KeyError, ValueError):
            self.poller.unregister(conn.sock)
        if self._coming.pop(conn, None) is not None:
            self._coming_size -= len(conn.sock.incoming.data)
        self._leaving.pop(conn, None)
        self._behind.pop(conn.sock, None)
        self._parked.discard(conn.sock)
        with suppress(ValueError):
            self.keepalived_conns.remove(conn)
        self._close(conn)

    # What comes -------------------------------------------------------------------------------------------------------

    def accept(self, listener: Any) -> None:
        if self.cfg.is_ssl:  # whoever has gunicorn speak TLS has its threads wait for clients
            super().accept(listener)
            return
        if self.nr_conns + 1 >= self.worker_connections:
            self._make_room()
        try:
            sock, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        except OSError as error:
            self._stop_accepting(error)
            return
        self.nr_conns += 1
        conn = Connection(self.cfg, Client(sock, self._ledger, self._on_lag), address, listener.getsockname())
        conn.sock.connection = conn
        self._guard(conn, self._look, conn, self.cfg.keepalive)

    def _stop_accepting(self, error: OSError) -> None:
        """No descriptors, or no memory, are left: wait until the loop's next turn."""
        log.error("connection not accepted", problem=error.strerror)
        self._make_room()
        self.set_accept_enabled(False)

    def on_client_socket_readable(self, conn: Any, client: Any) -> None:
        if not isinstance(conn, Connection):
            super().on_client_socket_readable(conn, client)
            return
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._look(conn, REQUEST_TIME)

    def _look(self, conn: Connection, patience: float) -> None:
        """A request is to come, or has begun to: take what is there of it."""
        came = conn.sock.receive()
        if came == 0:
            self._drop(conn)
        elif conn.sock.incoming.ready:
            self.enqueue_req(conn)
        else:
            self._await(conn, REQUEST_TIME if came else patience)

    def _await(self, conn: Connection, patience: float) -> None:
        """Wait for more of its request."""
        self._coming[conn] = time.monotonic() + patience
        self._coming_size += len(conn.sock.incoming.data)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._on_more, conn))
        _tell_to_go_on(conn.sock)

    def _on_more(self, conn: Connection, client: Client) -> None:
        if not client.incoming.data:
            self._coming[conn] = time.monotonic() + REQUEST_TIME
        came = client.receive()
        self._coming_size += came or 0
        if came == 0:
            self._drop(conn)
        elif client.incoming.ready:
            self._forget_coming(conn)
            self.enqueue_req(conn)
        else:
            _tell_to_go_on(client)
        if self._coming_size > MOST_COMING:
            self._drop(next(iter(self._coming)))

    def _forget_coming(self, conn: Connection) -> None:
        del self._coming[conn]
        self._coming_size -= len(conn.sock.incoming.data)
        self.poller.unregister(conn.sock)

    # What goes --------------------------------------------------------------------------------------------------------

    def _on_lag(self, client: Client) -> None:
        """Called by any thread: a client is slow to take its answer."""
        self._defer(client.connection, self._watch, client)

    def _watch(self, client: Client) -> None:
        if client.behind and client not in self._behind:
            self._behind[client] = None
            self.poller.register(client, selectors.EVENT_WRITE, self._on_writable)
        while self._ledger.kept > MOST_KEPT and self._behind:
            self._give_up(_slowest(self._behind))

    def _on_writable(self, client: Client) -> None:
        if client.send_on():
            self._caught_up(client)

    def _give_up(self, client: Client) -> None:
        client.give_up()
        self._caught_up(client)

    def _caught_up(self, client: Client) -> None:
        then = self._behind.pop(client)
        self._parked.discard(client)
        self.poller.unregister(client)
        if then:
            then()

    # What is done with it ---------------------------------------------------------------------------------------------

    def enqueue_req(self, conn: Any) -> None:
        if not isinstance(conn, Connection):
            super().enqueue_req(conn)
            return
        if conn.exchange is None:
            conn.sock.tenant = conn.sock.incoming.tenant
        try:
            self._desk.submit(conn.sock.tenant, partial(self._work, conn))
        except Overloaded as error:
            self._turn_away(conn, error)

    def _work(self, conn: Connection) -> None:
        """In a thread, as is what it calls."""
        try:
            then = self._handle(conn)
            while then is NextStep.KEEP_ALIVE and self._asks_again(conn):
                then = self._handle(conn)
        except Exception:
            self._defer(conn, self._abandon, conn)
            raise
        self._defer(conn, self._finish, conn, then)

    def _handle(self, conn: Connection) -> NextStep:
        begun = time.monotonic()
        then: NextStep = self.handle(conn)
        self._tidying.note(time.monotonic() - begun)
        return then

    def _asks_again(self, conn: Connection) -> bool:
        """Whether a client that has been answered sends its next request at once, and nobody else wants the thread."""
        client = conn.sock
        if client.behind or not (self.alive and self._desk.has_threads_to_spare):
            return False
        conn.begin_next()
        if client.incoming.data or not client.sends_within(SOON):
            return False
        if client.receive() == 0:
            client.give_up()
        return client.incoming.ready and client.incoming.tenant == client.tenant

    def _turn_away(self, conn: Connection, error: Overloaded) -> None:
        if conn.exchange:  # half an answer is none, and what makes it has to be told
            conn.sock.give_up()
            self.tpool.submit(self._work, conn)
        else:
            _refuse(conn.sock, error)
            self._finish(conn, NextStep.CLOSE)

    # What follows -----------------------------------------------------------------------------------------------------

    def _finish(self, conn: Connection, then: NextStep) -> None:
        """A thread is done with a request, or with a part of it; the client may not have taken its answer."""
        self._watch(conn.sock)
        if conn.sock not in self._behind:
            self._follow(conn, then)
            return
        self._behind[conn.sock] = partial(self._follow, conn, then)
        if then is NextStep.RESUME:
            self._parked.add(conn.sock)
            if len(self._parked) > MOST_PARKED:
                self._give_up(_slowest(self._parked))

    def _follow(self, conn: Connection, then: NextStep) -> None:
        if then is NextStep.RESUME:  # gone or not: what makes the answer has to be told
            self.enqueue_req(conn)
        elif conn.sock.gone:
            self._drop(conn)
        elif then is NextStep.KEEP_ALIVE:
            conn.begin_next()
            self._keep(conn)
        else:
            self._linger(conn)

    def _keep(self, conn: Connection) -> None:
        """For the next request, which may have come, or begun to, or never come."""
        if conn.sock.incoming.ready:
            self.enqueue_req(conn)
        elif conn.sock.incoming.data:
            self._await(conn, REQUEST_TIME)
        else:
            conn.timeout = time.monotonic() + (self.cfg.keepalive if self.alive else STOPPING)
            self.keepalived_conns.append(conn)
            self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.on_client_socket_readable, conn))

    def _linger(self, conn: Connection) -> None:
        if not (conn.sock.end() and conn.sock.discard()):
            self._drop(conn)
            return
        self._leaving[conn] = time.monotonic() + LINGER
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._on_leaving, conn))

    def _on_leaving(self, conn: Connection, client: Client) -> None:
        if not client.discard():
            self._drop(conn)

    def _drop(self, conn: Connection) -> None:
        """Close a connection that no thread has."""
        if conn in self._coming:
            self._forget_coming(conn)
        elif self._leaving.pop(conn, None) is not None:
            self.poller.unregister(conn.sock)
        self._close(conn)

    def _close(self, conn: Connection) -> None:
        self.nr_conns -= 1
        conn.dropped = True
        conn.sock.close()

    # Who has to go ----------------------------------------------------------------------------------------------------

    def _make_room(self) -> None:
        """One connection less, if there is one that nobody works on."""
        idle = next(iter(self._leaving), None) or next(iter(self._coming), None)
        answered = next((client for client, then in self._behind.items() if then), None)
        if idle:
            self._drop(idle)
        elif self.keepalived_conns:
            conn = self.keepalived_conns.popleft()
            self.poller.unregister(conn.sock)
            self._drop(conn)
        elif answered:
            self._give_up(answered)

    def murder_pending(self) -> None:
        """Called at each turn of the loop, and at least once a second."""
        super().murder_pending()
        now = time.monotonic()
        if now - self._swept_at >= SWEEP_EVERY:
            self._swept_at = now
            self._sweep(now)

    def _sweep(self, now: float) -> None:
        for conn in [conn for conn, until in self._leaving.items() if until < now]:
            self._drop(conn)
        for conn in [conn for conn, until in self._coming.items() if until < now]:
            self._end_waiting(conn)
        for client in [client for client in self._behind if client.too_slow(now)]:
            self._give_up(client)
        if self._tidying.due(now) and self._desk.idle:
            self._desk.submit("worker", self._tidying.do)

    def _end_waiting(self, conn: Connection) -> None:
        if not conn.sock.incoming.data:
            self._drop(conn)
            return
        self._forget_coming(conn)
        _refuse(conn.sock, InvalidBody(f"The request was not whole within {REQUEST_TIME} seconds"))
        self._finish(conn, NextStep.CLOSE)

    def _cap_keepalive(self, deadline: float) -> None:
        super()._cap_keepalive(deadline)
        for conn, until in self._coming.items():
            if not conn.sock.incoming.data:
                self._coming[conn] = min(until, deadline)

    # In threads -------------------------------------------------------------------------------------------------------

    def handle(self, conn: Any) -> Any:
        """Answer a request, or go on with it. Never raises."""
        if not isinstance(conn, Connection):
            return super().handle(conn)
        if conn.exchange is None:
            conn.context = Context()
            conn.exchange = self._exchange(conn)
        try:
            return conn.context.run(next, conn.exchange, NextStep.CLOSE)
        except (ParseException, NoMoreData) as error:
            if not conn.answered:
                _refuse_to_read(conn.sock, error)
        except OSError:
            log.debug("client gone")
        except Exception:
            log.exception("request failed")
            if not conn.answered:
                _refuse(conn.sock, InternalError())
        return NextStep.CLOSE

    def _exchange(self, conn: Connection) -> Iterator[NextStep]:
        """Read a request and send its answer, piece by piece; what follows comes last."""
        if conn.sock.incoming.headless:
            raise LimitRequestHeaders("too long")
        if conn.sock.incoming.misframed:
            raise InvalidHeader("framing")
        conn.init()
        request = next(conn.parser, None)
        if request is None:
            return
        answer, environ = wsgi.create(request, conn.sock, conn.client, conn.server, self.cfg)
        conn.answer = answer
        if not self._may_keep(conn):
            answer.force_close()
        yield from self._answer(conn, answer, environ)
        if not answer.should_close() and conn.parser.finish_body() and conn.was_read:
            yield NextStep.KEEP_ALIVE

    def _may_keep(self, conn: Connection) -> bool:
        """Where a request is not whole, nobody can know where the next one would begin."""
        self.nr += 1
        if self.nr >= self.max_requests:
            self.alive = False
        return self.alive and conn.sock.incoming.whole and len(self.keepalived_conns) < self.max_keepalived

    def _answer(self, conn: Connection, answer: Any, environ: dict[str, Any]) -> Iterator[NextStep]:
        pieces = self.wsgi(environ | {"wsgi.multithread": True}, answer.start_response)
        try:
            for piece in pieces:
                if piece and not answer.headers_sent:
                    conn.sock.expect_more()
                answer.write(piece)
                if conn.sock.full:
                    yield NextStep.RESUME
            answer.close()
        finally:
            if hasattr(pieces, "close"):
                pieces.close()

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None:
        """Called by gunicorn where it speaks TLS itself."""
        if isinstance(exc, ParseException):
            _refuse_to_read(client, exc)
        else:
            log.error("request failed", exc_info=exc)
            _refuse(client, InternalError())


def _slowest(clients: Collection[Client]) -> Client:
    """Of whoever has most of them, the one who takes least."""
    now = time.monotonic()
    tenant, _ = Counter(client.tenant for client in clients).most_common(1)[0]
    return min((client for client in clients if client.tenant == tenant), key=lambda client: client.pace(now))


def _tell_to_go_on(client: Client) -> None:
    if client.incoming.expects:
        client.incoming.expects = False
        client.go_on()


def _refuse_to_read(client: Any, error: Exception) -> None:
    """What exactly was wrong may hold a key, and is not logged."""
    problem = type(error).__name__
    log.info("request refused", reason=problem)
    _refuse(client, InvalidBody(f"This is no HTTP request that can be read: {problem}"))


def _refuse(client: Any, error: ServiceError) -> None:
    """Answer in the envelope, where there is no application to do it."""
    request_id = f"req_{secrets.token_hex(12)}"
    problem = {"code": error.code, "message": error.message}
    body = orjson.dumps({"success": False, "error": problem, "meta": {"request_id": request_id}})
    fields = {"X-Request-Id": request_id, "Content-Length": len(body)} | FIELDS
    if error.retry_after:
        fields["Retry-After"] = error.retry_after
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    if isinstance(client, Client) and client.incoming.data.startswith(b"HEAD "):
        body = b""
    try:
        client.sendall(f"HTTP/1.1 {error.status} {error.code}\r\n{head}\r\n".encode() + body)
    except OSError:
        log.debug("client gone")
