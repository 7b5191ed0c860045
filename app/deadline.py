"""One wall clock over everything that a piece of work does."""

from __future__ import annotations

import time


class Deadline:
    """A point in time after which nobody waits any more.

    It can be called off early (`cancel`), from any thread: whoever waits on it looks at
    `remaining()` at least every `SLICE` seconds.
    """

    SLICE = 0.25  # seconds: the longest that anybody may sleep without looking again

    __slots__ = ("_at", "_parent")

    def __init__(self, at: float, parent: Deadline | None = None) -> None:
        """`at` is a reading of `time.monotonic()`, in seconds."""
        self._at = at
        self._parent = parent

    @classmethod
    def after(cls, timeout: float) -> Deadline:
        """The deadline `timeout` seconds from now."""
        return cls(time.monotonic() + timeout)

    def sooner(self, timeout: float) -> Deadline:
        """`timeout` seconds from now, and never after this one, cancelling included."""
        return Deadline(time.monotonic() + timeout, parent=self)

    def remaining(self) -> float:
        """Seconds left; 0.0 once it has passed or was called off."""
        left = max(0.0, self._at - time.monotonic())
        return left if self._parent is None else min(left, self._parent.remaining())

    def slice(self) -> float:
        """Seconds that one may sleep before looking again."""
        return min(self.remaining(), self.SLICE)

    @property
    def passed(self) -> bool:
        return self.remaining() <= 0.0

    def cancel(self) -> None:
        """Make it pass now, for everybody who holds it or a `sooner` one."""
        self._at = 0.0
