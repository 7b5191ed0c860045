"""Many URLs, later: what the doors know of jobs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from app.jobs.embedded import Ask
from app.jobs.job import Job, NewJob
from app.jobs.queue import JobQueue
from app.jobs.store import JobStore
from app.jobs.webhook import WebhookQueue


class Engine(Protocol):
    """Engine: makes workers take items."""

    def start(self, ask: Ask | None = None) -> None:
        """Start working on waiting items. `ask`: the fork server that starts runners, if any."""

    def wake(self, items: int, *, rendered: bool) -> None:
        """Announce new items. Never raises: workers also look for items by themselves."""

    def close(self) -> None:
        """Let go of what was started."""


@dataclass(frozen=True, slots=True)
class Jobs:
    store: JobStore
    queue: JobQueue
    hooks: WebhookQueue
    engine: Engine

    def submit(self, new: NewJob) -> Job:
        """Keep a job and have it worked on. Raises IdempotencyConflict."""
        job, fresh = self.store.create(new)
        if fresh:
            self.engine.wake(job.total, rendered=job.config["render_js"])
        return job
