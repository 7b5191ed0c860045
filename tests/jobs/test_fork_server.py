"""Runners are forked by a process that has imported what they need."""

from __future__ import annotations

import fcntl
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

import pytest

from app.jobs.embedded import Supervisor
from app.jobs.fork_server import ForkServer
from app.jobs.webhook import WebhookQueue
from tests.jobs.conftest import World, is_held
from tests.servers import until

pytestmark = pytest.mark.server


def hold(place: int, lock: int, parent: int) -> None:
    """A runner that has nothing to do."""
    os.write(lock, f"{place} {os.getpid()} {parent}\n".encode())
    time.sleep(600)


@contextmanager
def fork_server(be: Callable[[int, int, int], None]) -> Iterator[ForkServer]:
    one = ForkServer(be)
    try:
        yield one
    finally:
        one.close()


@pytest.fixture
def lock(tmp_path: Path) -> Iterator[Path]:
    """A file that whoever is forked writes to and holds."""
    return tmp_path / "lock"


def fork_into(one: ForkServer, lock: Path, place: int = 3) -> bool:
    with lock.open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        return one.ask(place, held.fileno())


def said(lock: Path) -> list[int]:
    """What the runner wrote: its place, its process id, and whose child it is."""
    until(lambda: lock.read_text().endswith("\n"))
    return [int(word) for word in lock.read_text().split()]


def test_a_runner_is_forked_into_its_place(lock: Path) -> None:
    with fork_server(hold) as one:
        assert fork_into(one, lock)
        place, _, parent = said(lock)
        assert (place, parent) == (3, one.pid)


def test_a_runner_holds_its_lock_for_as_long_as_it_lives(lock: Path) -> None:
    with fork_server(hold) as one:
        fork_into(one, lock)
        _, pid, _ = said(lock)
        assert is_held(lock)
        os.kill(pid, signal.SIGKILL)
        until(lambda: not is_held(lock))


def test_runners_have_ended_when_their_nursery_is_closed(lock: Path) -> None:
    with fork_server(hold) as one:
        fork_into(one, lock)
        _, pid, _ = said(lock)
    assert not is_held(lock)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def _leave(lock: Path) -> None:
    one = ForkServer(hold)
    fork_into(one, lock)
    said(lock)
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_nursery_ends_with_the_process_that_made_it(lock: Path) -> None:
    maker = get_context("fork").Process(target=_leave, args=(lock,))
    maker.start()
    maker.join()
    until(lambda: not is_held(lock))


def test_a_nursery_that_nobody_can_ask_any_more_ends(lock: Path) -> None:
    for _ in range(20):  # some of them in the moment in which a runner is forked
        one = ForkServer(hold)
        fork_into(one, lock)
        one._asking.close()
        os.waitpid(one.pid, 0)
        assert not is_held(lock)


def test_a_nursery_that_was_killed_is_asked_in_vain(lock: Path) -> None:
    with fork_server(hold) as one:
        os.kill(one.pid, signal.SIGKILL)
        until(lambda: not fork_into(one, lock))
        assert not is_held(lock)


def test_without_its_nursery_a_supervisor_starts_programs(world: World, tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path, world.store, world.queue, WebhookQueue(world.database), ["true"])
    world.job(1)
    supervisor.start(lambda place, lock: False)
    until(lambda: supervisor.runners)
    supervisor.close()


def test_with_a_nursery_a_supervisor_starts_none(world: World, tmp_path: Path) -> None:
    asked: list[int] = []
    supervisor = Supervisor(tmp_path, world.store, world.queue, WebhookQueue(world.database), ["false"])
    world.job(1)
    supervisor.start(lambda place, lock: asked.append(place) is None)
    until(lambda: asked)
    assert supervisor.runners == []
    supervisor.close()
