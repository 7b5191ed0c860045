"""A database proxy writes for its parent, and its errors arrive as what they are."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.jobs.database_proxy import DatabaseProxy, portable, start_database_proxy
from app.jobs.job import Status
from app.jobs.queue import JobQueue
from app.jobs.result_writer import DATABASE_AWAY, PROXY_GONE
from app.storage.database import Database
from app.storage.schema import job_items
from tests.jobs.conftest import World, done


@pytest.fixture
def proxy() -> Iterator[DatabaseProxy]:
    one = start_database_proxy()
    yield one
    one.shutdown()


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(Database(f"sqlite:///{tmp_path / 'primary.sqlite3'}"))
    world.database.migrate()
    return world


def open_queue(url: str) -> JobQueue:
    return JobQueue(Database(url), lambda connection, key_id, urls: None)


def served(proxy: DatabaseProxy, world: World) -> JobQueue:
    return proxy.queue(partial(open_queue, world.database.url))


def test_items_are_claimed_and_finished_through_a_proxy(proxy: DatabaseProxy, world: World) -> None:
    job, queue = world.job(3), served(proxy, world)
    queue.finish("owner", [done(item) for item in queue.claim("owner", 9)])
    while items := queue.claim("owner", 9):
        queue.finish("owner", [done(item) for item in items])
    assert world.look(job).status == Status.COMPLETED


def test_a_table_that_is_gone_is_an_error_that_callers_catch(proxy: DatabaseProxy, world: World) -> None:
    queue = served(proxy, world)
    with world.database.write() as connection:
        connection.exec_driver_sql("DROP TABLE job_results")
    world.job(1)
    [item] = queue.claim("owner", 1)
    with pytest.raises(DATABASE_AWAY, match="no such table: job_results"):
        queue.finish("owner", [done(item)])


def test_a_row_that_is_refused_arrives_as_the_error_it_is(proxy: DatabaseProxy, world: World) -> None:
    queue = served(proxy, world)
    world.job(1)
    [item] = queue.claim("owner", 1)
    with world.database.write() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER refuse BEFORE INSERT ON job_results BEGIN SELECT RAISE(ABORT, 'refused'); END"
        )
    with pytest.raises(sa.exc.IntegrityError, match="refused"):
        queue.finish("owner", [done(item)])


def test_a_proxy_that_is_gone_is_no_database_that_is_away(world: World) -> None:
    proxy = start_database_proxy()
    queue = served(proxy, world)
    os.kill(proxy._process.pid, signal.SIGKILL)
    proxy._process.join()
    with pytest.raises(PROXY_GONE):
        queue.beat("owner")


@pytest.mark.parametrize("kind", [sa.exc.IntegrityError, sa.exc.OperationalError, sa.exc.DataError])
def test_an_error_of_a_statement_pickles_without_its_parameters(kind: type[sa.exc.DBAPIError]) -> None:
    error = kind("INSERT", {"data": memoryview(b"body")}, Exception("refused"))
    copy = pickle.loads(pickle.dumps(portable(error)))
    assert type(copy) is kind
    assert "refused" in str(copy)


def test_any_other_error_that_does_not_pickle_tells_its_name() -> None:
    error = portable(ValueError(memoryview(b"body")))
    assert "ValueError" in str(pickle.loads(pickle.dumps(error)))


SCRIPT = """
import time
from app.jobs.process import start_vital_thread
start_vital_thread("part", {target})
time.sleep(2)
print("went on")
"""


@pytest.mark.parametrize(("target", "status"), [("lambda: 1 / 0", 70), ("lambda: exit(3)", 70), ("lambda: None", 0)])
def test_a_vital_thread_that_fails_ends_its_process(target: str, status: int) -> None:
    ended = subprocess.run([sys.executable, "-c", SCRIPT.format(target=target)], capture_output=True, timeout=60)
    assert (ended.returncode, b"went on" in ended.stdout) == (status, not status)


def test_an_owner_is_named_while_it_holds_an_item(proxy: DatabaseProxy, world: World) -> None:
    world.job(1)
    served(proxy, world).claim("owner", 1)
    with world.database.read() as connection:
        assert connection.execute(sa.select(job_items.c.owner)).scalar() == "owner"
