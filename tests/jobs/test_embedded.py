"""The embedded engine: real processes, killed and replaced."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.jobs.embedded import Supervisor
from app.jobs.job import Job, Status
from app.jobs.queue import LEASE
from app.jobs.webhook import WebhookQueue
from app.storage.database import Database
from app.storage.schema import job_results
from tests.jobs.conftest import World, is_held
from tests.servers import until

pytestmark = [pytest.mark.server, pytest.mark.slow]

STARTER = """
import subprocess, sys, time
lock = open(sys.argv[1], "a+")
import fcntl; fcntl.flock(lock, fcntl.LOCK_EX)
import os
child = subprocess.Popen([*sys.argv[2:], "0", str(lock.fileno()), str(os.getpid())], pass_fds=[lock.fileno()])
print(child.pid, flush=True)
time.sleep(600)
"""


@contextmanager
def supervisor(world: World, folder: Path) -> Iterator[Supervisor]:
    command = [sys.executable, "-m", "tests.jobs.hands", "runner", world.database.url]
    supervisor = Supervisor(folder, world.store, world.queue, WebhookQueue(world.database), command)
    try:
        yield supervisor
    finally:
        supervisor.close()


@pytest.fixture
def supervised(world: World, tmp_path: Path) -> Iterator[Supervisor]:
    with supervisor(world, tmp_path) as one:
        yield one


@pytest.fixture
def other(world: World, tmp_path: Path) -> Iterator[Supervisor]:
    with supervisor(world, tmp_path) as one:
        yield one


def ended(world: World, job: Job) -> int:
    found = world.look(job)
    return found.total - found.pending


def kill(supervisor: Supervisor) -> None:
    """kill -9 every runner."""
    until(lambda: supervisor.runners)
    for runner in supervisor.runners:
        runner.kill()


def test_a_job_is_worked_off_once_it_is_there(world: World, supervised: Supervisor) -> None:
    job = world.job(30)
    supervised.wake(30, rendered=False)
    until(lambda: world.look(job).status == Status.COMPLETED)


def test_three_kills_later_every_url_has_exactly_one_result(world: World, supervised: Supervisor) -> None:
    job = world.job(400)
    supervised.wake(400, rendered=False)
    for share in (0.1, 0.3, 0.6):
        until(lambda share=share: ended(world, job) > share * 400)
        kill(supervised)
    until(lambda: world.look(job).status == Status.COMPLETED)
    with world.database.read() as connection:
        indexes = connection.execute(sa.select(job_results.c.input_index)).scalars().all()
    assert sorted(indexes) == list(range(400))


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_runner_whose_result_writer_fails_is_replaced(world: World, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.jobs.hands", "frail", str(tmp_path / "mark"), world.database.url]
    supervisor = Supervisor(tmp_path, world.store, world.queue, WebhookQueue(world.database), command)
    job = world.job(20)
    supervisor.wake(20, rendered=False)
    until(lambda: world.look(job).status == Status.COMPLETED)
    supervisor.close()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_pause_longer_than_a_lease_costs_the_pause(world: World, supervised: Supervisor) -> None:
    job = world.job(400)
    supervised.wake(400, rendered=False)
    until(lambda: ended(world, job) > 40)
    for runner in supervised.runners:
        runner.send_signal(signal.SIGSTOP)
    time.sleep(LEASE + 2)
    for runner in supervised.runners:
        runner.send_signal(signal.SIGCONT)
    until(lambda: world.look(job).status == Status.COMPLETED)


def test_work_that_a_crash_left_behind_is_found_at_start(world: World, supervised: Supervisor) -> None:
    job = world.job(5)
    world.take("dead", 5)
    world.queue.bury("dead")
    supervised.start()
    until(lambda: world.look(job).status == Status.COMPLETED)


def test_a_runner_ends_with_the_process_that_started_it(database: Database, tmp_path: Path) -> None:
    lock = tmp_path / "jobs-0.lock"
    hands = [sys.executable, "-m", "tests.jobs.hands", "runner", database.url]
    starter = subprocess.Popen([sys.executable, "-c", STARTER, str(lock), *hands], stdout=subprocess.PIPE)
    try:
        assert starter.stdout is not None
        starter.stdout.readline()
        until(lambda: lock.read_text() != "")
        starter.kill()
        starter.wait()
        until(lambda: not is_held(lock), timeout=20)
    finally:
        starter.kill()
        starter.wait()
        starter.stdout.close()


def test_two_workers_start_one_runner_for_a_small_job(world: World, supervised: Supervisor, other: Supervisor) -> None:
    job = world.job(40)
    supervised.wake(40, rendered=False)
    other.wake(40, rendered=False)
    until(lambda: world.look(job).status == Status.COMPLETED)
    assert len(supervised.runners) + len(other.runners) == 1


def test_a_runner_that_is_told_twice_to_stop_stops(world: World, supervised: Supervisor) -> None:
    world.job(400)
    supervised.wake(400, rendered=False)
    until(lambda: world.queue.waiting() < 400)
    [runner, *_] = supervised.runners
    for _ in range(20):
        runner.terminate()
    until(lambda: runner.poll() is not None, timeout=20)
