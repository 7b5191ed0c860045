"""`pagecard keys`: create, list, revoke."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime

import click
from rich.console import Console
from rich.table import Table

from app.cli import read_settings
from app.storage.database import open_primary
from app.storage.generations import Generations
from app.storage.keys import PREFIXES, ApiKey, KeyStore


@contextmanager
def _store() -> Iterator[KeyStore]:
    settings = read_settings()
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
def create(plan: str, name: str, kind: str, origins: tuple[str, ...]) -> None:
    """Make a key and print it, alone on the last line. It is never shown again."""
    plans = read_settings().plans
    if plan not in plans:
        raise click.BadParameter(f"there is no plan {plan!r}; there are {', '.join(plans)}", param_hint="--plan")
    with _store() as store:
        try:
            secret, key = store.create(plan, kind=kind, name=name, origins=origins)
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--origin") from None
    click.echo(f"Made the {kind} key {key.id} on plan {plan}.", err=True)
    click.echo(secret)


@keys.command("list")
@click.option("--json", "as_json", is_flag=True, help="JSON, an array of objects.")
def list_keys(as_json: bool) -> None:
    """List all keys, oldest first; of each only what may be shown."""
    with _store() as store:
        found = store.list()
    if as_json:
        click.echo(json.dumps([_shown(key) for key in found], indent=2))
        return
    table = Table("id", "key", "kind", "plan", "name", "created", "last used", "state")
    for key in found:
        shown = _shown(key)
        table.add_row(*(str(shown[column] or "") for column in _COLUMNS))
    Console().print(table)


@keys.command()
@click.argument("id_or_prefix")
def revoke(id_or_prefix: str) -> None:
    """Stop a key, named by its id or by how it begins."""
    with _store() as store:
        try:
            key = store.revoke(id_or_prefix)
        except LookupError as error:
            raise click.ClickException(str(error)) from None
    click.echo(f"Revoked {key.id} ({key.prefix}…).")


_COLUMNS = ("id", "prefix", "kind", "plan", "name", "created_at", "last_used_at", "state")


def _shown(key: ApiKey) -> dict[str, object]:
    times = {name: _iso(getattr(key, name)) for name in ("created_at", "last_used_at", "revoked_at")}
    now = datetime.now(UTC).timestamp()
    state = "revoked" if key.revoked_at else "expired" if key.expired(now) else "active"
    return asdict(key) | times | {"state": state}


def _iso(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
