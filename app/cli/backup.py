"""`pagecard backup FILE`: a copy of the database while the service runs."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import click
import sqlalchemy as sa

from app.cli import fail, read_settings
from app.storage.files import PRIVATE_FILE

PAGES = 1_024  # copied at a time, so that the service writes in between


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def backup(file: Path) -> None:
    """Copy the database of keys, usage and jobs to FILE, also while the service runs.

    FILE must not exist. To restore, stop the service and put FILE in the place of the database.
    """
    settings = read_settings()
    if not settings.database.startswith("sqlite"):
        fail("the database is a PostgreSQL; back it up with pg_dump")
    source = Path(sa.make_url(settings.database).database or "")
    if not source.exists():
        fail(f"there is no database at {source}")
    try:
        os.close(os.open(file, os.O_CREAT | os.O_EXCL, PRIVATE_FILE))
    except OSError as error:
        fail(f"{file}: {error.strerror}")
    try:
        pages = _copy(source, file)
    except sqlite3.Error as error:
        file.unlink()
        fail(f"{source} cannot be copied: {error}")
    click.echo(f"Copied {source} to {file} ({pages:,} pages).", err=True)


def _copy(source: Path, file: Path) -> int:
    """Copy by SQLite's backup interface (https://sqlite.org/backup.html), and check the copy; return its pages."""
    with (
        closing(sqlite3.connect(f"file:{quote(str(source.absolute()))}?mode=rw", uri=True, timeout=30)) as live,
        closing(sqlite3.connect(file)) as copy,
    ):
        live.backup(copy, pages=PAGES)
        copy.execute("PRAGMA journal_mode=DELETE")
        [(verdict,)] = copy.execute("PRAGMA quick_check(1)")
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)
        return int(copy.execute("PRAGMA page_count").fetchone()[0])
