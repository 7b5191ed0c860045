"""One client, with as much of a socket as gunicorn and the application ask of it.

Rule 1: nothing here waits but `sends_within`. What is asked for is there already, and what cannot be sent is kept.
Rule 2: what a thread could not send the loop sends; who has the connection receives, the loop or a thread.
"""

from __future__ import annotations

import errno
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from app.server.receiver import Incoming

FULL = 64 * 1024  # bytes unsent at which nothing more should be made for a client
STALL = 10  # seconds in which a client takes at least `LEAST` bytes of what there is for it
LEAST = 8 * 1024 * STALL  # bytes
_READ_SIZE = 64 * 1024


class Ledger:
    """Bytes that are kept for all clients of a worker."""

    def __init__(self) -> None:
        self.kept = 0
        self._lock = threading.Lock()

    def add(self, size: int) -> None:
        with self._lock:
            self.kept += size


class Client:
    """`lag` is called, by any thread, when something is left to be sent on by the loop."""

    def __init__(self, sock: socket.socket, ledger: Ledger, lag: Callable[[Client], None]) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._ledger = ledger
        self._lag = lag
        self.incoming = Incoming()
        self.gone = False  # or as good as gone
        self.tenant = ""  # who asks
        self.connection: Any = None  # of the worker
        self._read = 0
        self._pieces: deque[tuple[memoryview, int]] = deque()  # what is unsent, and the size of what it is of
        self._unsent = 0
        self._sent = 0
        self._flags = 0  # of what is sent next
        self._window = 0.0, 0  # since when a client that lags is watched, and what it had taken then
        self._lock = threading.Lock()

    def fileno(self) -> int:
        return self._sock.fileno()

    def close(self) -> None:
        self.give_up()
        self._sock.close()

    # What comes -------------------------------------------------------------------------------------------------------

    def receive(self) -> int | None:
        """Take what has come of a request: so many bytes, None for nothing yet, 0 where the client has gone."""
        data = self._receive()
        if data:
            self.incoming.add(data)
        return None if data is None else len(data)

    def sends_within(self, seconds: float) -> bool:
        """Whether something comes so soon, or the end."""
        coming = select.poll()
        coming.register(self._sock, select.POLLIN)
        return bool(coming.poll(seconds * 1000))

    def discard(self) -> bool:
        """Take what nobody reads any more; whether the client may have something more to say."""
        return self._receive() != b""

    def _receive(self) -> bytes | None:
        try:
            return self._sock.recv(_READ_SIZE)
        except BlockingIOError:
            return None
        except OSError:
            return b""

    def begin_next(self) -> None:
        """Await the next request, of which some may have come."""
        self.incoming = Incoming(bytes(self.incoming.data[self._read :]))
        self._read = 0

    @property
    def was_read(self) -> bool:
        """Whether the request was read up to the end that the receiver found."""
        return self._read == self.incoming.end

    def recv(self, size: int, _flags: int = 0) -> bytes:
        """The request, and nothing of the next, as gunicorn reads it. What it lacks never comes."""
        piece = bytes(self.incoming.data[self._read : min(self._read + size, self.incoming.end)])
        self._read += len(piece)
        return piece

    # What goes --------------------------------------------------------------------------------------------------------

    @property
    def behind(self) -> bool:
        """Whether there is something that the client has not taken."""
        return self._unsent > 0

    @property
    def full(self) -> bool:
        """Whether it should take some of that before there is more."""
        return self._unsent > FULL

    def expect_more(self) -> None:
        """Let what is sent next, such as a head, go out with what follows it: that wakes the client once."""
        self._flags = socket.MSG_MORE

    def sendall(self, data: bytes) -> None:
        """Send, or leave it to the loop. Raises BrokenPipeError where the client has gone."""
        with self._lock:
            flags, self._flags = self._flags, 0
            lagging = bool(self._pieces)
            self._keep(memoryview(data))
            if not lagging:
                self._flush(flags)
                self._window = time.monotonic(), self._sent
            if self.gone:
                raise BrokenPipeError(errno.EPIPE, "the client has gone")
            if self._pieces and not lagging:
                self._lag(self)

    def send(self, data: bytes) -> int:
        """gunicorn says with it that the body may come; who had to know that was told."""
        return len(data)

    def go_on(self) -> None:
        """Tell a client that waits for it to send its body."""
        with self._lock:
            self._keep(memoryview(b"HTTP/1.1 100 Continue\r\n\r\n"))
            self._flush()

    def send_on(self) -> bool:
        """Send what the client takes now; whether that was all there was."""
        with self._lock:
            self._flush()
            return not self._pieces

    def pace(self, now: float) -> tuple[bool, float, float]:
        """Where several lag, the least goes first: who has been watched for a second, and took little, for long."""
        since, sent = self._window
        return now - since < 1, (self._sent - sent) / max(now - since, 1), since

    def too_slow(self, now: float) -> bool:
        """Whether one that lags has taken too little; to be asked now and then."""
        since, sent = self._window
        if now - since < STALL:
            return False
        self._window = now, self._sent
        return self._sent - sent < LEAST

    def give_up(self) -> None:
        """Send nothing more."""
        with self._lock:
            self._forget()

    def _keep(self, piece: memoryview) -> None:
        self._pieces.append((piece, len(piece)))
        self._unsent += len(piece)
        self._ledger.add(len(piece))

    def _flush(self, flags: int = 0) -> None:
        try:
            while self._pieces:
                self._send_piece(flags)
        except BlockingIOError:
            pass
        except OSError:
            self._forget()

    def _send_piece(self, flags: int) -> None:
        piece, size = self._pieces[0]
        sent = self._sock.send(piece, flags)
        self._sent += sent
        self._unsent -= sent
        if sent < len(piece):
            self._pieces[0] = piece[sent:], size
        else:
            self._pieces.popleft()
            self._ledger.add(-size)

    def _forget(self) -> None:
        self.gone = True
        self._ledger.add(-sum(size for _, size in self._pieces))
        self._pieces.clear()
        self._unsent = 0

    def end(self) -> bool:
        """Say that nothing follows; whether the client is still there to hear it."""
        try:
            self._sock.shutdown(socket.SHUT_WR)
        except OSError:
            return False
        return True

    # What gunicorn asks of a socket that may block ------------------------------------------------------------------

    def setblocking(self, _flag: bool) -> None:
        """Neither end of this one blocks."""

    def settimeout(self, _seconds: float | None) -> None:
        """It has no use for one."""

    def gettimeout(self) -> None:
        """It has none."""
