"""That a job has ended is told, signed, until somebody hears it."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

import orjson
import pytest
import sqlalchemy as sa
from standardwebhooks import Webhook as Receiver

from app.deadline import Deadline
from app.errors import TargetError, TargetNotAllowed
from app.fetch import TargetUrl
from app.jobs.job import Job
from app.jobs.webhook import (
    FIRST_RETRY,
    OF_ONE_KEY,
    SIDE_BY_SIDE,
    TIMEOUT,
    WINDOW,
    WebhookQueue,
    WebhookSender,
    next_attempt,
)
from app.page import Page
from app.storage.schema import jobs, webhooks
from tests.jobs.conftest import SECRET, World
from tests.servers import until

URL = "https://example.com/hook"


class Mailbox:
    """A receiver: answers with the statuses (or failures) it is told, and keeps what came."""

    def __init__(self, *answers: int | TargetError) -> None:
        self.answers = list(answers)
        self.received: list[tuple[bytes, Mapping[str, str]]] = []

    def __call__(
        self, url: TargetUrl, body: bytes, headers: Mapping[str, str], deadline: Deadline, tenant: str = ""
    ) -> Page:
        self.received.append((body, headers))
        answer = self.answers.pop(0) if self.answers else 200
        if isinstance(answer, TargetError):
            raise answer
        return Page(str(url), str(url), answer, "", b"")


def ended_job(world: World) -> Job:
    job = world.job(2, webhook=URL)
    world.work()
    return world.look(job)


def make_due(world: World) -> None:
    with world.database.write() as connection:
        connection.execute(webhooks.update().values(next_attempt_at=time.time() - 1))


def try_once(world: World, mailbox: Mailbox) -> None:
    queue = WebhookQueue(world.database)
    message = queue.claim()
    if message:
        WebhookSender(queue, mailbox).deliver(message)


def hook(world: World, job: Job) -> Any:
    return world.look(job).webhook


def test_nothing_is_due_before_the_job_ends(world: World) -> None:
    job = world.job(2, webhook=URL)
    world.work(count=1)
    assert not WebhookQueue(world.database).is_due()
    assert hook(world, job).status == "waiting"


def test_a_job_that_has_ended_is_told_once(world: World) -> None:
    job, mailbox = ended_job(world), Mailbox()
    try_once(world, mailbox)
    try_once(world, mailbox)
    assert len(mailbox.received) == 1
    assert (hook(world, job).status, hook(world, job).attempts, hook(world, job).last_http_status) == (
        "delivered",
        1,
        200,
    )


def test_a_receiver_can_verify_the_message(world: World) -> None:
    job, mailbox = ended_job(world), Mailbox()
    try_once(world, mailbox)
    [(body, headers)] = mailbox.received
    event = Receiver(SECRET).verify(body, dict(headers))
    assert event["type"] == "batch.completed"
    assert event["data"] | {"completed_at": None} == {
        "job_id": job.id,
        "status": "completed",
        "status_url": f"/v1/batch/{job.id}",
        "total_urls": 2,
        "completed_urls": 2,
        "failed_urls": 0,
        "cancelled_urls": 0,
        "completed_at": None,
    }


def test_a_cancelled_job_is_told_too(world: World) -> None:
    job, mailbox = world.job(1, webhook=URL), Mailbox()
    world.store.cancel(job.key_id, job.id)
    try_once(world, mailbox)
    assert orjson.loads(mailbox.received[0][0])["type"] == "batch.cancelled"


def test_what_was_not_heard_is_sent_again_under_the_same_id(world: World) -> None:
    ended_job(world)
    mailbox = Mailbox(500, TargetNotAllowed())
    for _ in range(3):
        try_once(world, mailbox)
        make_due(world)
    assert len({headers["webhook-id"] for _, headers in mailbox.received}) == 1
    assert len(mailbox.received) == 3


def test_the_job_shows_why_it_was_not_heard(world: World) -> None:
    job = ended_job(world)
    try_once(world, Mailbox(503))
    assert (hook(world, job).status, hook(world, job).last_http_status, hook(world, job).last_error) == (
        "pending",
        503,
        "TARGET_HTTP_ERROR",
    )


def test_the_first_retry_comes_after_about_ten_seconds(world: World) -> None:
    job = ended_job(world)
    try_once(world, Mailbox(500))
    assert hook(world, job).next_attempt_at == pytest.approx(time.time() + FIRST_RETRY, abs=5)


def test_a_try_that_a_crash_cut_short_is_made_again(world: World) -> None:
    job, queue = ended_job(world), WebhookQueue(world.database)
    assert queue.claim()  # and then the process dies
    assert queue.claim() is None
    assert hook(world, job).next_attempt_at == pytest.approx(time.time() + TIMEOUT + FIRST_RETRY, abs=5)


def test_after_an_hour_it_is_given_up_and_the_secret_forgotten(world: World) -> None:
    job = ended_job(world)
    with world.database.write() as connection:
        connection.execute(jobs.update().values(completed_at=time.time() - WINDOW))
        connection.execute(jobs.update().values(created_at=time.time()))
    queue = WebhookQueue(world.database)
    message = queue.claim()
    assert message
    queue.missed(message, 500, "TARGET_HTTP_ERROR")
    with world.database.read() as connection:
        row = connection.execute(sa.select(webhooks).where(webhooks.c.job_id == job.id)).one()
    assert (row.status, row.secret, row.next_attempt_at) == ("failed", None, None)


def test_a_courier_delivers_what_is_due(world: World) -> None:
    job, mailbox = ended_job(world), Mailbox()
    with WebhookSender(WebhookQueue(world.database), mailbox).at_work():
        until(lambda: hook(world, job).status == "delivered")


def test_a_receiver_that_is_gone_is_told_no_more(world: World) -> None:
    job, mailbox = ended_job(world), Mailbox(410)
    try_once(world, mailbox)
    assert (hook(world, job).status, hook(world, job).last_http_status) == ("failed", 410)
    assert hook(world, job).next_attempt_at is None


def test_receivers_that_hang_delay_their_own_key_alone(world: World) -> None:
    hung, over = threading.Semaphore(0), threading.Event()

    def post(url: TargetUrl, *rest: Any, **more: Any) -> Page:
        if url.host.startswith("dead"):
            hung.release()
            over.wait(30)
        return Page(str(url), str(url), 200, "", b"")

    for _ in range(2 * SIDE_BY_SIDE):
        world.job(1, webhook="https://dead.example.com/hook")
    world.work()
    with WebhookSender(WebhookQueue(world.database), post).at_work():
        try:
            for _ in range(OF_ONE_KEY):
                assert hung.acquire(timeout=10)
            late = world.job(1, "key-b", webhook=URL)
            world.work()
            until(lambda: hook(world, late).status == "delivered")
        finally:
            over.set()


def test_a_free_place_goes_to_the_key_with_the_fewest_deliveries(world: World) -> None:
    for key in ("key-a", "key-a", "key-a", "key-b"):
        world.job(1, key, webhook=URL)
        world.work()
    queue = WebhookQueue(world.database)
    message = queue.claim({"key-a": 1})
    assert message
    assert message.key_id == "key-b"
    assert queue.claim({"key-a": OF_ONE_KEY}) is None
    assert queue.claim({"key-a": OF_ONE_KEY - 1})


@pytest.mark.parametrize("step", [3_600, 86_400])
def test_a_clock_that_is_set_back_delays_no_message_for_ever(world: World, step: float) -> None:
    ended_job(world)
    queue = WebhookQueue(world.database)
    with world.database.write() as connection:
        connection.execute(webhooks.update().values(next_attempt_at=time.time() + WINDOW + step))
    assert queue.claim()


def test_the_waits_grow_and_end_with_the_hour() -> None:
    waits, now, attempt = [], 0.0, 1
    while (due := next_attempt(attempt, 0.0, now)) is not None:
        waits.append(due - now)
        now, attempt = due, attempt + 1
    assert waits == [10, 20, 40, 80, 160, 320, 640, 1280, 1050]
