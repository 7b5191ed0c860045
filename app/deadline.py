"""Deadline: a wall clock over a piece of work, and the only way to wait under the clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from app.errors import TargetTimeout
from app.threads.gil_gate import blocking

T = TypeVar("T")


class Deadline:
    """Point in time, cancelled by any thread; waiting threads check it every `SLICE` seconds."""

    SLICE = 0.25  # seconds

    __slots__ = ("_at", "_parent")

    def __init__(self, at: float, parent: Deadline | None = None) -> None:
        """`at` is a reading of `time.monotonic()`, in seconds."""
        self._at = at
        self._parent = parent

    @classmethod
    def after(cls, timeout: float) -> Deadline:
        """Set a deadline `timeout` seconds from now."""
        return cls(time.monotonic() + timeout)

    def sooner(self, timeout: float) -> Deadline:
        """Derive a deadline `timeout` seconds from now, never later than its parent, cancelling included."""
        return Deadline(time.monotonic() + timeout, parent=self)

    def remaining(self) -> float:
        """Seconds left; 0.0 once it has passed or was cancelled."""
        left = max(0.0, self._at - time.monotonic())
        return left if self._parent is None else min(left, self._parent.remaining())

    def slice(self) -> float:
        """Seconds for which to block before the next look."""
        return min(self.remaining(), self.SLICE)

    @property
    def passed(self) -> bool:
        return self.remaining() <= 0.0

    def check(self, reason: str) -> None:
        """Raise TargetTimeout if the deadline has passed."""
        if self.passed:
            raise TargetTimeout(reason=reason)

    def wait(self, attempt: Callable[[float], T], reason: str) -> T:
        """Repeat `attempt` until it returns a true value, and return that value; other threads may compute meanwhile.

        `attempt` is called with the seconds for which it may block. Raises TargetTimeout once the deadline has passed.
        """
        with blocking:
            while not (done := attempt(self.slice())):
                self.check(reason)
            return done

    def wait_for(self, seconds: float) -> None:
        """Sleep; other threads may compute meanwhile. Raises TargetTimeout once the deadline has passed."""
        with blocking:
            time.sleep(min(seconds, self.remaining()))
        self.check("queue")

    def cancel(self) -> None:
        """Cancel now, derived deadlines included."""
        self._at = 0.0
