"""An item that fails for a while is tried again, later, and other items meanwhile."""

from __future__ import annotations

import errno
from dataclasses import replace

import pytest
import sqlalchemy as sa

from app.errors import PagecardError, QuotaExceeded, ReadingFailed, TargetHttpError, TargetTimeout, TargetUnreachable
from app.jobs.item_runner import ItemRunner
from app.jobs.job import Item, Outcome, Status, failed
from app.jobs.retries import FIRST_PAUSE, LONGEST_PAUSE, MOST_ATTEMPTS, pause_before_retry
from app.results import Failure, Success
from app.storage.schema import job_items
from tests.jobs.conftest import CONFIG, World, done


def pass_time(world: World, seconds: float) -> None:
    """Move every pause into the past."""
    with world.database.write() as connection:
        connection.execute(job_items.update().values(retry_at=job_items.c.retry_at - seconds))


def fail(world: World, error: PagecardError) -> Item:
    """Claim an item and fail it."""
    [item] = world.take("owner", 1)
    world.queue.finish("owner", [failed(item, error, 5)])
    return item


@pytest.mark.parametrize(
    ("attempt", "error", "pause"),
    [
        (1, TargetTimeout(reason="connect"), FIRST_PAUSE),
        (2, TargetTimeout(reason="connect"), 4 * FIRST_PAUSE),
        (MOST_ATTEMPTS, TargetTimeout(reason="connect"), None),
        (1, TargetHttpError(429, 7), 7),
        (1, TargetHttpError(503, 86_400), LONGEST_PAUSE),
        (1, TargetHttpError(503, 0), 0),
        (1, TargetHttpError(404), None),
        (1, TargetUnreachable(reason="certificate"), None),
        (1, ReadingFailed(), FIRST_PAUSE),
        (1, QuotaExceeded(), None),
    ],
)
def test_a_pause_is_the_origins_or_grows(attempt: int, error: PagecardError, pause: float | None) -> None:
    assert pause_before_retry(attempt, error) == pause


def test_an_item_is_tried_three_times_and_keeps_its_last_reason(world: World) -> None:
    job = world.job(1)
    for attempt, reason in enumerate(("dns", "refused", "reset"), 1):
        assert world.look(job).pending == 1
        assert fail(world, TargetUnreachable(reason=reason)).attempt == attempt
        pass_time(world, LONGEST_PAUSE)
        world.queue.ripen()
    [result] = world.store.results(job.id)
    assert (result.status, result.attempts, result.error_reason) == (Status.FAILED, 3, "reset")
    assert world.look(job).status == Status.FAILED


def test_a_deferred_item_waits_for_its_time_and_others_go_on(world: World) -> None:
    job = world.job(2)
    first = fail(world, TargetHttpError(429, 30))
    [second] = world.take("owner", 2)
    assert second.input_index != first.input_index
    assert (world.queue.ripen(), world.queue.waiting()) == (0, 0)
    pass_time(world, 31)
    assert (world.queue.ripen(), world.queue.waiting()) == (1, 1)
    assert world.queue.ripen() == 0
    [again] = world.take("owner", 2)
    world.queue.finish("owner", [done(again), done(second)])
    results = list(world.store.results(job.id))
    assert [result.attempts for result in results] == [2, 1]
    assert world.look(job).status == Status.COMPLETED


@pytest.mark.parametrize("step", [3_600, 86_400])
def test_a_clock_that_is_set_back_delays_no_item_for_ever(world: World, step: float) -> None:
    world.job(1)
    fail(world, TargetTimeout())
    pass_time(world, -step)
    assert world.queue.ripen() == 1


def test_a_cancelled_job_takes_deferred_items_back_and_tries_none_again(world: World) -> None:
    job = world.job(2)
    fail(world, TargetTimeout())
    [in_flight] = world.take("owner", 1)
    assert world.store.cancel(job.key_id, job.id)[1] == 1
    world.queue.finish("owner", [failed(in_flight, TargetTimeout())])
    pass_time(world, LONGEST_PAUSE)
    assert world.queue.ripen() == 0
    found = world.look(job)
    assert (found.cancelled, found.failed, found.pending) == (1, 1, 0)


def test_an_attempt_that_its_owner_did_not_outlive_is_made_again(world: World) -> None:
    world.job(1)
    world.take("owner", 1)
    world.queue.leave("owner")
    [item] = world.take("other", 1)
    assert item.attempt == 1


def test_a_deferred_item_is_held_by_nobody(world: World) -> None:
    world.job(1)
    fail(world, TargetTimeout())
    with world.database.read() as connection:
        row = connection.execute(sa.select(job_items)).one()
    assert (row.status, row.owner) == (Status.QUEUED, None)
    assert world.queue.requeue() == 0


def run(item: Item, *results: Success | Failure | Exception) -> list[tuple[Outcome, bool]]:
    """Run an item until it ends: each outcome, and whether the cache was passed by."""
    answers, asked = list(results), []

    def extract(target: object, options: object, *_: object) -> Success | Failure:
        asked.append(options.fresh)
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    outcomes = []
    while answers:
        outcomes.append(ItemRunner(extract, (), 10)(item))
        item = replace(item, attempt=item.attempt + 1)
    return list(zip(outcomes, asked, strict=True))


ITEM = Item("job", "key", 0, "https://example.com/", CONFIG, {})


def test_a_second_attempt_goes_past_the_failure_in_the_cache() -> None:
    good = Success(b"{}", 200, False, 0, 0, False)
    (first, cached), (second, fresh) = run(ITEM, Failure(TargetTimeout()), good)
    assert (first.pause, cached) == (FIRST_PAUSE, False)
    assert (second.status, fresh) == (Status.COMPLETED, True)


@pytest.mark.parametrize("error", [OSError(errno.EMFILE, "too many open files"), MemoryError()])
def test_a_mistake_of_ours_is_tried_again(error: Exception) -> None:
    [(outcome, _)] = run(ITEM, error)
    assert (outcome.error_code, outcome.pause) == ("INTERNAL_ERROR", FIRST_PAUSE)
