"""Every limit that a customer can meet, as data."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

MAX_BODY = 2**20  # bytes of a request's body, on every plan


@dataclass(frozen=True, slots=True)
class Plan:
    """Limits of a key; None is unlimited.

    `batch_limit`: URLs in one `/v1/extract/batch`. `per_minute` and `burst`: requests, as a token bucket
    that holds `burst` and refills at `per_minute` (with no `burst` named it holds one minute's worth).
    `per_month`: URLs that were read; of a batch cache hits are not counted, of a job every success is.
    `open_jobs`: jobs that have not ended. `stored_mib`: MiB that the URLs and results of all kept jobs take.
    """

    name: str
    batch_limit: int
    per_minute: int | None = None
    burst: int | None = None
    per_month: int | None = None
    open_jobs: int | None = None
    stored_mib: int | None = None

    @property
    def bucket_size(self) -> int | None:
        """Tokens in a full bucket; None where requests are not limited."""
        return None if self.per_minute is None else self.burst or self.per_minute


PLANS: Mapping[str, Plan] = {
    plan.name: plan
    for plan in (
        Plan("free", batch_limit=5, per_minute=60, burst=10, per_month=500, open_jobs=5, stored_mib=100),
        Plan("starter", batch_limit=10, per_minute=300, burst=50, per_month=10_000, open_jobs=20, stored_mib=500),
        Plan("pro", batch_limit=25, per_minute=1_000, burst=100, per_month=50_000, open_jobs=100, stored_mib=2_000),
        Plan("business", 50, per_minute=2_000, burst=200, per_month=250_000, open_jobs=500, stored_mib=10_000),
        Plan("enterprise", batch_limit=100, per_minute=5_000, burst=500),
    )
}

LIMITS = tuple(field.name for field in fields(Plan) if field.name != "name")


def load_plans(path: Path) -> Mapping[str, Plan]:
    """Read a table that replaces `PLANS`: a TOML file with one table per plan.

    Raises ValueError, with one line that says what is wrong and what is allowed.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ValueError(f"{path}: {error}") from error
    if not tables:
        raise ValueError(f"{path}: names no plan; write a table per plan, such as [pro]")
    return {name: _read_plan(f"{path}: [{name}]", name, table) for name, table in tables.items()}


def _read_plan(where: str, name: str, table: Any) -> Plan:
    if not isinstance(table, dict):
        raise ValueError(f"{where} is no table")
    unknown = sorted(set(table) - set(LIMITS))
    if unknown:
        raise ValueError(f"{where} has unknown limits {', '.join(unknown)}; allowed are {', '.join(LIMITS)}")
    if "batch_limit" not in table:
        raise ValueError(f"{where} lacks batch_limit")
    for limit, value in table.items():
        if type(value) is not int or value < 1:
            raise ValueError(f"{where} {limit} must be a whole number of at least 1, not {value!r}")
    return Plan(name, **table)
