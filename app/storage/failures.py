"""Failures of the primary database, translated into refusals of a request."""

from __future__ import annotations

import sqlite3

import sqlalchemy as sa

from app.errors import Overloaded, ServiceError, StorageFull

RETRY = 5  # seconds after which a database that is away is asked again

# PostgreSQL's classes of errors that pass: connection, transaction, resources, intervention, system
# (https://www.postgresql.org/docs/current/errcodes-appendix.html).
_PASSING = ("08", "25", "40", "53", "55", "57", "58")
_DISK_FULL = "53100"


def translate(error: BaseException) -> ServiceError | None:
    """Return the refusal for a database that is full or away; None for every other error."""
    if isinstance(error, sa.exc.TimeoutError):
        return _away()
    if not isinstance(error, sa.exc.DBAPIError):
        return None
    if _is_full(error.orig):
        return StorageFull()
    return _away() if _passes(error) else None


def is_broken(error: BaseException | None) -> bool:
    """Whether SQLite found that a file is damaged, or no database."""
    codes = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
    return isinstance(error, sqlite3.DatabaseError) and _code(error) in codes


def _is_full(error: BaseException | None) -> bool:
    if isinstance(error, sqlite3.Error):
        return _code(error) == sqlite3.SQLITE_FULL
    return getattr(error, "sqlstate", None) == _DISK_FULL


def _passes(error: sa.exc.DBAPIError) -> bool:
    if error.connection_invalidated:
        return True
    if isinstance(error.orig, sqlite3.Error):
        return _code(error.orig) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    state = getattr(error.orig, "sqlstate", None)
    return isinstance(error, sa.exc.OperationalError) and (state is None or state[:2] in _PASSING)


def _code(error: sqlite3.Error) -> int:
    """Return the primary result code (https://sqlite.org/rescode.html); 0 where the library gives none."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _away() -> Overloaded:
    error = Overloaded("The database does not answer just now")
    error.retry_after = RETRY
    return error
