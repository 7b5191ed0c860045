"""Outcomes of items as rows; equal results of a job are stored once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any

import sqlalchemy as sa

from app.jobs.job import Outcome
from app.storage.schema import job_items, job_results

# Built once: SQLAlchemy takes longer to put a statement together than the database to answer it.
_STORE_OUTCOME = (
    job_items.update()
    .where(job_items.c.job_id == sa.bindparam("of_job"), job_items.c.input_index == sa.bindparam("at"))
    .values(
        status=sa.bindparam("status"),
        owner=sa.null(),
        error_code=sa.bindparam("error_code"),
        error_message=sa.bindparam("error_message"),
        error_reason=sa.bindparam("error_reason"),
        http_status=sa.bindparam("http_status"),
        duration_ms=sa.bindparam("duration_ms"),
        result_of=sa.bindparam("equals"),
        attempts=sa.bindparam("attempt"),
    )
)
_EQUAL = sa.select(job_results.c.digest, job_results.c.input_index).where(
    job_results.c.job_id == sa.bindparam("of_job"), job_results.c.digest.in_(sa.bindparam("digests", expanding=True))
)


def first_outcomes(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Keep the first outcome of each item of a job. An owner whose lease ran out may claim its own items again."""
    first: dict[int, Outcome] = {}
    for outcome in outcomes:
        first.setdefault(outcome.item.input_index, outcome)
    return list(first.values())


def store_outcomes(connection: sa.Connection, job_id: str, outcomes: list[Outcome]) -> int:
    """Store final outcomes of one job; return their bytes."""
    places = _store_results(connection, job_id, outcomes)
    connection.execute(_STORE_OUTCOME, [_outcome_row(outcome, places) for outcome in outcomes])
    return sum(len(outcome.data or b"") for outcome in outcomes if outcome.item.input_index not in places)


def _store_results(connection: sa.Connection, job_id: str, outcomes: list[Outcome]) -> dict[int, int]:
    """Store results new to their job; map each other item to the equal result."""
    digests = {each.item.input_index: blake2b(each.data, digest_size=16).hexdigest() for each in outcomes if each.data}
    if not digests:
        return {}
    stored = connection.execute(_EQUAL, {"of_job": job_id, "digests": sorted(set(digests.values()))})
    first: dict[str, int] = {row.digest: row.input_index for row in stored}
    equal = {index: first[digest] for index, digest in digests.items() if first.setdefault(digest, index) != index}
    rows = [_result_row(each, digests) for each in outcomes if each.data and each.item.input_index not in equal]
    if rows:
        connection.execute(job_results.insert(), rows)
    return equal


def _outcome_row(outcome: Outcome, equal: Mapping[int, int]) -> dict[str, Any]:
    return {
        "of_job": outcome.item.job_id,
        "at": outcome.item.input_index,
        "status": outcome.status,
        "error_code": outcome.error_code,
        "error_message": outcome.error_message,
        "error_reason": outcome.error_reason,
        "http_status": outcome.http_status,
        "duration_ms": outcome.duration_ms,
        "equals": equal.get(outcome.item.input_index),
        "attempt": outcome.item.attempt,
    }


def _result_row(outcome: Outcome, digests: Mapping[int, str]) -> dict[str, Any]:
    index = outcome.item.input_index
    return {"job_id": outcome.item.job_id, "input_index": index, "data": outcome.data, "digest": digests[index]}
