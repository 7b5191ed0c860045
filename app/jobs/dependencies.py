"""What the engines have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.jobs.allowance import Allowance
from app.jobs.job import Item, Outcome
from app.jobs.queue import JobQueue
from app.jobs.store import JobStore
from app.jobs.webhook import WebhookQueue, WebhookSender


@dataclass(frozen=True, slots=True)
class JobDependencies:
    """What a runner works with. `allowance` says what a key may still read and store."""

    store: JobStore
    queue: JobQueue
    hooks: WebhookQueue
    courier: WebhookSender
    run: Callable[[Item], Outcome]
    allowance: Callable[[str], Allowance]
    size: int
