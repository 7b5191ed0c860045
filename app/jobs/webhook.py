"""Telling that a job has ended: Standard Webhooks (https://www.standardwebhooks.com, version 1).

Rule 1: what is due when is in the database; a try is noted before it is made, so a crash costs one wait and
        no message. The same message keeps its `webhook-id`.
Rule 2: a message goes through the same guard as every fetch, and follows no redirect.
Rule 3: the secret is forgotten with the last try. A receiver that answers 410 wants no other one.
Rule 4: keys take turns: a free place goes to the key with the fewest deliveries under way, and no key holds more than
        half of the places, so receivers that hang delay their own key alone.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import orjson
import sqlalchemy as sa
import structlog
from standardwebhooks import Webhook as Signer

from app import metrics
from app.deadline import Deadline
from app.errors import TargetError, TargetHttpError
from app.fetch import TargetUrl, parse_url
from app.jobs.job import moment
from app.jobs.process import start_vital_thread
from app.page import Page
from app.storage.database import Database
from app.storage.schema import jobs, webhooks

log = structlog.get_logger()

TIMEOUT = 8.0  # seconds that a receiver has for its answer
FIRST_RETRY = 10  # seconds; each wait after it is twice the one before
WINDOW = 3_600  # seconds after the job's end in which it is tried
SIDE_BY_SIDE = 16  # receivers spoken to at once
OF_ONE_KEY = SIDE_BY_SIDE // 2
GONE = 410  # Standard Webhooks: the receiver wants no more messages
POLL = 0.5  # seconds between two looks at what is due


class Post(Protocol):
    def __call__(
        self, url: TargetUrl, body: bytes, headers: Mapping[str, str], deadline: Deadline, tenant: str = ""
    ) -> Page: ...


@dataclass(frozen=True, slots=True)
class Message:
    """One event, on its `attempt`-th way. `since` is when its job ended, Unix seconds."""

    job_id: str
    key_id: str
    url: str
    secret: str
    id: str
    attempt: int
    since: float
    body: bytes


class WebhookQueue:
    """Queue of due webhooks in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def is_due(self) -> bool:
        query = sa.select(webhooks.c.job_id).where(_due(time.time())).limit(1)
        with self._database.read() as connection:
            return connection.execute(query).first() is not None

    def claim(self, busy: Mapping[str, int] | None = None) -> Message | None:
        """Take a due message, due again later unless its outcome is told before.

        `busy`: deliveries under way by key; the message is one of a key with the fewest.
        """
        if not self.is_due():
            return None
        now = time.time()
        with self._database.write() as connection:
            row = _next_due(connection, now, busy or {})
            if row is None:
                return None
            connection.execute(
                webhooks.update()
                .where(webhooks.c.job_id == row.job_id)
                .values(
                    attempts=webhooks.c.attempts + 1,
                    last_attempt_at=now,
                    next_attempt_at=now + TIMEOUT + FIRST_RETRY,
                )
            )
        return _message(row)

    def delivered(self, message: Message, http_status: int) -> None:
        self._note(message, status="delivered", http_status=http_status, error=None, due=None)

    def missed(self, message: Message, http_status: int | None, error: str) -> None:
        """Schedule the next try, unless the hour is over or the receiver wants none."""
        due = None if http_status == GONE else next_attempt(message.attempt, message.since, time.time())
        status = "failed" if due is None else "pending"
        self._note(message, status=status, http_status=http_status, error=error, due=due)

    def _note(
        self, message: Message, *, status: str, http_status: int | None, error: str | None, due: float | None
    ) -> None:
        values = {
            "status": status,
            "next_attempt_at": due,
            "last_http_status": http_status,
            "last_error": error,
            "secret": webhooks.c.secret if due else sa.null(),
        }
        with self._database.write() as connection:
            connection.execute(webhooks.update().where(webhooks.c.job_id == message.job_id).values(**values))
        if not due:
            self._database.truncate_log()


def _due(now: float) -> sa.ColumnElement[bool]:
    """Due by now, or dated so far ahead that the clock has been set back since."""
    return sa.or_(webhooks.c.next_attempt_at <= now, webhooks.c.next_attempt_at > now + WINDOW + TIMEOUT)


def _next_due(connection: sa.Connection, now: float, busy: Mapping[str, int]) -> sa.Row[Any] | None:
    """Lock the message that has been due for longest, of the keys with the fewest deliveries under way."""
    due = (
        sa.select(webhooks, jobs)
        .join(jobs, jobs.c.id == webhooks.c.job_id)
        .where(_due(now))
        .order_by(webhooks.c.next_attempt_at)
        .limit(1)
        .with_for_update(skip_locked=True, of=webhooks)
    )
    for most in sorted({0, *busy.values()}):
        busier = [key for key, count in busy.items() if count > min(most, OF_ONE_KEY - 1)]
        if row := connection.execute(due.where(jobs.c.key_id.not_in(busier))).first():
            return row
    return None


def next_attempt(attempt: int, since: float, now: float) -> float | None:
    """When to try again after the `attempt`-th try failed; the last is at the end of the window."""
    last = since + WINDOW
    if now >= last:
        return None
    return min(now + FIRST_RETRY * 2.0 ** (attempt - 1), last)


class WebhookSender:
    """Delivers what is due, from threads of its own."""

    def __init__(self, queue: WebhookQueue, post: Post) -> None:
        self._queue = queue
        self._post = post
        self._threads = ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="webhook")
        self._places = threading.Semaphore(SIDE_BY_SIDE)
        self._busy: Counter[str] = Counter()  # deliveries under way, by key
        self._counting = threading.Lock()

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Deliver for as long as this lasts."""
        over = threading.Event()
        start_vital_thread("webhook-sender", self._work, over)
        try:
            yield
        finally:
            over.set()

    def _work(self, over: threading.Event) -> None:
        while not over.is_set():
            try:
                found = self._start_one()
            except sa.exc.SQLAlchemyError:
                log.exception("webhooks: the database does not answer")
                found = False
            if not found:
                over.wait(POLL)

    def _start_one(self) -> bool:
        with self._places:  # claim only what can be sent at once
            with self._counting:
                busy = self._busy.copy()
            message = self._queue.claim(busy)
        if message is None:
            return False
        with self._counting:
            self._busy[message.key_id] += 1
        self._places.acquire()
        self._threads.submit(self._deliver_and_leave, message)
        return True

    def _deliver_and_leave(self, message: Message) -> None:
        try:
            self.deliver(message)
        except Exception:
            log.exception("webhook failed", job_id=message.job_id)
        finally:
            with self._counting:
                self._busy -= Counter((message.key_id,))
            self._places.release()

    def deliver(self, message: Message) -> None:
        """Try once and store the outcome."""
        try:
            page = self._post(
                parse_url(message.url), message.body, sign(message), Deadline.after(TIMEOUT), message.key_id
            )
        except TargetError as error:
            self._missed(message, None, error.code)
            return
        if 200 <= page.status < 300:
            self._queue.delivered(message, page.status)
            metrics.WEBHOOKS.labels("delivered").inc()
        else:
            self._missed(message, page.status, TargetHttpError.code)

    def _missed(self, message: Message, http_status: int | None, code: str) -> None:
        self._queue.missed(message, http_status, code)
        metrics.WEBHOOKS.labels(code).inc()
        log.info("webhook missed", job_id=message.job_id, attempt=message.attempt, status=http_status, code=code)


def sign(message: Message) -> dict[str, str]:
    """Headers of a message: id, time and signature (Standard Webhooks)."""
    now = datetime.now(UTC)
    signature = Signer(message.secret).sign(message.id, now, message.body.decode())
    return {
        "Content-Type": "application/json",
        "webhook-id": message.id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature,
    }


def _message(row: sa.Row[Any]) -> Message:
    facts = row._mapping
    return Message(
        job_id=facts[jobs.c.id],
        key_id=facts[jobs.c.key_id],
        url=facts[webhooks.c.url],
        secret=facts[webhooks.c.secret],
        id=facts[webhooks.c.message_id],
        attempt=facts[webhooks.c.attempts] + 1,
        since=facts[jobs.c.completed_at],
        body=_event(facts),
    )


def _event(facts: Mapping[Any, Any]) -> bytes:
    status, ended = facts[jobs.c.status], facts[jobs.c.completed_at]
    data = {
        "job_id": facts[jobs.c.id],
        "status": status,
        "status_url": f"/v1/batch/{facts[jobs.c.id]}",
        "total_urls": facts[jobs.c.total],
        "completed_urls": facts[jobs.c.completed],
        "failed_urls": facts[jobs.c.failed],
        "cancelled_urls": facts[jobs.c.cancelled],
        "completed_at": moment(ended),
    }
    return orjson.dumps({"type": f"batch.{status}", "timestamp": moment(ended), "data": data})
