"""A world of jobs: a store and a queue on a database of their own, SQLite and PostgreSQL alike."""

from __future__ import annotations

import fcntl
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from app.jobs.job import Idempotency, Item, Job, NewJob, Outcome, Status, Target, WebhookOrder
from app.jobs.queue import JobQueue
from app.jobs.store import JobStore
from app.plans import Plan
from app.storage.database import Database
from app.storage.schema import TRUTH

TTL = 3_600
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
CONFIG: dict[str, Any] = {
    "render_js": False,
    "formats": ["markdown"],
    "include_metadata": False,
    "proxy": {"country": None, "type": None},
    "headers": None,
    "wait_config": None,
}


@dataclass
class World:
    """Jobs without a network: what they fetch is made up."""

    database: Database
    charged: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.store = JobStore(self.database, ttl=TTL)
        self.queue = JobQueue(self.database, self._charge)

    def _charge(self, connection: sa.Connection, key_id: str, urls: int) -> None:
        self.charged[key_id] += urls

    def job(self, urls: int = 3, key_id: str = "key-a", **more: Any) -> Job:
        return self.store.create(new_job(urls, key_id, **more))[0]

    def look(self, job: Job) -> Job:
        return self.store.find(job.key_id, job.id)

    def take(self, owner: str, count: int, *, rendered: bool = False) -> list[Item]:
        """Claim until `owner` has so many items, or nothing waits. (One claim leaves room for newcomers.)"""
        taken: list[Item] = []
        while found := self.queue.claim(owner, count - len(taken), rendered=rendered):
            taken += found
        return taken

    def work(self, owner: str = "owner", count: int = 1_000) -> list[Item]:
        """Claim and finish, each item with a result that names it."""
        items = self.take(owner, count)
        self.queue.finish(owner, [done(item) for item in items])
        return items


def new_job(
    urls: int = 3,
    key_id: str = "key-a",
    *,
    idempotency: tuple[str, str] | None = None,
    webhook: str | None = None,
    headers: dict[str, str] | None = None,
    plan: Plan | None = None,
    **config: Any,
) -> NewJob:
    return NewJob(
        key_id=key_id,
        config=CONFIG | config,
        targets=tuple(Target(index, f"https://example.com/{index}") for index in range(urls)),
        headers=headers or {},
        plan=plan,
        webhook=WebhookOrder(webhook, SECRET) if webhook else None,
        idempotency=Idempotency(*idempotency) if idempotency else None,
    )


def done(item: Item) -> Outcome:
    data = b'{"markdown":"%d","html":null,"metadata":null}' % item.input_index
    return Outcome(item, Status.COMPLETED, data, 200, duration_ms=5)


def lost(item: Item) -> Outcome:
    return Outcome(item, Status.FAILED, error_code="TARGET_TIMEOUT", error_message="slow", duration_ms=5)


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'primary.sqlite3'}")
    else:
        database = Database(request.getfixturevalue("postgres_url"))
    database.migrate()
    try:
        yield database
    finally:
        with database.write() as connection:
            for table in reversed(TRUTH.sorted_tables):
                connection.execute(table.delete())
        database.engine.dispose()


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


def is_held(path: Path) -> bool:
    """Whether somebody has the lock of a file."""
    with path.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False
