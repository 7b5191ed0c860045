"""Fair queue: tenants take turns at a bounded number of threads.

Rule 1: a free thread goes to the tenants in turn, however much one of them has queued.
Rule 2: a tenant may hold at most `HEADROOM_FACTOR` times what is free, so that a newcomer always finds a thread
        (the dynamic threshold of Choudhury and Hahne, IEEE/ACM Transactions on Networking 6(2), 1998).
Rule 3: the queue is bounded, in all and per tenant: what does not fit is refused at once, whole.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, Protocol, TypeVar

from app.errors import Overloaded

HEADROOM_FACTOR = 2  # one tenant alone gets two thirds of the threads
QUEUE_FACTOR = 8  # calls that may wait, for each thread
SHARE = 2 / 3  # of what may wait, for one tenant
RETRY_AFTER = 2  # seconds

T = TypeVar("T")


class Line(Protocol):
    """Queue of a tenant, for instance a deque."""

    def __len__(self) -> int: ...

    def extend(self, items: Iterable[Any], /) -> None: ...

    def popleft(self) -> Any: ...


def overloaded(message: str = Overloaded.message) -> Overloaded:
    """The refusal of what does not fit."""
    error = Overloaded(message)
    error.retry_after = RETRY_AFTER
    return error


class FairQueue(Generic[T]):
    """Queue for `size` threads. Not thread-safe: callers hold a lock."""

    def __init__(self, size: int, line: Callable[[], Line] = deque) -> None:
        """`line` makes the queue of a tenant, whose `ready` may hold its turn back."""
        self.size = size
        self._line = line
        self._most = size * QUEUE_FACTOR
        self._waiting: OrderedDict[str, Line] = OrderedDict()
        self._running: Counter[str] = Counter()
        self.waiting = 0

    @property
    def running(self) -> int:
        """How many were taken and have not ended."""
        return self._running.total()

    def has_room(self, tenant: str, count: int) -> bool:
        own = len(self._waiting.get(tenant, ()))
        return self.waiting + count <= self._most and own + count <= SHARE * self._most

    def put(self, tenant: str, items: Sequence[T]) -> None:
        if tenant not in self._waiting:
            self._waiting[tenant] = self._line()
        self._waiting[tenant].extend(items)
        self.waiting += len(items)

    def whose_turn(self) -> str | None:
        """The tenant of the next item; None while nobody may have a further thread."""
        free = self.size - self._running.total()
        return next(
            (
                tenant
                for tenant, line in self._waiting.items()
                if self._running[tenant] < HEADROOM_FACTOR * free and getattr(line, "ready", True)
            ),
            None,
        )

    def take(self, tenant: str) -> T:
        """Take the next item of a tenant; counts as running until `end`."""
        self.waiting -= 1
        self._running[tenant] += 1
        queue = self._waiting[tenant]
        item: T = queue.popleft()
        if queue:
            self._waiting.move_to_end(tenant)
        else:
            del self._waiting[tenant]
        return item

    def end(self, tenant: str) -> None:
        less(self._running, tenant)


def less(counts: Counter[str], key: str) -> None:
    """Decrement the count; drop the key at zero."""
    counts[key] -= 1
    if not counts[key]:
        del counts[key]
