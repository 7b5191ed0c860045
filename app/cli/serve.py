"""`pagecard serve`: the service, in the foreground."""

from __future__ import annotations

import os
import sys

import click

from app.cli import fail, read_settings
from app.cli.binding import Address, Bind, refusal
from app.plans import Plan
from app.settings import Settings

FIRST_KEY = """\
This is your first API key (plan {plan}). It is shown this once:

  {key}
"""
TRY_IT = """
Open the playground with it:

  http://{bind}/#key={key}

Or try it in another terminal:

curl -s http://{bind}/v1/extract/batch \\
  -H 'Authorization: Bearer {key}' \\
  -H 'Content-Type: application/json' \\
  -d '{{"urls": ["https://example.com"]}}'
"""

# gunicorn puts the current folder first on the path, and that may hold an `app` of its own; ours is loaded by then.
# Until gunicorn has its handlers, Ctrl-C ends the process without a traceback.
GUNICORN = (
    "import signal; signal.signal(signal.SIGINT, signal.SIG_DFL); "
    "import app; from gunicorn.app.wsgiapp import run; run()"
)

# mallopt(3). By default glibc gives every thread an arena of its own, up to eight per core, and hardly returns memory.
# One arena is enough for threads of which one computes at a time. Freed memory is kept for the next page: a page
# fault for every 4 KiB costs more than reading the page does.
ALLOCATOR = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": str(8 * 2**20),
    "MALLOC_TRIM_THRESHOLD_": str(64 * 2**20),
}


@click.command()
@click.option(
    "--bind", default="127.0.0.1:8000", show_default=True, type=Bind(), metavar="HOST:PORT", help="Where to listen."
)
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 256), help="Worker processes.")
def serve(bind: str | Address, workers: int) -> None:
    """Serve the API. Without keys in the data folder, create a key and show it once."""
    settings = read_settings()
    if isinstance(bind, Address) and (told := refusal(bind)):
        fail(told)
    if key := _first_key(settings):
        click.echo(_welcome(*key, bind))
    click.echo(_started(settings, bind))
    _become_gunicorn(bind, workers)


def _welcome(secret: str, plan: str, bind: str | Address) -> str:
    told = FIRST_KEY.format(plan=plan, key=secret)
    return told + TRY_IT.format(bind=bind.reachable, key=secret) if isinstance(bind, Address) else told


def _become_gunicorn(bind: str | Address, workers: int) -> None:
    command = [sys.executable, "-P", "-c", GUNICORN, "-c", "python:app.server.config"]
    sys.stdout.flush()
    os.execve(  # noqa: S606  (no shell is wanted)
        sys.executable, [*command, "-b", str(bind), "-w", str(workers)], ALLOCATOR | os.environ
    )


def _started(settings: Settings, bind: str | Address) -> str:
    kept = "in PostgreSQL" if settings.database.startswith("postgres") else f"in {settings.data_dir.absolute()}"
    where = f"http://{bind}" if isinstance(bind, Address) else bind
    return f"Pagecard serves on {where}\nIts data is {kept}. Ctrl-C stops it."


def _first_key(settings: Settings) -> tuple[str, str] | None:
    """Create the first key; return it with the name of its plan."""
    from app.cli.keys import open_keys

    with open_keys(settings) as store:
        if store.list():
            return None
        plan = _largest(settings)
        secret, _ = store.create(plan.name, name="first key")
        return secret, plan.name


def _largest(settings: Settings) -> Plan:
    return max(settings.plans.values(), key=lambda plan: plan.batch_limit)
