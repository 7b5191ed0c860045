"""The databases: engine, schema, migrations.

Rule 1: `TRUTH` is what must never be lost: keys, usage, jobs. It is migrated (alembic), once, under a lock.
Rule 2: `SHARED` is what all workers look at and nobody would miss: the cache, the rate buckets. With SQLite it
        has a file of its own, which is never synced to disk and is made anew when its schema changes.
Rule 3: a write is one transaction that takes SQLite's write lock at its start, so that it waits for its turn
        (busy_timeout) and is never refused half-way (https://sqlite.org/lang_transaction.html).
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import structlog
from alembic import command
from alembic.config import Config
from alembic.util import CommandError

from app.settings import Settings, SettingsError
from app.storage.files import PRIVATE_FILE, make_private_file, make_private_folder, open_private

log = structlog.get_logger()

TRUTH = sa.MetaData()
SHARED = sa.MetaData()

BUSY_TIMEOUT = 30  # seconds that a write waits for another one
TRUNCATE_WAIT = 50  # milliseconds that a checkpoint waits for readers, TRUNCATE_ATTEMPTS times
TRUNCATE_ATTEMPTS = 20
TRUNCATE_PAUSE = 0.05  # seconds between two attempts
MIGRATION_LOCK = 0x7061_6765_6361_7264  # "pagecard": the key of PostgreSQL's advisory lock

api_keys = sa.Table(
    "api_keys",
    TRUTH,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("hash", sa.String(64), nullable=False, unique=True),  # SHA-256 of the key, hexadecimal
    sa.Column("prefix", sa.String(16), nullable=False),  # what may be shown: kind and first characters
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("plan", sa.String(64), nullable=False),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("origins", sa.JSON, nullable=False),
    sa.Column("created_at", sa.Double, nullable=False),  # Unix seconds, as all times here
    sa.Column("last_used_at", sa.Double),
    sa.Column("revoked_at", sa.Double),
)

usage = sa.Table(
    "usage",
    TRUTH,
    sa.Column("key_id", sa.String(32), primary_key=True),
    sa.Column("month", sa.String(7), primary_key=True),  # "2026-05", UTC
    sa.Column("urls", sa.BigInteger, nullable=False),
)

jobs = sa.Table(
    "jobs",
    TRUTH,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("key_id", sa.String(32), nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("created_at", sa.Double, nullable=False),
    sa.Column("completed_at", sa.Double),  # when its last item ended
    sa.Column("config", sa.JSON, nullable=False),  # as the API shows it: no value of a header
    sa.Column("headers", sa.JSON),  # the values; forgotten when the job ends
    sa.Column("invalid_urls", sa.JSON, nullable=False),
    sa.Column("rendered", sa.Boolean, nullable=False),
    sa.Column("total", sa.Integer, nullable=False),
    sa.Column("waiting", sa.Integer, nullable=False),  # items that are queued
    sa.Column("completed", sa.Integer, nullable=False),
    sa.Column("failed", sa.Integer, nullable=False),
    sa.Column("cancelled", sa.Integer, nullable=False),
    sa.Column("stored_bytes", sa.BigInteger, nullable=False, server_default="0"),  # of URLs and results
    sa.Index("jobs_by_key", "key_id", "created_at"),
    sa.Index("jobs_by_end", "completed_at"),
)
sa.Index(
    "jobs_waiting",
    jobs.c.rendered,
    jobs.c.key_id,
    jobs.c.created_at,
    sqlite_where=jobs.c.waiting > 0,
    postgresql_where=jobs.c.waiting > 0,
)

sa.Index(
    "jobs_open",
    jobs.c.key_id,
    sqlite_where=jobs.c.completed_at.is_(None),
    postgresql_where=jobs.c.completed_at.is_(None),
)

job_items = sa.Table(
    "job_items",
    TRUTH,
    sa.Column("job_id", sa.String(36), sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("input_index", sa.Integer, primary_key=True),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("owner", sa.String(80)),  # who works on it; set while it is `processing`, and only then
    sa.Column("error_code", sa.String(32)),
    sa.Column("error_message", sa.Text),
    sa.Column("http_status", sa.Integer),
    sa.Column("duration_ms", sa.Integer),
    sa.Column("result_of", sa.Integer),  # the item of this job whose result is equal and stored
)
sa.Index(
    "job_items_owned",
    job_items.c.owner,
    sqlite_where=job_items.c.owner.is_not(None),
    postgresql_where=job_items.c.owner.is_not(None),
)

job_results = sa.Table(
    "job_results",
    TRUTH,
    sa.Column("job_id", sa.String(36), sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("input_index", sa.Integer, primary_key=True),
    sa.Column("data", sa.LargeBinary, nullable=False),  # JSON: markdown, html, metadata
    sa.Column("digest", sa.String(32)),  # BLAKE2b of the data, hexadecimal
    sa.Index("job_results_by_digest", "job_id", "digest"),
)

job_owners = sa.Table(
    "job_owners",
    TRUTH,
    sa.Column("id", sa.String(80), primary_key=True),
    sa.Column("seen_at", sa.Double, nullable=False),
)

job_requests = sa.Table(
    "job_requests",
    TRUTH,
    sa.Column("key_id", sa.String(32), primary_key=True),
    sa.Column("idempotency_key", sa.String(255), primary_key=True),
    sa.Column("fingerprint", sa.String(64), nullable=False),  # SHA-256 of what was asked, hexadecimal
    sa.Column("job_id", sa.String(36), sa.ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("created_at", sa.Double, nullable=False),
)

webhooks = sa.Table(
    "webhooks",
    TRUTH,
    sa.Column("job_id", sa.String(36), sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("secret", sa.Text),  # forgotten with the last try
    sa.Column("message_id", sa.String(64), nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("next_attempt_at", sa.Double, index=True),
    sa.Column("last_attempt_at", sa.Double),
    sa.Column("last_http_status", sa.Integer),
    sa.Column("last_error", sa.String(32)),  # a code of the tree of errors
)

cache_entries = sa.Table(
    "cache_entries_3",
    SHARED,
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("value", sa.LargeBinary, nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("stored_at", sa.Double, nullable=False),
    sa.Column("expires_at", sa.Double, nullable=False),
    sa.Column("kept_until", sa.Double, nullable=False, index=True),
    sa.Column("failure", sa.LargeBinary, nullable=False),
    sa.Column("failed_at", sa.Double, nullable=False),
    sa.Column("retry_at", sa.Double, nullable=False),
)

rate_buckets = sa.Table(
    "rate_buckets",
    SHARED,
    sa.Column("key_id", sa.String(32), primary_key=True),
    sa.Column("tokens", sa.Double, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
)

SHARED_FILE = "shared-3.sqlite3"  # the number goes up with each change of SHARED's schema


class Database:
    """One database, SQLite or PostgreSQL, spoken to in SQLAlchemy Core."""

    def __init__(self, url: str, *, synchronous: str = "NORMAL") -> None:
        """Connect. `synchronous`: SQLite's pragma of this name; ignored by PostgreSQL."""
        self.url = url
        self._synchronous = synchronous
        self.is_sqlite = url.startswith("sqlite")
        self.engine = self._sqlite() if self.is_sqlite else self._postgres()
        self._reader = self.engine.execution_options(isolation_level="AUTOCOMMIT")

    def _sqlite(self) -> sa.Engine:
        self._close_to_others(sa.make_url(self.url).database or "")
        engine = sa.create_engine(
            self.url,
            pool_size=8,
            max_overflow=120,
            connect_args={"timeout": BUSY_TIMEOUT, "isolation_level": None},
            hide_parameters=True,  # errors are logged, and parameters hold callers' secrets
        )

        @sa.event.listens_for(engine, "connect")
        def configure(connection: Any, _record: Any) -> None:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute(f"PRAGMA synchronous={self._synchronous}")
            connection.execute("PRAGMA foreign_keys=ON")
            connection.execute("PRAGMA secure_delete=ON")  # what is forgotten is overwritten

        @sa.event.listens_for(engine, "begin")
        def begin(connection: sa.Connection) -> None:
            if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
                connection.exec_driver_sql("BEGIN IMMEDIATE")

        return engine

    @staticmethod
    def _close_to_others(file: str) -> None:
        """Callers' headers and webhook secrets are kept there for as long as they are needed."""
        make_private_file(Path(file))
        for companion in (Path(f"{file}-wal"), Path(f"{file}-shm")):  # new ones have the mode of the database
            with suppress(FileNotFoundError):
                companion.chmod(PRIVATE_FILE)

    def _postgres(self) -> sa.Engine:
        return sa.create_engine(self.url, pool_size=8, max_overflow=24, pool_pre_ping=True, hide_parameters=True)

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A connection for single statements, each committed on its own."""
        with self._reader.connect() as connection:
            yield connection

    @contextmanager
    def write(self, *, durable: bool = False) -> Iterator[sa.Connection]:
        """Open a transaction. `durable`: on the disk at return, even through a loss of power."""
        with self.engine.connect() as connection:
            full = durable and self.is_sqlite
            if full:
                self._set_synchronous(connection, "FULL")
            try:
                with connection.begin():
                    yield connection
            finally:
                if full:
                    self._set_synchronous(connection, self._synchronous)

    @staticmethod
    def _set_synchronous(connection: sa.Connection, level: str) -> None:
        # The pragma does nothing inside a transaction, so it goes past SQLAlchemy, which would begin one.
        cursor = connection.connection.cursor()
        cursor.execute(f"PRAGMA synchronous={level}")
        cursor.close()

    def truncate_log(self) -> None:
        """Empty SQLite's write-ahead log, where overwritten values stay; give up if others use it all the time."""
        for _ in range(TRUNCATE_ATTEMPTS if self.is_sqlite else 0):
            with self.read() as connection:
                if self._checkpoint(connection):
                    return
            time.sleep(TRUNCATE_PAUSE)

    @staticmethod
    def _checkpoint(connection: sa.Connection) -> bool:
        # Others cannot write while a checkpoint waits for readers, so it waits for a moment only.
        connection.exec_driver_sql(f"PRAGMA busy_timeout={TRUNCATE_WAIT}")
        try:
            busy, _, _ = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
        finally:
            connection.exec_driver_sql(f"PRAGMA busy_timeout={BUSY_TIMEOUT * 1_000}")
        return not busy

    def close(self) -> None:
        """Close every connection, with an empty write-ahead log."""
        try:
            self.truncate_log()
        except sa.exc.SQLAlchemyError as error:
            log.warning("write-ahead log not emptied", problem=str(error).partition("\n")[0])
        self.engine.dispose()

    def ping(self) -> None:
        """Raises SQLAlchemyError if the database does not answer."""
        with self.read() as connection:
            connection.execute(sa.text("SELECT 1"))

    def migrate(self) -> None:
        """Bring `TRUTH` to the newest schema. Safe to call from many processes and hosts at once."""
        with self._migration_lock(), self.engine.connect() as connection:
            config = Config()
            config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()

    def create_shared(self) -> None:
        """Make the tables of `SHARED` where they are missing."""
        with self._migration_lock():
            SHARED.create_all(self.engine)

    @contextmanager
    def _migration_lock(self) -> Iterator[None]:
        with self._file_lock() if self.is_sqlite else self._advisory_lock():
            yield

    @contextmanager
    def _file_lock(self) -> Iterator[None]:
        with os.fdopen(open_private(Path(f"{sa.make_url(self.url).database}.lock")), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    @contextmanager
    def _advisory_lock(self) -> Iterator[None]:
        with self.read() as connection:
            connection.execute(sa.select(sa.func.pg_advisory_lock(MIGRATION_LOCK)))
            try:
                yield
            finally:
                connection.execute(sa.select(sa.func.pg_advisory_unlock(MIGRATION_LOCK)))


def open_primary(settings: Settings) -> Database:
    """The database of keys, usage and jobs, migrated. Raises SettingsError if it cannot be opened."""
    with _plain_refusals(settings):
        make_private_folder(settings.data_dir)
        database = Database(settings.database)
        database.migrate()
        return database


def open_ephemeral(settings: Settings) -> Database:
    """The database of cache and rate buckets: a file of its own beside SQLite, else the same PostgreSQL.

    Raises SettingsError if it cannot be opened.
    """
    if settings.database.startswith("sqlite"):
        return open_local_fallback(settings)
    with _plain_refusals(settings):
        database = Database(settings.database)
        database.create_shared()
        return database


def open_local_fallback(settings: Settings) -> Database:
    """The database of cache and rate buckets of this host alone. Raises SettingsError if it cannot be opened."""
    with _plain_refusals(settings):
        database = Database(f"sqlite:///{settings.data_dir.absolute() / SHARED_FILE}", synchronous="OFF")
        database.create_shared()
        return database


@contextmanager
def _plain_refusals(settings: Settings) -> Iterator[None]:
    """Reason that a database cannot be opened, in one line for the operator."""
    named = "PAGECARD_DATABASE_URL" if settings.database_url else "PAGECARD_DATA_DIR"
    try:
        yield
    except ImportError as error:
        raise SettingsError(f"{named} needs the extra postgres: pip install 'pagecard[postgres]' ({error})") from error
    except (sa.exc.SQLAlchemyError, CommandError, OSError) as error:
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        full = "; the disk is full" if _is_full(settings.data_dir) else ""
        raise SettingsError(f"{named}: the database cannot be opened: {reason}{full}") from error


def _is_full(folder: Path) -> bool:
    return folder.exists() and not shutil.disk_usage(folder).free
