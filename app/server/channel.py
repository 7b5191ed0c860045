"""Channel: non-blocking socket of a client, with the interface that gunicorn's parser and response use.

Rule 1: nothing here waits except `readable_within`. A read returns the bytes received so far; bytes that the socket
        does not take are kept as unsent.
Rule 2: a request thread sends what it can, the event loop the rest; the owner of the connection receives.
"""

from __future__ import annotations

import errno
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable

from app.server.receiver import Receiver

HIGH_WATERMARK = 64 * 1024  # unsent bytes above which no more should be made for a client
STALL_WINDOW = 10  # seconds in which a client takes at least `MIN_TAKEN` bytes of those that are unsent
MIN_TAKEN = 8 * 1024 * STALL_WINDOW  # bytes
READ_SIZE = 64 * 1024  # bytes


class UnsentTotal:
    """Bytes that all channels of a worker hold."""

    def __init__(self) -> None:
        self.size = 0
        self._lock = threading.Lock()

    def add(self, size: int) -> None:
        """Any thread."""
        with self._lock:
            self.size += size


class Channel:
    """A client's socket. Stands in for a socket where gunicorn expects one."""

    def __init__(self, sock: socket.socket, total: UnsentTotal) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._total = total
        self.on_unsent: Callable[[], object] = lambda: None  # called by a request thread: the loop has to send on
        self.receiver = Receiver()
        self.gone = False  # the client has closed, or was given up
        self.tenant = ""
        self.held = 0  # bytes in memory: an unsent piece is held whole
        self._read = 0  # bytes of the request that the parser has read
        self._pieces: deque[tuple[memoryview, int]] = deque()  # unsent rest of a piece, and the piece's size
        self._unsent = 0  # bytes
        self._sent = 0  # bytes since the start
        self._flags = 0  # of the next send
        self._window = 0.0, 0  # start of the stall window, and bytes sent by then
        self._lock = threading.Lock()

    def fileno(self) -> int:
        return self._sock.fileno()

    def close(self) -> None:
        self.abort()
        self._sock.close()

    # Receiving --------------------------------------------------------------------------------------------------------

    def receive(self) -> int | None:
        """Receive more of a request: the number of bytes, None if there are none yet, 0 if the client has closed."""
        data = self._receive()
        if data:
            self.receiver.add(data)
        return None if data is None else len(data)

    def readable_within(self, seconds: float) -> bool:
        """Wait for bytes, or the client's end. Request thread."""
        poll = select.poll()
        poll.register(self._sock, select.POLLIN)
        return bool(poll.poll(seconds * 1000))

    def discard(self) -> bool:
        """Drop received bytes; False if the client has closed."""
        return self._receive() != b""

    def _receive(self) -> bytes | None:
        try:
            return self._sock.recv(READ_SIZE)
        except BlockingIOError:
            return None
        except OSError:
            return b""

    def start_next_request(self) -> None:
        """Drop the request read; the bytes behind it begin the next request."""
        self.receiver = Receiver(bytes(self.receiver.data[self._read :]))
        self._read = 0

    @property
    def was_read(self) -> bool:
        """Whether the parser has read the request up to its end."""
        return self._read == self.receiver.end

    def recv(self, size: int, _flags: int = 0) -> bytes:
        """Read this request, and nothing of the next; empty where it has no more bytes."""
        piece = bytes(self.receiver.data[self._read : min(self._read + size, self.receiver.end)])
        self._read += len(piece)
        return piece

    # Sending ----------------------------------------------------------------------------------------------------------

    @property
    def has_unsent(self) -> bool:
        return self._unsent > 0

    @property
    def above_high_watermark(self) -> bool:
        return self._unsent > HIGH_WATERMARK

    def cork(self) -> None:
        """Delay the next send until the send after it (MSG_MORE): one wake-up for the client."""
        self._flags = socket.MSG_MORE

    def sendall(self, data: bytes) -> None:
        """Send, and keep the rest as unsent. Any thread. Raises BrokenPipeError if the client has gone."""
        with self._lock:
            flags, self._flags = self._flags, 0
            behind = bool(self._pieces)
            self._keep(memoryview(data))
            if not behind:
                self._flush(flags)
                self._window = time.monotonic(), self._sent
            if self.gone:
                raise BrokenPipeError(errno.EPIPE, "the client has gone")
            if self._pieces and not behind:
                self.on_unsent()

    def send(self, data: bytes) -> int:
        """Ignore gunicorn's `100 Continue`, its only use of this: `send_continue` has sent it."""
        return len(data)

    def send_continue(self) -> None:
        """Ask a waiting client for the body with 100 Continue (RFC 9110, section 10.1.1)."""
        with self._lock:
            self._keep(memoryview(b"HTTP/1.1 100 Continue\r\n\r\n"))
            self._flush()

    def send_unsent(self) -> bool:
        """Send what the client takes now; True if nothing is left."""
        with self._lock:
            self._flush()
            return not self._pieces

    def rate(self, now: float) -> float:
        """Bytes per second taken by the client since backpressure began."""
        since, sent = self._window
        return (self._sent - sent) / max(now - since, 1)

    def is_stalled(self, now: float) -> bool:
        """Whether the client took less than `MIN_TAKEN` in the last window. To be called twice a second."""
        since, sent = self._window
        if now - since < STALL_WINDOW:
            return False
        self._window = now, self._sent
        return self._sent - sent < MIN_TAKEN

    def abort(self) -> None:
        """Drop the unsent bytes, and send no more. Any thread."""
        with self._lock:
            self._drop_unsent()

    def _keep(self, piece: memoryview) -> None:
        self._pieces.append((piece, len(piece)))
        self._unsent += len(piece)
        self._hold(len(piece))

    def _hold(self, size: int) -> None:
        self.held += size
        self._total.add(size)

    def _flush(self, flags: int = 0) -> None:
        try:
            while self._pieces:
                self._send_piece(flags)
        except BlockingIOError:
            pass
        except OSError:
            self._drop_unsent()

    def _send_piece(self, flags: int) -> None:
        piece, size = self._pieces[0]
        sent = self._sock.send(piece, flags)
        self._sent += sent
        self._unsent -= sent
        if sent < len(piece):
            self._pieces[0] = piece[sent:], size
        else:
            self._pieces.popleft()
            self._hold(-size)

    def _drop_unsent(self) -> None:
        self.gone = True
        self._hold(-self.held)
        self._pieces.clear()
        self._unsent = 0

    def finish(self) -> bool:
        """Close the sending half; False if the client has closed."""
        try:
            self._sock.shutdown(socket.SHUT_WR)
        except OSError:
            return False
        return True

    # What gunicorn calls on a socket that may block -----------------------------------------------------------------

    def setblocking(self, _flag: bool) -> None:
        """Do nothing: a channel never blocks."""

    def settimeout(self, _seconds: float | None) -> None:
        """Do nothing: a channel never blocks."""

    def gettimeout(self) -> None:
        """Return None: a channel never blocks."""
