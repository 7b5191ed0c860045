"""The distributed engine, with real brokers: real worker processes, one of them killed."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from app.jobs import Engine, Jobs
from app.jobs.celery import PUBLISH_TIMEOUT, Tickets, build_celery
from app.jobs.job import Job, Status
from app.jobs.webhook import WebhookQueue
from app.storage.schema import job_results
from tests.jobs.conftest import World, new_job
from tests.servers import RedisServer, end, until

# As it would be run: results in PostgreSQL.
pytestmark = [pytest.mark.slow, pytest.mark.parametrize("database", ["postgres"], indirect=True)]


@pytest.fixture(params=["redis", "rabbitmq"])
def broker_url(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def tickets(broker_url: str) -> Iterator[Engine]:
    engine = Tickets(build_celery(broker_url))
    yield engine
    engine.close()


@contextmanager
def workers(world: World, broker_url: str, count: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    command = [sys.executable, "-m", "tests.jobs.hands", "worker", world.database.url, broker_url]
    processes = [subprocess.Popen(command, start_new_session=True) for _ in range(count)]
    try:
        yield processes
    finally:
        for process in processes:
            end(process)


def ended(world: World, job: Job) -> int:
    found = world.look(job)
    return found.total - found.pending


def test_a_killed_worker_loses_nothing_and_repeats_nothing(world: World, broker_url: str, tickets: Engine) -> None:
    job = world.job(1_000)
    tickets.wake(1_000, rendered=False)
    with workers(world, broker_url, 2) as (first, second):
        until(lambda: ended(world, job) > 200)
        first.kill()
        until(lambda: world.look(job).status == Status.COMPLETED)
        assert second.poll() is None
    with world.database.read() as connection:
        indexes = connection.execute(sa.select(job_results.c.input_index)).scalars().all()
    assert sorted(indexes) == list(range(1_000))


def test_work_that_no_ticket_came_for_is_found(world: World, redis_url: str) -> None:
    job = world.job(20)
    with workers(world, redis_url, 1):
        until(lambda: world.look(job).status == Status.COMPLETED)


def completed(world: World, job: Job) -> bool:
    return world.look(job).status == Status.COMPLETED


@pytest.mark.parametrize("broker_url", ["redis://127.0.0.1:1/0", "amqp://guest:guest@127.0.0.1:1//"])
def test_a_worker_finds_its_work_without_a_broker(world: World, broker_url: str) -> None:
    job = world.job(100)
    with workers(world, broker_url, 1) as [worker]:
        until(lambda: completed(world, job))
        worker.terminate()
        assert worker.wait(30) == 0


def test_an_outage_of_the_broker_in_the_middle_of_a_job_costs_seconds(world: World, redis_server: RedisServer) -> None:
    engine, job = Tickets(build_celery(redis_server.url)), world.job(400)
    engine.wake(400, rendered=False)
    with workers(world, redis_server.url, 1):
        for _ in range(2):
            until(lambda job=job: ended(world, job) > 40)
            redis_server.stop()
            until(lambda job=job: completed(world, job))
            redis_server.start()
            job = world.job(400)
            engine.wake(400, rendered=False)
        until(lambda: completed(world, job))
    engine.close()


def test_a_broker_that_hangs_does_not_hold_up_a_request(world: World, redis_server: RedisServer) -> None:
    engine = Tickets(build_celery(redis_server.url))
    engine.wake(1, rendered=False)
    redis_server.hang()
    begun = time.monotonic()
    engine.wake(1_000, rendered=False)
    assert time.monotonic() - begun < 2 * PUBLISH_TIMEOUT
    redis_server.go_on()
    engine.close()


def test_a_broker_that_is_away_does_not_fail_a_request(world: World) -> None:
    engine, begun = Tickets(build_celery("redis://127.0.0.1:1/0")), time.monotonic()
    Jobs(world.store, world.queue, WebhookQueue(world.database), engine).submit(new_job(5))
    engine.close()
    assert world.queue.waiting() == 5
    assert time.monotonic() - begun < 15
