"""Single flight: of concurrent misses of a key, one loads.

Across the processes of a host a turn is a lock of the operating system, which goes with its holder.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
import weakref
from collections.abc import Callable
from functools import partial
from hashlib import blake2b
from pathlib import Path

from app.deadline import Deadline
from app.storage.files import open_private

TURN_POLL = 0.02  # seconds between two looks at a turn that another process has


class SingleFlight:
    """Locks of keys, across the threads and processes of this host."""

    def __init__(self, path: Path) -> None:
        self._file = open_private(path)
        weakref.finalize(self, os.close, self._file)
        self._lock = threading.Lock()
        self._threads: dict[str, tuple[threading.Lock, int]] = {}

    def take(self, key: str, deadline: Deadline) -> Callable[[], None]:
        """Wait for the lock of a key; the callable returned releases it, from any thread.

        Raises TargetTimeout where the deadline passes first.
        """
        turn, place = self._enter(key), _place(key)
        try:
            turn.acquire(blocking=False) or deadline.wait(lambda patience: turn.acquire(timeout=patience), "queue")
            try:
                self._lock_byte(place, 0.0) or deadline.wait(partial(self._lock_byte, place), "queue")
            except BaseException:
                turn.release()
                raise
        except BaseException:
            self._leave(key)
            raise
        return partial(self._end, key, turn, place)

    def _end(self, key: str, turn: threading.Lock, place: int) -> None:
        fcntl.lockf(self._file, fcntl.LOCK_UN, 1, place)
        turn.release()
        self._leave(key)

    def _enter(self, key: str) -> threading.Lock:
        with self._lock:
            turn, waiting = self._threads.get(key) or (threading.Lock(), 0)
            self._threads[key] = turn, waiting + 1
            return turn

    def _leave(self, key: str) -> None:
        with self._lock:
            turn, waiting = self._threads[key]
            if waiting > 1:
                self._threads[key] = turn, waiting - 1
            else:
                del self._threads[key]

    def _lock_byte(self, place: int, patience: float) -> bool:
        """Try to lock a key between processes; False after at most `patience` seconds."""
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
        except OSError:
            time.sleep(min(patience, TURN_POLL))
            return False
        return True


def _place(key: str) -> int:
    """Offset of the byte to lock for a key, in a file without content.

    fcntl(2) locks belong to the process and end with it; off_t is signed.
    """
    return int.from_bytes(blake2b(key.encode(), digest_size=8).digest(), "little") >> 2
