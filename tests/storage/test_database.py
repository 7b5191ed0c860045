"""The databases: migrated once however many start at the same time, and written by many at once."""

from __future__ import annotations

import os
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
from app.storage.database import Database, open_ephemeral, open_primary
from app.storage.schema import SHARED, TRUTH, usage

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
