"""Clock of the database, which dates leases and pauses."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction


class clock(GenericFunction[float]):  # noqa: N801  (written as the function that it is)
    """Unix seconds by the clock of the database server; with SQLite by that of the host."""

    type = sa.Double()
    inherit_cache = True


@compiles(clock, "sqlite")
def _sqlite_clock(*_: Any, **__: Any) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"  # https://sqlite.org/lang_datefunc.html


@compiles(clock, "postgresql")
def _postgres_clock(*_: Any, **__: Any) -> str:
    return "extract(epoch FROM clock_timestamp())"
