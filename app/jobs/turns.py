"""Turns of keys: which waiting jobs a claim looks at, and how many items of each it takes.

A claim looks at a bounded number of keys and jobs, so its cost does not grow with the backlog.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from app.threads.fair_queue import HEADROOM_FACTOR

JOBS_IN_TURN = 4  # jobs of one key that are worked on side by side, the oldest first
KEYS_IN_TURN = 64  # keys that one claim looks at

Waiting = tuple[str, str, int]
"""A job, its key, and its items that wait."""

# Skip scan over the partial index jobs_waiting: one probe for each key, however many jobs wait
# (https://wiki.postgresql.org/wiki/Loose_indexscan).
_KEYS = """
WITH RECURSIVE turn(key_id, place) AS (
  SELECT * FROM (SELECT min(key_id), 1 FROM jobs WHERE waiting > 0 AND rendered = :kind AND key_id > :after) first
  UNION ALL
  SELECT (SELECT min(key_id) FROM jobs WHERE waiting > 0 AND rendered = :kind AND key_id > turn.key_id), place + 1
  FROM turn WHERE key_id IS NOT NULL AND place < :keys
)
"""
_OLDEST = """
SELECT id, waiting, created_at FROM jobs
WHERE waiting > 0 AND rendered = :kind AND key_id = turn.key_id ORDER BY created_at LIMIT :each
"""
_READY = {
    "postgresql": "SELECT job.id, turn.key_id, job.waiting FROM turn, LATERAL ({}) job WHERE true",
    # SQLite has no LATERAL.
    "sqlite": "SELECT job.id, turn.key_id, job.waiting FROM turn, jobs job WHERE job.id IN (SELECT id FROM ({}))",
}
_STATEMENTS = {
    dialect: sa.text(_KEYS + text.format(_OLDEST) + " AND turn.key_id IS NOT NULL ORDER BY job.created_at").bindparams(
        sa.bindparam("kind", type_=sa.Boolean)
    )
    for dialect, text in _READY.items()
}


def ready_jobs(connection: sa.Connection, *, rendered: bool, after: str = "") -> list[Waiting]:
    """Read the oldest waiting jobs of the first keys after `after`, the oldest job first."""
    asked = {"kind": rendered, "after": after, "keys": KEYS_IN_TURN, "each": JOBS_IN_TURN}
    rows = connection.execute(_STATEMENTS[connection.dialect.name], asked)
    return [(job_id, key_id, waiting) for job_id, key_id, waiting in rows]


class Rota:
    """Round-robin over keys with waiting jobs; a claim reads a few keys only."""

    def __init__(self) -> None:
        self._after = {False: "", True: ""}

    def next(self, connection: sa.Connection, *, rendered: bool) -> list[Waiting]:
        """Read jobs of the next keys, wrapping around after the last key."""
        after = self._after[rendered]
        found = ready_jobs(connection, rendered=rendered, after=after)
        keys = {key_id for _, key_id, _ in found}
        if after and len(keys) < KEYS_IN_TURN:
            found += [each for each in ready_jobs(connection, rendered=rendered) if each[1] not in keys]
        self._after[rendered] = max(keys) if len(keys) == KEYS_IN_TURN else ""
        return found


def share(room: int, waiting: Sequence[Waiting], busy: Mapping[str, int]) -> dict[str, int]:
    """Divide `room`: one item at a time to the key with the least in work, and within a key to its jobs in turn.

    A key holds at most `HEADROOM_FACTOR` times what it leaves free, so that a newcomer finds room.
    `waiting`: the oldest job first. `busy`: items in work by key.
    """
    left = {job: count for job, _, count in waiting}
    turns: dict[str, list[str]] = defaultdict(list)
    for job, key, _ in waiting:
        turns[key].append(job)
    heap = [(busy.get(key, 0), order, key) for order, key in enumerate(turns)]
    heapq.heapify(heap)
    shares: Counter[str] = Counter()
    while heap and room:
        held, order, key = heapq.heappop(heap)
        if held >= HEADROOM_FACTOR * room:
            continue
        job = turns[key].pop(0)
        shares[job] += 1
        left[job] -= 1
        room -= 1
        if left[job]:
            turns[key].append(job)
        if turns[key]:
            heapq.heappush(heap, (held + 1, order, key))
    return dict(shares)
