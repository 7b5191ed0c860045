"""A secret is in no file once the job that needed it has ended."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.jobs.webhook import WebhookQueue
from app.storage.database import Database
from app.storage.schema import PAGE_SIZE, jobs
from tests.jobs.conftest import SECRET, World

HOOK = "https://example.com/hook"
TOKEN = "a-secret"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def world(folder: Path) -> World:
    folder.mkdir()
    world = World(Database(f"sqlite:///{folder / 'primary.sqlite3'}"))
    world.database.migrate()
    return world


def holding(folder: Path, secret: str) -> list[str]:
    return [path.name for path in folder.iterdir() if secret.encode() in path.read_bytes()]


def pages_holding(database: Path, secret: str) -> list[bytes]:
    file = database.read_bytes()
    pages = [file[start : start + PAGE_SIZE] for start in range(0, len(file), PAGE_SIZE)]
    return [page for page in pages if secret.encode() in page]


@contextmanager
def reading(world: World) -> Iterator[None]:
    """Readers that come and go all the time."""
    over = threading.Event()

    def read() -> None:
        while not over.wait(0.001):
            with world.database.read() as connection:
                connection.execute(sa.select(sa.func.count()).select_from(jobs)).scalar()

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


@pytest.mark.parametrize("value", [TOKEN, TOKEN * 900, "Bearer " + TOKEN], ids=["short", "long", "bearer"])
def test_headers_are_in_no_file_once_their_job_has_ended(world: World, folder: Path, value: str) -> None:
    world.job(3, headers={"Authorization": value})
    assert holding(folder, TOKEN)
    world.work()
    assert holding(folder, TOKEN) == []


def test_headers_of_many_jobs_leave_nothing_on_pages_that_were_split(world: World, folder: Path) -> None:
    for number in range(300):
        world.job(1, f"key-{number % 7}", headers={"X-Token": TOKEN * (1 + number * 7 % 60)})
    while world.work(count=40):
        pass
    assert holding(folder, TOKEN) == []


def test_secrets_are_on_overflow_pages_alone(world: World, folder: Path) -> None:
    """B-tree pages keep copies of moved cells. They begin with their type (2, 5, 10 or 13), overflow pages do not."""
    for number in range(40):
        world.job(1, headers={"X-Token": TOKEN * (1 + number * 7 % 60)}, webhook=HOOK)
    world.database.truncate_log()
    for secret in (TOKEN, SECRET):
        holders = pages_holding(folder / "primary.sqlite3", secret)
        assert len(holders) >= 40
        assert {page[0] for page in holders} == {0}


def test_headers_are_in_no_file_once_their_job_was_cancelled(world: World, folder: Path) -> None:
    job = world.job(3, headers={"X-Token": TOKEN})
    world.store.cancel(job.key_id, job.id)
    assert holding(folder, TOKEN) == []


def test_headers_are_in_no_file_though_others_read_all_the_time(world: World, folder: Path) -> None:
    world.job(3, headers={"X-Token": TOKEN})
    with reading(world):
        world.work()
    assert holding(folder, TOKEN) == []


@pytest.mark.parametrize("heard", [True, False], ids=["delivered", "given up"])
def test_a_webhook_secret_is_in_no_file_after_the_last_attempt(world: World, folder: Path, heard: bool) -> None:
    world.job(1, webhook=HOOK)
    world.work()
    queue = WebhookQueue(world.database)
    message = queue.claim()
    assert message
    assert holding(folder, SECRET)
    if heard:
        queue.delivered(message, 200)
    else:
        with world.database.write() as connection:
            connection.execute(jobs.update().values(completed_at=0.0))
        queue.missed(replace(message, since=0.0), 500, "TARGET_HTTP_ERROR")
    assert holding(folder, SECRET) == []


def test_a_database_that_is_closed_leaves_no_log(world: World, folder: Path) -> None:
    world.job(1, headers={"X-Token": TOKEN})
    world.database.close()
    assert [path.name for path in folder.iterdir() if path.name.endswith("-wal") and path.stat().st_size] == []


def test_an_error_of_the_database_names_no_parameter(world: World) -> None:
    with world.database.write() as connection:
        connection.exec_driver_sql("DROP TABLE job_items")
    with pytest.raises(sa.exc.SQLAlchemyError) as refused:
        world.job(1, headers={"X-Token": TOKEN})
    assert TOKEN not in str(refused.value)
