"""Each item has one owner at a time, and one result."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from app import metrics
from app.jobs.job import Status
from app.jobs.queue import LEASE
from app.jobs.store import lock
from app.jobs.turns import KEYS_IN_TURN, share
from app.storage.schema import job_items, job_owners, job_results, jobs
from tests.jobs.conftest import World, done, lost


def indexes(world: World) -> list[int]:
    with world.database.read() as connection:
        return list(connection.execute(sa.select(job_results.c.input_index)).scalars())


def age(world: World, owner: str) -> None:
    """Nobody has seen this owner for longer than its lease."""
    with world.database.write() as connection:
        connection.execute(
            job_owners.update().where(job_owners.c.id == owner).values(seen_at=job_owners.c.seen_at - LEASE - 1)
        )


def test_owners_share_a_job_without_overlap(world: World) -> None:
    world.job(10)
    first, second = world.take("one", 6), world.take("two", 6)
    assert sorted(item.input_index for item in first + second) == list(range(10))


def test_eight_owners_at_once_give_each_item_one_result(world: World) -> None:
    world.job(300)

    def work(owner: str) -> int:
        count = 0
        while items := world.work(owner, 7):
            count += len(items)
        return count

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(work, [f"owner-{n}" for n in range(8)])) == 300
    assert sorted(indexes(world)) == list(range(300))


def test_the_first_claim_makes_a_job_processing(world: World) -> None:
    job = world.job(2)
    world.take("owner", 1)
    assert world.look(job).status == Status.PROCESSING


def test_counters_follow_every_result(world: World) -> None:
    job = world.job(4)
    items = world.take("owner", 3)
    world.queue.finish("owner", [done(items[0]), lost(items[1])])
    found = world.look(job)
    assert (found.completed, found.failed, found.pending) == (1, 1, 2)
    assert world.queue.waiting() == 1


def test_only_the_owner_writes_a_result(world: World) -> None:
    job = world.job(1)
    [item] = world.take("owner", 1)
    assert world.queue.finish("stranger", [done(item)]) == 0
    assert world.look(job).pending == 1


def test_a_result_is_written_once(world: World) -> None:
    world.job(2)
    items = world.take("owner", 2)
    world.queue.finish("owner", [done(items[0])])
    assert world.queue.finish("owner", [lost(items[0]), done(items[1])]) == 1
    assert sorted(indexes(world)) == [0, 1]


def test_the_first_outcome_of_an_item_counts_within_one_group(world: World) -> None:
    job = world.job(2)
    first, second = world.take("owner", 2)
    assert world.queue.finish("owner", [done(first), lost(first), lost(second), done(second), done(second)]) == 2
    found = world.look(job)
    assert (found.completed, found.failed, found.pending, world.charged) == (1, 1, 0, {"key-a": 1})
    assert indexes(world) == [first.input_index]


def test_an_owner_whose_lease_ran_out_may_finish_its_items_twice(world: World) -> None:
    job = world.job(3)
    before = world.take("owner", 3)
    age(world, "owner")
    world.queue.requeue()
    again = world.take("owner", 3)
    assert world.queue.finish("owner", [done(item) for item in [*before, *again]]) == 3
    assert (world.look(job).completed, sorted(indexes(world))) == (3, [0, 1, 2])


def test_a_lease_dated_in_the_future_lapses_too(world: World) -> None:
    world.job(2)
    world.take("dead", 2)
    with world.database.write() as connection:  # and then the clock is set back by an hour
        connection.execute(job_owners.update().values(seen_at=job_owners.c.seen_at + 3_600))
    assert world.queue.requeue() == 2


def test_the_metric_counts_outcomes_that_were_stored(world: World) -> None:
    world.job(1)
    [item] = world.take("owner", 1)
    counter = metrics.JOB_ITEMS.labels(Status.COMPLETED)
    before = counter._value.get()
    world.queue.finish("stranger", [done(item)])
    world.queue.finish("owner", [done(item), done(item)])
    assert counter._value.get() == before + 1


def test_what_a_dead_owner_held_is_claimed_again(world: World) -> None:
    world.job(3)
    world.take("dead", 3)
    age(world, "dead")
    assert world.queue.requeue() == 3
    assert [item.input_index for item in world.take("alive", 9)] == [0, 1, 2]


def test_what_a_living_owner_holds_stays_its_own(world: World) -> None:
    world.job(3)
    world.take("alive", 3)
    assert world.queue.requeue() == 0


def test_an_owner_that_beats_is_alive(world: World) -> None:
    world.job(1)
    world.take("owner", 1)
    age(world, "owner")
    world.queue.beat("owner")
    assert world.queue.requeue() == 0


def test_an_owner_that_was_thought_dead_writes_nothing(world: World) -> None:
    job = world.job(1)
    [stale] = world.take("slow", 1)
    age(world, "slow")
    world.queue.requeue()
    [fresh] = world.take("quick", 1)
    assert world.queue.finish("slow", [done(stale)]) == 0
    assert world.queue.finish("quick", [done(fresh)]) == 1
    assert world.look(job).completed == 1


def test_burying_a_place_frees_all_that_its_owners_held(world: World) -> None:
    world.job(4)
    world.take("place.1", 2)
    world.take("other.1", 2)
    world.queue.bury("place")
    assert world.queue.requeue() == 2


def test_what_is_left_behind_in_a_cancelled_job_is_cancelled(world: World) -> None:
    job = world.job(3)
    world.take("dead", 2)
    world.store.cancel(job.key_id, job.id)
    age(world, "dead")
    world.queue.requeue()
    found = world.look(job)
    assert (found.cancelled, found.pending, found.status) == (3, 0, Status.CANCELLED)
    assert found.completed_at is not None


def test_leaving_gives_back_what_is_held(world: World) -> None:
    world.job(2)
    world.take("owner", 2)
    world.queue.leave("owner")
    assert world.queue.waiting() == 2


def test_rendered_items_are_claimed_apart(world: World) -> None:
    world.job(2)
    world.job(3, render_js=True)
    assert len(world.take("owner", 9, rendered=True)) == 3
    assert len(world.take("owner", 9)) == 2


def test_keys_take_turns_however_long_a_job_waits(world: World) -> None:
    world.job(1_000, "key-a")
    world.job(10, "key-b")
    claimed = Counter(item.key_id for item in world.queue.claim("owner", 12))
    assert claimed == {"key-a": 5, "key-b": 5}


def test_every_key_has_its_turn_however_many_there_are(world: World) -> None:
    keys = {f"key-{number:03}" for number in range(2 * KEYS_IN_TURN + 5)}
    for key_id in keys:
        world.job(30, key_id)
    claimed = Counter(item.key_id for _ in range(3) for item in world.queue.claim("owner", 2 * KEYS_IN_TURN))
    assert set(claimed) == keys


def test_a_claim_waits_for_a_job_that_another_claim_holds(world: World) -> None:
    job = world.job(2)
    with ThreadPoolExecutor(1) as threads, world.database.write() as connection:
        lock(connection, [job.id])
        claimed = threads.submit(world.queue.claim, "owner", 2)
        time.sleep(0.3)
        assert not claimed.done()
        connection.rollback()
        assert claimed.result()


def test_each_item_that_was_read_is_charged(world: World) -> None:
    world.job(3)
    items = world.take("owner", 3)
    world.queue.finish("owner", [done(items[0]), done(items[1]), lost(items[2])])
    assert world.charged == {"key-a": 2}


def test_no_owner_is_named_where_nobody_works(world: World) -> None:
    world.job(3)
    world.take("dead", 2)
    world.queue.bury("dead")
    world.queue.requeue()
    world.work()
    with world.database.read() as connection:
        assert connection.execute(sa.select(job_items.c.owner).distinct()).scalars().all() == [None]
        assert connection.execute(sa.select(jobs.c.waiting)).scalar() == 0


@pytest.mark.parametrize(
    ("room", "waiting", "busy", "expected"),
    [
        (9, [("j1", "a", 100)], {}, {"j1": 6}),  # two thirds: a newcomer finds room
        (9, [("j1", "a", 4)], {}, {"j1": 4}),
        (6, [("j1", "a", 100), ("j2", "b", 100)], {}, {"j1": 3, "j2": 2}),
        (6, [("j1", "a", 100), ("j2", "b", 1)], {}, {"j1": 4, "j2": 1}),
        (4, [("j1", "a", 100), ("j2", "b", 100)], {"a": 9}, {"j2": 3}),
        (4, [("j1", "a", 9), ("j2", "a", 9)], {}, {"j1": 2, "j2": 1}),  # jobs of one key in turn
        (1, [("j1", "a", 9)], {}, {"j1": 1}),
        (0, [("j1", "a", 9)], {}, {}),
        (5, [], {}, {}),
    ],
)
def test_shares_of_free_places(room: int, waiting: list, busy: dict, expected: dict) -> None:
    assert share(room, waiting, busy) == expected


def test_a_claim_of_a_long_job_is_quick(world: World) -> None:
    world.job(1_000)
    begun = time.perf_counter()
    world.queue.claim("owner", 96)
    assert time.perf_counter() - begun < 0.5
