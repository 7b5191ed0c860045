"""Dependencies of the engines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.jobs.allowance import Allowance
from app.jobs.job import Item, Outcome
from app.jobs.queue import JobQueue
from app.jobs.store import JobStore
from app.jobs.webhook import WebhookQueue, WebhookSender
from app.threads.hosts import Hosts


@dataclass(frozen=True, slots=True)
class JobDependencies:
    """Collaborators of a runner. `allowance` gives the URLs and bytes that a key has left; `hosts` bounds
    the items of a host.
    """

    store: JobStore
    queue: JobQueue
    hooks: WebhookQueue
    courier: WebhookSender
    run: Callable[[Item], Outcome]
    allowance: Callable[[str], Allowance]
    size: int
    hosts: Hosts
