"""Refreshes: fetches behind an answer, at most one for each card and process."""

from __future__ import annotations

import threading


class Refreshes:
    """Keys whose refresh is queued or runs. Thread-safe."""

    def __init__(self) -> None:
        self._keys: set[str] = set()
        self._lock = threading.Lock()

    def begin(self, key: str) -> bool:
        """Take a key; False where another thread has it."""
        with self._lock:
            taken = key not in self._keys
            self._keys.add(key)
            return taken

    def end(self, key: str) -> None:
        """Give a key back."""
        with self._lock:
            self._keys.discard(key)
