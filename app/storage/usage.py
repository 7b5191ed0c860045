"""Usage: URLs that each key has read in each month."""

from __future__ import annotations

import math
import threading
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
import structlog

from app.plans import Plan
from app.storage.database import Database
from app.storage.schema import usage

log = structlog.get_logger()


class Usage:
    """URLs that each key has used in each month (UTC)."""

    _ADD = sa.text(
        "INSERT INTO usage (key_id, month, urls) VALUES (:key_id, :month, :urls) "
        "ON CONFLICT (key_id, month) DO UPDATE SET urls = usage.urls + :urls"
    )

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._unwritten: dict[str, int] = {}

    @staticmethod
    def month() -> str:
        """The month that is running, "2026-05"."""
        return datetime.now(UTC).strftime("%Y-%m")

    @staticmethod
    def seconds_left() -> int:
        """Seconds until the next month begins."""
        now = datetime.now(UTC)
        following = (now.replace(day=1) + timedelta(days=32)).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        return math.ceil((following - now).total_seconds())

    def used(self, key_id: str) -> int:
        """URLs used in this month."""
        query = sa.select(usage.c.urls).where(usage.c.key_id == key_id, usage.c.month == self.month())
        with self._database.read() as connection:
            return connection.execute(query).scalar() or 0

    def of_month(self, month: str) -> dict[str, int]:
        """Return the URLs of each key in a month, as "2026-05"."""
        query = sa.select(usage.c.key_id, usage.c.urls).where(usage.c.month == month)
        with self._database.read() as connection:
            return {row.key_id: row.urls for row in connection.execute(query)}

    def add(self, key_id: str, urls: int) -> None:
        """Charge so many URLs to this month, at the key's next charge if the database cannot be written now."""
        with self._lock:
            owed = urls + self._unwritten.pop(key_id, 0)
        try:
            self._add(key_id, owed)
        except sa.exc.SQLAlchemyError as error:
            log.error("usage not written", key_id=key_id, urls=owed, problem=str(error).partition("\n")[0])
            with self._lock:
                self._unwritten[key_id] = self._unwritten.get(key_id, 0) + owed

    def _add(self, key_id: str, urls: int) -> None:
        if urls:
            with self._database.read() as connection:
                self.charge(connection, key_id, urls)

    def charge(self, connection: sa.Connection, key_id: str, urls: int) -> None:
        """The same as a part of somebody's transaction."""
        connection.execute(self._ADD, {"key_id": key_id, "month": self.month(), "urls": urls})

    def left(self, key_id: str, plan: Plan) -> int | None:
        """Return URLs that this month has left, None where the plan sets no limit."""
        return None if plan.per_month is None else max(0, plan.per_month - self.used(key_id))

    def used_up(self, key_id: str, plan: Plan) -> bool:
        return plan.per_month is not None and self.used(key_id) >= plan.per_month
