"""`pagecard usage`: URLs that each key has used in a month."""

from __future__ import annotations

import json

import click

from app.cli import read_settings
from app.cli.table import table
from app.plans import Plan
from app.storage.database import open_primary
from app.storage.generations import Generations
from app.storage.keys import KeyStore
from app.storage.usage import Usage

COLUMNS = ("id", "urls", "per_month", "plan", "name")


@click.command()
@click.option("--month", metavar="YYYY-MM", help="A month, UTC; the running one by default.")
@click.option("--json", "as_json", is_flag=True, help="JSON, an array of objects.")
def usage(month: str | None, as_json: bool) -> None:
    """List the URLs that each key has used in a month, the most first."""
    settings = read_settings()
    asked = month or Usage.month()
    database = open_primary(settings)
    try:
        used = Usage(database).of_month(asked)
        keys = KeyStore(database, Generations(settings.generations_file)).list()
    finally:
        database.engine.dispose()
    rows = [
        {"id": key.id, "urls": used.get(key.id, 0), "per_month": _limit(settings.plans.get(key.plan)), "plan": key.plan}
        | {"name": key.name, "month": asked}
        for key in sorted(keys, key=lambda key: -used.get(key.id, 0))
    ]
    click.echo(json.dumps(rows, indent=2) if as_json else "\n".join(table(COLUMNS, rows)))


def _limit(plan: Plan | None) -> int | None:
    return plan.per_month if plan else None
