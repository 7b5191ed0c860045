"""What an operator asks of the database: usage, and a copy of it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from app.settings import Settings
from app.storage.database import open_primary
from app.storage.generations import Generations
from app.storage.keys import KeyStore
from app.storage.usage import Usage
from tests.cli.conftest import Call


def use(settings: Settings, *counts: int) -> list[str]:
    """Make a key for each count of URLs."""
    database = open_primary(settings)
    store, used = KeyStore(database, Generations(settings.generations_file)), Usage(database)
    ids = []
    for count in counts:
        _, key = store.create("pro", name=f"of {count}")
        used.add(key.id, count)
        ids.append(key.id)
    database.engine.dispose()
    return ids


def test_usage_lists_every_key_the_most_first(call: Call, settings: Settings) -> None:
    few, many, none = use(settings, 3, 40, 0)
    lines = call("usage").stdout.splitlines()
    told = [line.split()[:3] for line in lines[1:]]
    assert told == [[many, "40", "50000"], [few, "3", "50000"], [none, "0", "50000"]]
    shown = json.loads(call("usage", "--json", "--month", "2020-01").stdout)
    assert {row["urls"] for row in shown} == {0}


def test_a_backup_is_whole_while_somebody_writes(call: Call, settings: Settings, tmp_path: Path) -> None:
    [key_id] = use(settings, 7)
    database, file = open_primary(settings), tmp_path / "copy.sqlite3"
    with database.read() as connection:
        connection.exec_driver_sql("SELECT 1")
        assert call("backup", str(file)).exit_code == 0
    database.engine.dispose()
    with closing(sqlite3.connect(file)) as copy:
        assert copy.execute("SELECT key_id, urls FROM usage").fetchall() == [(key_id, 7)]
    assert file.stat().st_mode & 0o077 == 0


def test_a_backup_overwrites_nothing(call: Call, settings: Settings, tmp_path: Path) -> None:
    use(settings, 1)
    file = tmp_path / "copy.sqlite3"
    file.write_text("precious")
    refused = call("backup", str(file))
    assert (refused.exit_code, refused.stderr) == (1, f"pagecard: {file}: File exists\n")
    assert file.read_text() == "precious"


def test_a_backup_of_no_database_makes_none(call: Call, tmp_path: Path) -> None:
    assert call("backup", str(tmp_path / "copy.sqlite3")).exit_code == 1
    assert not (tmp_path / "copy.sqlite3").exists()


@pytest.mark.parametrize("bind", ["nonsense", "127.0.0.1:999999", "256.0.0.1:1"])
def test_a_bad_address_for_metrics_is_one_line(call: Call, monkeypatch: pytest.MonkeyPatch, bind: str) -> None:
    monkeypatch.setenv("PAGECARD_BROKER_URL", "redis://127.0.0.1:1/0")
    refused = call("worker", "--metrics", bind)
    assert refused.exit_code == 1
    assert not refused.stderr.startswith("Traceback")
