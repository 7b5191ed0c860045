"""Outcomes are stored whatever the database says of one of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.jobs.job import Outcome, Status
from app.jobs.result_writer import ResultWriter
from tests.jobs.conftest import World, done, lost
from tests.servers import until


@pytest.mark.parametrize("refused", [{"http_status": 2**70}, {"duration_ms": 10**30}, {"error_message": "\ud800"}])
def test_an_outcome_that_the_database_refuses_costs_its_item_alone(world: World, refused: dict[str, Any]) -> None:
    job = world.job(3)
    first, second, third = world.take("owner", 3)
    writer, stored = ResultWriter(world.queue, "owner"), list[int]()

    def enter(outcome: Outcome) -> None:
        writer.enter(outcome, lambda: stored.append(outcome.item.input_index))

    for outcome in (done(first), replace(lost(second), **refused), done(third)):
        enter(outcome)
    until(lambda: len(stored) == 3, timeout=30)
    found = {result.input_index: (result.status, result.error_code) for result in world.store.results(job.id)}
    assert found == {
        first.input_index: (Status.COMPLETED, None),
        second.input_index: (Status.FAILED, "INTERNAL_ERROR"),
        third.input_index: (Status.COMPLETED, None),
    }
