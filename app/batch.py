"""Many URLs, now: each asked once, all side by side, and no answer later than the deadline."""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Iterator, Sequence
from queue import Empty, SimpleQueue

from app.deadline import Deadline
from app.errors import TargetTimeout
from app.extractor import Extractor, Failure, Options, Outcome
from app.fetch import TargetUrl
from app.pool import FairPool

Done = tuple[TargetUrl, Outcome]


def extract_batch(
    targets: Sequence[TargetUrl],
    extractor: Extractor,
    pool: FairPool,
    options: Options,
    deadline: Deadline,
    tenant: str,
    abandoned: Callable[[], bool] = lambda: False,
) -> Iterator[Done]:
    """What became of each different URL, as it is known; what is not known by the deadline is TargetTimeout.

    Raises Overloaded, before the first result, if the pool has no room. Whoever stops iterating stops the work,
    and so does an asker who has `abandoned` it, which is looked at every `Deadline.SLICE` seconds.
    """
    unique = list(dict.fromkeys(targets))
    found = extractor.look_up(unique, options, tenant)
    missing = [target for target in unique if target not in found]
    if not missing:
        return iter(found.items())
    done: SimpleQueue[Done] = SimpleQueue()

    def call(target: TargetUrl) -> Callable[[], None]:
        context = contextvars.copy_context()  # the request id goes into the log lines of its fetches
        return lambda: done.put((target, context.run(extractor.extract, target, options, deadline, tenant)))

    pool.submit(tenant, [call(target) for target in missing])
    return _as_they_come(found, set(missing), done, deadline, abandoned)


def _as_they_come(
    found: dict[TargetUrl, Outcome],
    pending: set[TargetUrl],
    done: SimpleQueue[Done],
    deadline: Deadline,
    abandoned: Callable[[], bool],
) -> Iterator[Done]:
    try:
        yield from found.items()
        while pending:
            try:
                target, outcome = done.get(timeout=min(deadline.remaining(), Deadline.SLICE))
            except Empty:
                if deadline.passed or abandoned():
                    break
                continue
            pending.remove(target)
            yield target, outcome
        for target in pending:
            yield target, Failure(TargetTimeout())
    finally:
        deadline.cancel()
