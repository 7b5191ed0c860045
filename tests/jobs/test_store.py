"""What is asked for is kept, and seen by whom it belongs to."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.errors import IdempotencyConflict, JobFinished, JobNotFound, QuotaExceeded
from app.jobs.job import Item, Outcome, Status
from app.jobs.store import IDEMPOTENCY_TTL
from app.plans import Plan
from app.storage.database import Database
from app.storage.schema import job_items, job_requests, job_results, jobs, webhooks
from tests.jobs.conftest import TTL, World, done, lost, new_job


def test_a_new_job_is_queued_whole(world: World) -> None:
    job = world.look(world.job(3))
    assert (job.status, job.total, job.pending, job.completed_at) == (Status.QUEUED, 3, 3, None)


def test_a_thousand_urls_are_kept_in_well_under_a_second(world: World) -> None:
    world.job(1)
    begun = time.perf_counter()
    world.job(1_000)
    assert time.perf_counter() - begun < 0.8


def test_another_keys_job_is_not_found(world: World) -> None:
    with pytest.raises(JobNotFound):
        world.store.find("key-b", world.job().id)
    with pytest.raises(JobNotFound):
        world.store.cancel("key-b", world.job().id)


def test_the_same_idempotency_key_and_body_is_the_same_job(world: World) -> None:
    first, fresh = world.store.create(new_job(idempotency=("key", "body")))
    second, again = world.store.create(new_job(idempotency=("key", "body")))
    assert (first.id, fresh, again) == (second.id, True, False)


def test_the_same_idempotency_key_with_another_body_is_a_conflict(world: World) -> None:
    world.job(idempotency=("key", "body"))
    with pytest.raises(IdempotencyConflict):
        world.job(idempotency=("key", "other"))


def test_another_keys_idempotency_key_is_its_own(world: World) -> None:
    first = world.job(idempotency=("key", "body"))
    assert world.job(key_id="key-b", idempotency=("key", "other")).id != first.id


def test_an_idempotency_key_is_free_again_after_a_day(world: World) -> None:
    first = world.job(idempotency=("key", "body"))
    with world.database.write() as connection:
        connection.execute(job_requests.update().values(created_at=time.time() - IDEMPOTENCY_TTL - 1))
    assert world.job(idempotency=("key", "other")).id != first.id


def test_the_same_request_at_the_same_time_is_one_job(world: World) -> None:
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _: world.store.create(new_job(idempotency=("key", "body"))), range(8)))
    assert len({job.id for job, _ in made}) == 1
    assert sum(fresh for _, fresh in made) == 1


def test_results_are_what_has_ended_in_input_order(world: World) -> None:
    job = world.job(5)
    items = world.take("owner", 5)
    world.queue.finish("owner", [done(items[3]), lost(items[1])])
    assert [(result.input_index, result.status) for result in world.store.results(job.id)] == [
        (1, Status.FAILED),
        (3, Status.COMPLETED),
    ]


def test_a_page_of_results_counts_what_has_ended(world: World) -> None:
    job = world.job(5)
    items = world.take("owner", 5)
    world.queue.finish("owner", [done(item) for item in items[2:]])
    assert [result.input_index for result in world.store.results(job.id, offset=1, limit=1)] == [3]


def test_a_result_brings_its_data_byte_for_byte(world: World) -> None:
    job = world.job(1)
    world.work()
    [result] = world.store.results(job.id)
    assert result.data == b'{"markdown":"0","html":null,"metadata":null}'


def test_cancelling_takes_back_what_waits_and_lets_the_rest_end(world: World) -> None:
    job = world.job(5)
    items = world.take("owner", 2)
    cancelled, in_flight = world.store.cancel(job.key_id, job.id)
    assert (cancelled.status, cancelled.cancelled, in_flight, cancelled.completed_at) == (
        Status.CANCELLED,
        3,
        2,
        None,
    )
    world.queue.finish("owner", [done(item) for item in items])
    ended = world.look(job)
    assert (ended.status, ended.completed, ended.pending) == (Status.CANCELLED, 2, 0)
    assert ended.completed_at is not None


def test_a_cancelled_item_is_a_result(world: World) -> None:
    job = world.job(1)
    world.store.cancel(job.key_id, job.id)
    [result] = world.store.results(job.id)
    assert (result.status, result.data, result.error_code) == (Status.CANCELLED, None, None)


def test_a_job_that_has_ended_cannot_be_cancelled(world: World) -> None:
    job = world.job(1)
    world.work()
    with pytest.raises(JobFinished):
        world.store.cancel(job.key_id, job.id)


def test_a_job_is_cancelled_once(world: World) -> None:
    job = world.job(1)
    world.take("owner", 1)
    world.store.cancel(job.key_id, job.id)
    with pytest.raises(JobFinished):
        world.store.cancel(job.key_id, job.id)


@pytest.mark.parametrize(
    ("outcomes", "status"),
    [((done, done), Status.COMPLETED), ((done, lost), Status.COMPLETED), ((lost, lost), Status.FAILED)],
)
def test_a_job_fails_only_if_every_item_did(world: World, outcomes: tuple, status: Status) -> None:
    job = world.job(2)
    items = world.take("owner", 2)
    world.queue.finish("owner", [become(item) for become, item in zip(outcomes, items, strict=True)])
    assert world.look(job).status == status


def test_the_values_of_headers_are_forgotten_when_the_job_ends(world: World) -> None:
    world.job(1, headers={"X-Token": "secret"})
    [item] = world.take("owner", 1)
    assert item.headers == {"X-Token": "secret"}
    world.queue.finish("owner", [done(item)])
    with world.database.read() as connection:
        assert connection.execute(sa.select(jobs.c.headers)).scalar() is None


def test_what_is_forgotten_is_not_left_in_the_file(tmp_path: Path) -> None:
    world = World(Database(f"sqlite:///{tmp_path / 'data' / 'primary.sqlite3'}"))
    world.database.migrate()
    for value in ("a-secret", "a-secret" * 900):  # in the row, and on pages of its own
        world.job(1, headers={"X-Token": value})
    world.work()
    with world.database.read() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    world.database.engine.dispose()
    assert [path.name for path in (tmp_path / "data").iterdir() if b"a-secret" in path.read_bytes()] == []


def test_lists_show_the_keys_own_jobs_newest_first(world: World) -> None:
    mine = [world.job().id for _ in range(3)]
    world.job(key_id="key-b")
    found, count = world.store.list("key-a", page=1, page_size=2)
    assert ([job.id for job in found], count) == (mine[:0:-1], 3)


def test_lists_can_be_narrowed_by_status_and_time(world: World) -> None:
    ended = world.job(1)
    world.work()
    waiting = world.job(1)
    assert [job.id for job in world.store.list("key-a", status=Status.COMPLETED)[0]] == [ended.id]
    assert [job.id for job in world.store.list("key-a", start=waiting.created_at)[0]] == [waiting.id]
    assert [job.id for job in world.store.list("key-a", end=ended.created_at)[0]] == [ended.id]


def test_an_old_job_is_gone_at_once_and_removed_with_all_of_it(world: World) -> None:
    job = world.job(2, webhook="https://example.com/hook", idempotency=("key", "body"))
    world.work()
    with world.database.write() as connection:
        connection.execute(jobs.update().values(completed_at=time.time() - TTL - 1))
    with pytest.raises(JobNotFound):
        world.look(job)
    assert world.store.expire() == 1
    with world.database.read() as connection:
        for table in (jobs, job_items, job_results, job_requests, webhooks):
            assert connection.execute(sa.select(sa.func.count()).select_from(table)).scalar() == 0


def test_a_job_that_runs_never_expires(world: World) -> None:
    job = world.job(1)
    with world.database.write() as connection:
        connection.execute(jobs.update().values(created_at=0.0))
    assert world.store.expire() == 0
    assert world.look(job).status == Status.QUEUED


def fat(item: Item, byte: int) -> Outcome:
    return replace(done(item), data=bytes([byte]) * 400_000)


def test_equal_results_of_a_job_are_stored_once(world: World) -> None:
    job = world.job(6)
    for _ in range(3):  # in one group, and in several
        world.queue.finish("owner", [fat(item, 1) for item in world.queue.claim("owner", 3)])
    results = list(world.store.results(job.id))
    assert [result.data for result in results] == [b"\1" * 400_000] * 6
    with world.database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(job_results)).scalar() == 1
        assert 400_000 <= connection.execute(sa.select(jobs.c.stored_bytes)).scalar_one() < 401_000
    assert world.charged == {"key-a": 6}


def test_a_key_has_so_many_open_jobs_and_no_more(world: World) -> None:
    plan = Plan("small", batch_limit=1, open_jobs=2)
    first = world.job(1, plan=plan, idempotency=("key", "body"))
    second = world.job(1, plan=plan)
    with pytest.raises(QuotaExceeded) as refused:
        world.job(1, plan=plan)
    assert refused.value.details == {"limit": "open_jobs", "plan": "small"}
    assert world.job(1, plan=plan, idempotency=("key", "body")).id == first.id
    world.job(1, "key-b", plan=plan)
    world.store.cancel(second.key_id, second.id)
    world.job(1, plan=plan)


def test_submissions_at_the_same_time_keep_to_the_open_jobs(world: World) -> None:
    plan = Plan("small", batch_limit=1, open_jobs=3)

    def submit(_: int) -> bool:
        try:
            return bool(world.job(1, plan=plan))
        except QuotaExceeded:
            return False

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(submit, range(8))) == 3


@pytest.mark.parametrize("sizes", [(600_000, 600_000), (1_100_000,)])
def test_a_key_whose_jobs_store_too_much_submits_no_more(world: World, sizes: tuple[int, ...]) -> None:
    plan = Plan("small", batch_limit=1, stored_mib=1)
    for byte, size in enumerate(sizes):
        world.job(1, plan=plan)
        [item] = world.take("owner", 1)
        world.queue.finish("owner", [replace(done(item), data=bytes([byte]) * size)])
    with pytest.raises(QuotaExceeded) as refused:
        world.job(1, plan=plan)
    assert refused.value.details == {"limit": "stored_mib", "plan": "small"}
    world.job(1, "key-b", plan=plan)
