"""Give free memory back to the system while a worker is idle.

glibc keeps memory that many threads have freed, scattered as it is: after a thousand hostile pages a worker held
130 MB, and 100 MB more that nobody used.
"""

from __future__ import annotations

import ctypes
import time

WORTHWHILE = 0.05  # seconds that a request takes at least if it may have left free memory behind
INTERVAL = 2.0  # seconds between two calls at least


class MemoryTrimmer:
    """Decides when to call malloc_trim(3), and calls it."""

    def __init__(self) -> None:
        self._trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc alone has it
        self._worthwhile = False
        self._trimmed_at = 0.0

    def note(self, seconds: float) -> None:
        """Note a request that took so long. Any thread."""
        self._worthwhile = self._worthwhile or seconds > WORTHWHILE

    def due(self, now: float) -> bool:
        """Whether to trim now, if the worker is idle."""
        return self._worthwhile and self._trim is not None and now - self._trimmed_at > INTERVAL

    def trim(self) -> None:
        """Trim. Takes milliseconds, without the GIL."""
        self._worthwhile, self._trimmed_at = False, time.monotonic()
        if self._trim:
            self._trim(0)
