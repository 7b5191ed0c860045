"""`pagecard serve`: the service, in the foreground."""

from __future__ import annotations

import os
import sys

import click

from app.cli import read_settings
from app.plans import Plan
from app.settings import Settings
from app.storage.database import open_primary
from app.storage.generations import Generations
from app.storage.keys import KeyStore

CURL = """\
curl -s http://{bind}/v1/extract/batch \\
  -H 'Authorization: Bearer {key}' \\
  -H 'Content-Type: application/json' \\
  -d '{{"urls": ["https://example.com"]}}'"""

# gunicorn puts the current folder first on the path, and that may hold an `app` of its own; ours is loaded by then.
GUNICORN = "import app; from gunicorn.app.wsgiapp import run; run()"

# mallopt(3). glibc gives every thread an arena of its own, up to eight per core, and hardly gives memory back; our
# threads take turns, and share one. What a page took is kept for the next: to have it of the system again costs a
# fault for every 4 KiB, which is more than reading them does.
ALLOCATOR = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": str(8 * 2**20),
    "MALLOC_TRIM_THRESHOLD_": str(64 * 2**20),
}


@click.command()
@click.option("--bind", default="127.0.0.1:8000", show_default=True, metavar="HOST:PORT", help="Where to listen.")
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 256), help="Worker processes.")
def serve(bind: str, workers: int) -> None:
    """Serve the API. On a data folder without keys, make one and show it, once."""
    settings = read_settings()
    _first_key(settings, bind)
    command = [sys.executable, "-P", "-c", GUNICORN, "-c", "python:app.server.config", "-b", bind, "-w", str(workers)]
    sys.stdout.flush()
    os.execve(sys.executable, command, ALLOCATOR | os.environ)  # noqa: S606  (no shell is wanted)


def _first_key(settings: Settings, bind: str) -> None:
    database = open_primary(settings)
    store = KeyStore(database, Generations(settings.generations_file))
    if not store.list():
        plan = _largest(settings)
        secret, _ = store.create(plan.name, name="first key")
        click.echo(f"This is your first API key (plan {plan.name}). It is shown this once:\n\n  {secret}\n")
        click.echo(f"Try it:\n\n{CURL.format(bind=bind, key=secret)}\n")
    database.engine.dispose()
    click.echo(f"Pagecard serves on http://{bind}")


def _largest(settings: Settings) -> Plan:
    return max(settings.plans.values(), key=lambda plan: plan.batch_limit)
