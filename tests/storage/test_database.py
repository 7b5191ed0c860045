"""The databases: migrated once however many start at the same time, and written by many at once."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.services import Services
from app.settings import Settings, SettingsError
from app.storage.database import SHARED_FILE, Database, open_ephemeral, open_primary
from app.storage.failures import translate
from app.storage.schema import SHARED, TRUTH, cache_entries, usage
from app.storage.stores import Entry, LossyStore, SqlStore

pytestmark = pytest.mark.slow

MIGRATE = (
    "import sys; from app.storage.database import Database; d = Database(sys.argv[1]); d.migrate(); d.create_shared()"
)
PROCESSES = 5


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'new' / 'primary.sqlite3'}"
        return
    server = sa.create_engine(request.getfixturevalue("postgres_url"), isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(sa.text("DROP DATABASE IF EXISTS fresh"))
        connection.execute(sa.text("CREATE DATABASE fresh"))
    yield server.url.set(database="fresh").render_as_string(hide_password=False)
    server.dispose()


def test_many_processes_that_start_at_once_migrate_once(url: str) -> None:
    command = [sys.executable, "-c", MIGRATE, url]
    processes = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(PROCESSES)]
    assert [process.communicate(timeout=120)[1] for process in processes] == [""] * PROCESSES
    assert [process.returncode for process in processes] == [0] * PROCESSES


def test_the_migrations_make_the_schema_that_is_used(url: str) -> None:
    database = Database(url)
    database.migrate()
    database.create_shared()
    inspector = sa.inspect(database.engine)
    for metadata in (TRUTH, SHARED):
        for table in metadata.sorted_tables:
            made = {column["name"]: bool(column["nullable"]) for column in inspector.get_columns(table.name)}
            assert made == {column.name: bool(column.nullable) for column in table.columns}, table.name
    database.engine.dispose()


def test_migrating_again_changes_nothing(url: str) -> None:
    database = Database(url)
    for _ in range(2):
        database.migrate()
        with database.write() as connection:
            connection.execute(usage.insert().values(key_id=f"key-{_}", month="2026-05", urls=1))
    with database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(usage)).scalar() == 2
    database.engine.dispose()


def test_many_threads_write_side_by_side(url: str) -> None:
    database = Database(url)
    database.migrate()

    def write(number: int) -> None:
        with database.write(durable=bool(number % 2)) as connection:
            connection.execute(usage.insert().values(key_id=f"key-{number}", month="2026-05", urls=number))

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(write, range(200)))
    with database.read() as connection:
        assert connection.execute(sa.select(sa.func.sum(usage.c.urls))).scalar() == sum(range(200))
    database.engine.dispose()


def test_a_write_that_fails_leaves_nothing(url: str) -> None:
    database = Database(url)
    database.migrate()
    row = {"key_id": "key", "month": "2026-05", "urls": 1}
    with pytest.raises(sa.exc.IntegrityError):
        _write_twice(database, row)
    with database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(usage)).scalar() == 0
    database.engine.dispose()


def _write_twice(database: Database, row: dict[str, object]) -> None:
    with database.write() as connection:
        connection.execute(usage.insert().values(row))
        connection.execute(usage.insert().values(row))


def test_what_may_be_lost_has_a_file_of_its_own(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    primary, shared = open_primary(settings), open_ephemeral(settings)
    assert primary.url != shared.url
    primary.ping()
    shared.ping()
    for database in (primary, shared):
        database.engine.dispose()


def test_a_database_that_is_gone_does_not_answer() -> None:
    database = Database("postgresql+psycopg://127.0.0.1:1/nothing")
    with pytest.raises(sa.exc.SQLAlchemyError):
        database.ping()


@pytest.mark.parametrize("mode", [None, 0o755, 0o770, 0o1777])
def test_a_data_folder_is_closed_to_others(tmp_path: Path, mode: int | None) -> None:
    folder = tmp_path / "data"
    if mode is not None:
        folder.mkdir()
        folder.chmod(mode)
    open_primary(Settings(data_dir=folder)).engine.dispose()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_every_file_of_the_data_folder_is_its_owners_alone(tmp_path: Path) -> None:
    for name in ("pagecard.sqlite3", "pagecard.sqlite3-wal", "pagecard.sqlite3.lock", "rates", "turns"):
        (tmp_path / name).touch(0o666)
        (tmp_path / name).chmod(0o666)
    services = Services.open(Settings(data_dir=tmp_path))
    services.usage.add("key", 1)
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in tmp_path.iterdir()}
    services.close()
    assert modes == dict.fromkeys(modes, "0o600")
    assert {"pagecard.sqlite3", "pagecard.sqlite3-wal", "pagecard.sqlite3-shm", "generations", "rates"} <= set(modes)


@pytest.mark.parametrize("folder", ["/tmp", "/var/../tmp"])
def test_a_folder_that_all_programs_use_is_refused_as_it_is(folder: str) -> None:
    mode = Path(folder).stat().st_mode
    with pytest.raises(SettingsError, match=r"^PAGECARD_DATA_DIR: \S+ cannot be made private .+ inside it$"):
        open_primary(Settings(data_dir=Path(folder)))
    assert Path(folder).stat().st_mode == mode


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can have a folder that another user may not close")
def test_a_folder_that_may_not_be_closed_is_refused_in_one_line() -> None:
    folder = Path(tempfile.mkdtemp())  # pytest's own are closed to other users
    folder.chmod(0o755)
    opened = (
        "import os, sys; from pathlib import Path; from app.storage.files import make_private_folder\n"
        "os.setuid(65534)\n"
        "make_private_folder(Path(sys.argv[1]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", opened, folder], capture_output=True, text=True, check=False, timeout=60
    )
    folder.rmdir()
    assert f"SettingsError: PAGECARD_DATA_DIR: {folder} cannot be made private" in done.stderr


GARBAGE = b"this is no database, and it is long enough to be read as one" * 200


def cache_file(folder: Path) -> Path:
    return folder / SHARED_FILE


def test_a_broken_cache_is_made_anew_at_start(tmp_path: Path) -> None:
    cache_file(tmp_path).write_bytes(GARBAGE)
    database = open_ephemeral(Settings(data_dir=tmp_path))
    SqlStore(database, size=10).put_many({"key": Entry(b"value", 200, 0, 2**40)})
    assert SqlStore(database, size=10).get_many(["key"])["key"].value == b"value"
    database.engine.dispose()


def test_a_cache_that_breaks_is_made_anew_by_whoever_finds_it(tmp_path: Path) -> None:
    first, second = (open_ephemeral(Settings(data_dir=tmp_path)) for _ in range(2))
    stores = [LossyStore(SqlStore(database, size=10)) for database in (first, second)]
    stores[0].put_many({"key": Entry(b"value", 200, 0, 2**40)})
    for database in (first, second):
        database.engine.dispose()
    cache_file(tmp_path).write_bytes(GARBAGE)
    assert [store.get_many(["key"]) for store in stores] == [{}, {}]
    stores[1].put_many({"key": Entry(b"anew", 200, 0, 2**40)})
    assert [store.get_many(["key"])["key"].value for store in stores] == [b"anew", b"anew"]
    for database in (first, second):
        database.engine.dispose()


def test_a_broken_database_is_named_in_one_line(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    file = tmp_path / "pagecard.sqlite3"
    file.write_bytes(GARBAGE)
    with pytest.raises(SettingsError) as refused:
        open_primary(settings)
    assert str(file) in str(refused.value)
    assert "\n" not in str(refused.value)
    assert file.read_bytes() == GARBAGE


def test_the_cache_is_bounded_in_bytes(url: str) -> None:
    database = Database(url)
    database.create_shared()
    store = SqlStore(database, size=10_000, most_bytes=2**20)
    for number in range(512):
        store.put_many({f"key-{number:03}": Entry(bytes(16 * 1024), 200, 0, 2**40 + number)})
    kept = store.get_many([f"key-{number:03}" for number in range(512)])
    assert 16 <= len(kept) <= 70
    assert "key-511" in kept
    with database.write() as connection:
        connection.execute(cache_entries.delete())
    database.engine.dispose()


def test_one_process_leads_at_a_time(url: str) -> None:
    first, second = Database(url), Database(url)
    with first.leading("test") as leads, second.leading("test") as follows, second.leading("other") as other:
        assert (leads, follows, other) == (True, False, True)
    with second.leading("test") as leads:
        assert leads
    first.engine.dispose()
    second.engine.dispose()


@pytest.mark.parametrize(
    ("code", "refusal"),
    [
        (sqlite3.SQLITE_FULL, "STORAGE_FULL"),
        (sqlite3.SQLITE_BUSY, "OVERLOADED"),
        (sqlite3.SQLITE_CORRUPT, None),
        (sqlite3.SQLITE_CONSTRAINT, None),
    ],
)
def test_a_full_or_busy_database_refuses_requests_by_name(code: int, refusal: str | None) -> None:
    cause = sqlite3.OperationalError("no")
    cause.sqlite_errorcode = code
    error = translate(sa.exc.OperationalError("INSERT", None, cause))
    assert (error.code if error else None) == refusal


@pytest.mark.parametrize(
    ("state", "refusal"),
    [
        ("53100", "STORAGE_FULL"),
        ("57P01", "OVERLOADED"),
        ("57014", "OVERLOADED"),
        (None, "OVERLOADED"),
        ("42703", None),
    ],
)
def test_a_full_or_absent_postgres_refuses_requests_by_name(state: str | None, refusal: str | None) -> None:
    cause = Exception("no")
    cause.sqlstate = state  # type: ignore[attr-defined]
    error = translate(sa.exc.OperationalError("INSERT", None, cause))
    assert (error.code if error else None) == refusal


def test_a_statement_that_hangs_is_ended(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.storage.postgres.STATEMENT_TIMEOUT", 1)
    database = Database(postgres_url)
    with pytest.raises(sa.exc.OperationalError) as ended, database.read() as connection:
        connection.execute(sa.text("SELECT pg_sleep(20)"))
    refusal = translate(ended.value)
    assert refusal
    assert (refusal.code, refusal.retry_after) == ("OVERLOADED", 5)
    database.engine.dispose()
