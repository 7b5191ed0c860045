"""`pagecard worker`: works jobs off that a message broker tells of, on as many hosts as wanted."""

from __future__ import annotations

import sys

import click
from prometheus_client import start_http_server

from app.cli import read_settings
from app.fetch.browser.renderer import Renderer
from app.logs import configure_logs
from app.services import Services


@click.command()
@click.option("--metrics", "metrics_bind", metavar="HOST:PORT", help="Where Prometheus asks for this worker's metrics.")
def worker(metrics_bind: str | None) -> None:
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
    if metrics_bind is not None:
        _serve_metrics(metrics_bind)
    services = Services.open(settings)
    renders = Renderer.unavailable_reason(settings) is None
    click.echo(f"Pagecard works on jobs{', rendered ones too' if renders else ''}", err=True)
    Worker(services.job_dependencies(), settings.broker_url).run(renders=renders)
    services.close()


def _serve_metrics(bind: str) -> None:
    """Answer /metrics on an address of its own, from a thread. Exits with one line where the address is taken."""
    host, _, port = bind.rpartition(":")
    try:
        start_http_server(int(port), host.strip("[]") or "127.0.0.1")
    except (ValueError, OSError, OverflowError) as error:
        sys.exit(f"pagecard: --metrics {bind}: {getattr(error, 'strerror', None) or 'write HOST:PORT'}")
