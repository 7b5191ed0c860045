"""The cache's writer: write-behind, in one thread and in groups."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue

from app.storage.stores import Entry

GATHER = 0.03  # seconds that the first of a group of entries waits for the others, unless someone waits for them
SETTLE_TIMEOUT = 2.0  # seconds that an answer waits for its cards to be stored, so that no crash loses them
MOST_AT_ONCE = 500  # entries of one write

Keep = tuple[str, Entry, Callable[[], None]]
"""A key, what is to be kept, and what to call when it is."""


class Writer:
    """Write-behind thread: writes the entries of `GATHER` seconds as a group, and at once when a caller waits."""

    def __init__(self, write: Callable[[Sequence[Keep]], None]) -> None:
        self._write = write
        self._queue: SimpleQueue[Keep | threading.Event | None] = SimpleQueue()
        self._awaited = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def put(self, keep: Keep) -> None:
        self._queue.put(keep)
        if not self._thread:
            self.start()

    def settle(self) -> None:
        """Wait until all entries so far are written, at most `SETTLE_TIMEOUT` seconds."""
        if self._thread:
            written = threading.Event()
            self._queue.put(written)
            self._awaited.set()
            written.wait(SETTLE_TIMEOUT)

    def close(self) -> None:
        """Return when all that came is written."""
        with self._starting:
            if self._thread:
                self._queue.put(None)
                self._awaited.set()
                self._thread.join()

    def start(self) -> None:
        with self._starting:
            if not self._thread:
                self._thread = threading.Thread(target=self._run, name="cache-writer", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        closed = False
        while not closed:
            came = [self._queue.get()]
            self._awaited.wait(GATHER)
            self._awaited.clear()
            while len(came) < MOST_AT_ONCE and not self._queue.empty():
                came.append(self._queue.get())
            closed = None in came
            if keeps := [keep for keep in came if isinstance(keep, tuple)]:
                self._write(keeps)
            for waited_for in came:
                if isinstance(waited_for, threading.Event):
                    waited_for.set()
