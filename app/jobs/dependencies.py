"""What the engines have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.jobs.job import Item, Outcome
from app.jobs.queue import JobQueue
from app.jobs.store import JobStore
from app.jobs.webhook import WebhookQueue, WebhookSender


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
