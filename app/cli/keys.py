"""`pagecard keys`: create, list, rotate, revoke."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click
import sqlalchemy as sa

from app.cli import fail, read_settings
from app.cli.table import table
from app.settings import Settings
from app.settings.table import hide_passwords
from app.storage.database import open_primary
from app.storage.generations import Generations
from app.storage.keys import PREFIXES, ApiKey, KeyStore


@contextmanager
def open_keys(settings: Settings) -> Iterator[KeyStore]:
    """Open the store of keys, and its database with it. Raises SettingsError."""
    database = open_primary(settings)
    try:
        yield KeyStore(database, Generations(settings.generations_file))
    finally:
        database.engine.dispose()


@click.group()
def keys() -> None:
    """Make, list and revoke API keys."""


@keys.command()
@click.option("--plan", required=True, metavar="PLAN", help="One of the server's plans, such as free or enterprise.")
@click.option("--name", default="", help="What the key is for; only you see it.")
@click.option("--kind", type=click.Choice(list(PREFIXES)), default="live", show_default=True)
@click.option("--origin", "origins", multiple=True, metavar="ORIGIN", help="Where a publishable key works from.")
@click.option("--new-database", is_flag=True, help="Make the database if there is none yet.")
def create(plan: str, name: str, kind: str, origins: tuple[str, ...], new_database: bool) -> None:
    """Create a key and print it on the last line. Pagecard keeps only a hash."""
    settings = read_settings()
    if plan not in settings.plans:
        known = ", ".join(settings.plans)
        raise click.BadParameter(f"there is no plan {plan!r}; there are {known}", param_hint="--plan")
    where = _database_to_write(settings, new_database)
    with open_keys(settings) as store:
        try:
            secret, key = store.create(plan, kind=kind, name=name, origins=origins)
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--origin") from None
    click.echo(f"Made the {kind} key {key.id} on plan {plan} in {where}.", err=True)
    click.echo(secret)


def _database_to_write(settings: Settings, new_database: bool) -> str:
    """Name the database. Refuses to create a database in the current folder, where no server looks."""
    file = sa.make_url(settings.database).database if settings.database.startswith("sqlite") else None
    if file is None:
        return hide_passwords(settings.database)
    if not Path(file).exists():
        if not new_database and settings.data_dir == Settings().data_dir and not settings.database_url:
            fail(
                f"there is no database at {file}; run this in the folder of the server,"
                " set PAGECARD_DATA_DIR as the server has it, or add --new-database"
            )
        click.echo(f"There was no database yet; a server must use the same one: {file}", err=True)
    return file


@keys.command("list")
@click.option("--json", "as_json", is_flag=True, help="JSON, an array of objects.")
def list_keys(as_json: bool) -> None:
    """List all keys, oldest first, a line each; of a key only how it begins."""
    with open_keys(read_settings()) as store:
        found = [_shown(key) for key in store.list()]
    click.echo(json.dumps(found, indent=2) if as_json else "\n".join(table(_COLUMNS, found)))


@keys.command()
@click.argument("id_or_prefix")
def revoke(id_or_prefix: str) -> None:
    """Stop a key, named by its id or its first characters."""
    with open_keys(read_settings()) as store:
        try:
            key = store.revoke(id_or_prefix)
        except LookupError as error:
            raise click.ClickException(str(error)) from None
    click.echo(f"Revoked {key.id} ({key.prefix}…).")


@keys.command()
@click.argument("id_or_prefix")
@click.option("--overlap", default=24.0, show_default=True, metavar="HOURS", type=click.FloatRange(0, 8_760))
def rotate(id_or_prefix: str, overlap: float) -> None:
    """Make a new key like a key, which works for some hours more. The new key's month and jobs are its own."""
    with open_keys(read_settings()) as store:
        try:
            secret, new, old = store.rotate(id_or_prefix, overlap * 3_600)
        except LookupError as error:
            raise click.ClickException(str(error)) from None
    until = f"{old.id} ({old.prefix}…) works for {overlap:g} hours more"
    click.echo(f"Made the {new.kind} key {new.id}; {until}.", err=True)
    click.echo(secret)


_COLUMNS = ("id", "prefix", "kind", "plan", "state", "created_at", "last_used_at", "origins", "name")


def _shown(key: ApiKey) -> dict[str, object]:
    times = {name: _iso(getattr(key, name)) for name in ("created_at", "last_used_at", "revoked_at")}
    now = datetime.now(UTC).timestamp()
    return asdict(key) | times | {"state": _state(key, now)}


def _state(key: ApiKey, now: float) -> str:
    if key.revoked_at:
        return "revoked" if key.revoked(now) else "rotated"
    return "expired" if key.expired(now) else "active"


def _iso(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
