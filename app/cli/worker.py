"""`pagecard worker`: works jobs off that a message broker tells of, on as many hosts as wanted."""

from __future__ import annotations

import sys

import click

from app.cli import read_settings
from app.fetch.browser.renderer import Renderer
from app.logs import configure_logs
from app.services import Services


@click.command()
def worker() -> None:
    """Work jobs off that PAGECARD_BROKER_URL tells of, until stopped.

    A worker with a browser renders pages, too. Without a broker `pagecard serve` works its jobs off itself.
    """
    settings = read_settings()
    if settings.broker_url is None:
        sys.exit("pagecard: a worker needs PAGECARD_BROKER_URL; without a broker, serve works jobs off itself")
    try:
        from app.jobs.celery import Worker
    except ImportError:
        sys.exit("pagecard: a worker needs the extra celery: pip install 'pagecard[celery]'")
    configure_logs(settings.log_level)
    services = Services.open(settings)
    renders = Renderer.unavailable_reason(settings) is None
    click.echo(f"Pagecard works on jobs{', rendered ones too' if renders else ''}", err=True)
    Worker(services.job_dependencies(), settings.broker_url).run(renders=renders)
    services.close()
