"""The databases: engine, transactions, migrations.

Rule 1: with SQLite the tables of `SHARED` have a file of their own, which is never synced to disk and is made anew
        when its schema changes.
Rule 2: a write is one transaction that takes SQLite's write lock at its start, so that it waits for its turn
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
from app.storage.failures import is_broken
from app.storage.files import PRIVATE_FILE, make_private_file, make_private_folder, open_private
from app.storage.postgres import postgres_engine
from app.storage.schema import PAGE_SIZE, SHARED

log = structlog.get_logger()

BUSY_TIMEOUT = 30  # seconds that a write waits for another one
TRUNCATE_WAIT = 50  # milliseconds that a checkpoint waits for readers, TRUNCATE_ATTEMPTS times
TRUNCATE_ATTEMPTS = 20
TRUNCATE_PAUSE = 0.05  # seconds between two attempts
MIGRATION_LOCK = 0x7061_6765_6361_7264  # "pagecard": the key of PostgreSQL's advisory lock

SHARED_FILE = "shared-4.sqlite3"  # the number goes up with each change of SHARED's schema


class Database:
    """One database, SQLite or PostgreSQL, spoken to in SQLAlchemy Core."""

    def __init__(self, url: str, *, synchronous: str = "NORMAL") -> None:
        """Connect. `synchronous`: SQLite's pragma of this name; ignored by PostgreSQL."""
        self.url = url
        self._synchronous = synchronous
        self.is_sqlite = url.startswith("sqlite")
        self.engine = self._sqlite() if self.is_sqlite else postgres_engine(url)
        self._inode = _inode(Path(sa.make_url(url).database or "")) if self.is_sqlite else None
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
            connection.execute(f"PRAGMA page_size={PAGE_SIZE}")  # of a new file
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

    def try_to_write(self) -> None:
        """Write and read a row of `TRUTH`. Raises SQLAlchemyError if that fails, as on a full disk.

        SQLite is opened anew: connections of the pool would still write to a file that was deleted.
        """
        engine = sa.create_engine(self.url, poolclass=sa.NullPool) if self.is_sqlite else self.engine
        with engine.connect() as connection, connection.begin():
            if not connection.execute(_REWRITE).rowcount:
                raise sa.exc.NoResultFound("the schema has no version")

    @contextmanager
    def renewed_if_broken(self) -> Iterator[None]:
        """Make a SQLite file of `SHARED` anew if an access finds that it is damaged, and raise the access' error."""
        try:
            yield
        except sa.exc.DatabaseError as error:
            if is_broken(error.orig):
                self.renew()
            raise

    def renew(self) -> None:
        """Replace a damaged SQLite file of `SHARED` by an empty one, unless another process has done so."""
        file = Path(sa.make_url(self.url).database or "")
        with self._file_lock():
            self.engine.dispose()
            if _inode(file) == self._inode:
                log.error("the cache was damaged and is made anew", file=str(file))
                for part in (file, Path(f"{file}-wal"), Path(f"{file}-shm")):
                    part.unlink(missing_ok=True)
            self._close_to_others(str(file))
            self._inode = _inode(file)
            SHARED.create_all(self.engine)

    @contextmanager
    def leading(self, task: str) -> Iterator[bool]:
        """Tell whether this process alone does a task of all hosts until the block ends."""
        if not self.is_sqlite:
            with self.write() as connection:
                yield bool(connection.execute(_LEAD, {"task": task}).scalar_one())
            return
        with os.fdopen(open_private(Path(f"{sa.make_url(self.url).database}.{task}.lock")), "w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True

    def migrate(self) -> None:
        """Bring `TRUTH` to the newest schema. Safe to call from many processes and hosts at once."""
        with self._migration_lock(), self.engine.connect() as connection:
            config = Config()
            config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
            config.attributes["connection"] = connection
            if not self.is_sqlite:
                connection.execute(sa.text("SET LOCAL statement_timeout = 0"))
            command.upgrade(config, "head")
            connection.commit()

    def create_shared(self) -> None:
        """Make the tables of `SHARED` where they are missing."""
        try:
            with self.renewed_if_broken(), self._migration_lock():  # renewing takes the lock itself
                SHARED.create_all(self.engine)
        except sa.exc.DatabaseError as error:
            if not is_broken(error.orig):
                raise

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
        with self.write() as connection:  # a lock of the transaction: PgBouncer keeps no session
            connection.execute(sa.text("SET LOCAL statement_timeout = 0"))
            connection.execute(sa.text("SET LOCAL lock_timeout = 0"))
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(MIGRATION_LOCK)))
            yield


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
        if is_broken(getattr(error, "orig", None)):
            reason = f"{sa.make_url(settings.database).database} is damaged ({reason}); restore a backup of it"
        full = "; the disk is full" if _is_full(settings.data_dir) else ""
        raise SettingsError(f"{named}: the database cannot be opened: {reason}{full}") from error


# A write that changes nothing.
_REWRITE = sa.text("UPDATE alembic_version SET version_num = version_num")
_LEAD = sa.text("SELECT pg_try_advisory_xact_lock(hashtext('pagecard ' || :task))")


def _inode(file: Path) -> int | None:
    return file.stat().st_ino if file.exists() else None


def _is_full(folder: Path) -> bool:
    return folder.exists() and not shutil.disk_usage(folder).free
