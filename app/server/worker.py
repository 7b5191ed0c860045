"""gunicorn worker whose threads never wait for clients.

Stands on the documented contract of `gunicorn.workers.base.Worker`: `init_process`, `run`, `notify`, `alive`.
tests/server/test_gunicorn_parts.py lists all other parts of gunicorn that this room relies on.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from functools import partial
from typing import Any

import structlog
from gunicorn.http.parser import RequestParser  # type: ignore[import-untyped]
from gunicorn.workers.base import Worker as BaseWorker  # type: ignore[import-untyped]

from app.server.address_limit import AddressLimit
from app.server.channel import Channel
from app.server.connection import Connection
from app.server.connections import Connections
from app.server.dispatcher import Dispatcher
from app.server.event_loop import READABLE, EventLoop
from app.server.exchange import Exchange

log = structlog.get_logger()

TURN = 1.0  # seconds that the loop waits for events at most
SWEEP_INTERVAL = 0.5  # seconds between two looks at deadlines
BOOT_RETRY = 1  # seconds between two tries to start a worker in the place of another

__all__ = ["Worker"]


class Worker(BaseWorker):  # type: ignore[misc]
    """Accepts connections, and turns the event loop until it is told to stop."""

    @classmethod
    def check_config(cls, cfg: Any, _log: Any) -> None:
        """Called by the master at start. Raises RuntimeError for settings that this worker does not have."""
        if cfg.is_ssl:
            raise RuntimeError("Pagecard speaks plain HTTP: terminate TLS in a proxy, without certfile and keyfile")

    def init_process(self) -> None:
        """Called in the worker's process; returns when the worker ends."""
        self._loop = EventLoop(self._fail)
        dispatcher = Dispatcher(self.cfg.threads)
        self._connections = Connections(self._loop, dispatcher, self._connect, self._may_keep)
        self._connections.keep_alive = self.cfg.keepalive
        self._connections.max_idle = self.cfg.worker_connections - self.cfg.threads
        self._accepting = False
        self._swept_at = 0.0
        try:
            super().init_process()
        except Exception:
            if self.booted or self.age <= self.cfg.workers:
                raise
            self._give_up_boot()

    def _give_up_boot(self) -> None:
        """End a replacement worker whose start failed; the master forks the next.

        A worker that raises would have gunicorn end the service.
        """
        log.exception("worker did not start", retry_after=BOOT_RETRY)
        time.sleep(BOOT_RETRY)
        sys.exit(1)

    def run(self) -> None:
        """Serve until a signal clears `alive`, then answer all that is under way."""
        self._loop.watch(_Descriptor(self.PIPE[0]), READABLE, self._drain_signals)
        while self.alive and self.ppid == os.getppid():
            self._set_accepting(len(self._connections) < self.cfg.worker_connections)
            self._turn()
        self._set_accepting(False)
        self._connections.stop()
        end = time.monotonic() + self.cfg.graceful_timeout
        while len(self._connections) and time.monotonic() < end:
            self._turn()
        for listener in self.sockets:
            listener.close()

    def _turn(self) -> None:
        self.notify()
        self._loop.turn(TURN)
        now = time.monotonic()
        if now - self._swept_at >= SWEEP_INTERVAL:
            self._swept_at = now
            self._connections.sweep(now)

    def limit_addresses(self, limit: AddressLimit) -> None:
        """Limit the connections of one client address."""
        self._connections.address_limit = limit

    def _drain_signals(self) -> None:
        """Python writes a byte for each signal (signal.set_wakeup_fd), which ends the loop's wait."""
        os.read(self.PIPE[0], 4_096)

    # Connections ------------------------------------------------------------------------------------------------------

    def _set_accepting(self, accepting: bool) -> None:
        if accepting == self._accepting:
            return
        self._accepting = accepting
        for listener in self.sockets:
            if accepting:
                listener.setblocking(False)
                self._loop.watch(listener, READABLE, partial(self._accept, listener))
            else:
                self._loop.unwatch(listener)

    def _accept(self, listener: Any) -> None:
        if len(self._connections) + 1 >= self.cfg.worker_connections:
            self._connections.make_room()
        try:
            sock, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        except OSError as error:
            self._pause_accepting(error)
            return
        self._open(sock, address, listener.getsockname())

    def _open(self, sock: socket.socket, client: Any, server: Any) -> None:
        self._connections.open(sock, client, server)

    def _pause_accepting(self, error: OSError) -> None:
        """No descriptors or no memory are left: make room, and accept again in the next turn."""
        log.error("connection not accepted", problem=error.strerror)
        self._connections.make_room()
        self._set_accepting(False)

    def _connect(self, channel: Channel, client: Any, server: Any) -> Connection:
        parser = RequestParser(self.cfg, channel, client)
        return Connection(channel, client, partial(Exchange, channel, parser, self.wsgi, (client, server), self.cfg))

    def _may_keep(self) -> bool:
        """Count a request; False if its connection has to close. Request thread."""
        self.nr += 1
        if self.nr >= self.max_requests:
            self.alive = False
        return self.alive

    def _fail(self, conn: Connection) -> None:
        self._connections.close(conn)


class _Descriptor:
    """A file descriptor as a source of events."""

    def __init__(self, number: int) -> None:
        self._number = number

    def fileno(self) -> int:
        return self._number
