"""Memory that is free goes back to the system when there is nothing to do.

glibc keeps what many threads have freed, scattered as it is: after a thousand hostile pages a worker held 130 MB and
had 100 MB more that nobody used.
"""

from __future__ import annotations

import ctypes
import time

WORK = 0.05  # seconds that a request takes which may have left something behind
EVERY = 2.0  # seconds between two times at the least


class Tidying:
    """Says when it is time, and does it."""

    def __init__(self) -> None:
        self._trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # malloc_trim(3) is glibc's alone
        self._worked = False
        self._done_at = 0.0

    def note(self, seconds: float) -> None:
        """A request was answered, which took so long."""
        self._worked = self._worked or seconds > WORK

    def due(self, now: float) -> bool:
        """Whether to do it now, if there is nothing else to do."""
        return self._worked and self._trim is not None and now - self._done_at > EVERY

    def do(self) -> None:
        """Takes milliseconds, without the interpreter's lock."""
        self._worked, self._done_at = False, time.monotonic()
        if self._trim:
            self._trim(0)
