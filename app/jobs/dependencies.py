"""What the engines have in common."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa
import structlog

from app import metrics
from app.jobs.job import Item, Outcome
from app.jobs.queue import JobQueue
from app.jobs.store import JobStore
from app.jobs.webhook import WebhookQueue, WebhookSender

log = structlog.get_logger()

SWEEP = 2.0  # seconds between two searches for what dead owners held
EXPIRY = 300.0  # seconds between two removals of old jobs


@dataclass(frozen=True, slots=True)
class JobDependencies:
    """What a runner works with. `used_up` tells whether a key has nothing left of its month."""

    store: JobStore
    queue: JobQueue
    hooks: WebhookQueue
    courier: WebhookSender
    run: Callable[[Item], Outcome]
    used_up: Callable[[str], bool]
    size: int


class Housekeeper:
    """Does what is due between the items of an engine."""

    def __init__(self, tools: JobDependencies) -> None:
        self._tools = tools
        self._expire_at = time.monotonic()

    def look(self) -> int:
        """Queue again what dead owners held, and remove what is old; how many items were queued again."""
        now = time.monotonic()
        if now >= self._expire_at:
            self._expire_at = now + EXPIRY
            self._tools.store.expire()
        freed = self._tools.queue.requeue()
        metrics.JOBS_PENDING.set(self._tools.queue.waiting())
        return freed


def quietly(action: Callable[[], object]) -> None:
    """Do it if the database answers."""
    try:
        action()
    except sa.exc.SQLAlchemyError:
        log.exception("jobs: the database does not answer")
