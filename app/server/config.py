"""gunicorn's settings and hooks (https://docs.gunicorn.org/en/stable/settings.html), used by `pagecard serve`
and by gunicorn.conf.py.

Rule 1: threads and pools start in the workers, after the fork; what is done once is done here, before it.
Rule 2: the master imports what the workers need, so that they share its memory.
"""

from __future__ import annotations

import atexit
import gc
import os
import resource
import sys
from importlib import import_module
from typing import Any

from app.metadata import Document, read_metadata
from app.page import Page
from app.server.metrics_folder import MetricsFolder
from app.settings import METRICS_DIRECTORY, Settings, SettingsError
from app.storage.files import PRIVATE_FOLDER

DESCRIPTORS = 65_536  # that a worker may have open, if the system lets it: shells give 1,024

__all__ = [
    "accesslog",
    "bind",
    "child_exit",
    "control_socket_disable",
    "errorlog",
    "forwarder_headers",
    "graceful_timeout",
    "http_parser",
    "keepalive",
    "limit_request_line",
    "loglevel",
    "on_exit",
    "on_starting",
    "post_worker_init",
    "pre_fork",
    "secure_scheme_headers",
    "threads",
    "timeout",
    "when_ready",
    "worker_class",
    "worker_connections",
    "workers",
    "wsgi_app",
]


def _read() -> Settings:
    try:
        return Settings.from_environ(os.environ)
    except SettingsError as error:
        sys.exit(f"pagecard: {error}")


def _open_metrics() -> MetricsFolder:
    """Make the folder before prometheus_client is imported, which then counts in it."""
    folder = MetricsFolder(_settings.data_dir.absolute() / "metrics", PRIVATE_FOLDER)
    os.environ[METRICS_DIRECTORY] = str(folder.path)
    atexit.register(folder.remove)
    return folder


def _import_the_rest() -> None:
    """Readers build tables at first use, and so would each thread of a worker: a page is read before there are any."""
    for module in ("app.api", "app.server.worker"):
        import_module(module)
    page = Page("https://example.com/", "https://example.com/", 200, "text/html", b"<title>May 2, 2026</title>")
    read_metadata(Document(page))


_settings = _read()
_metrics = _open_metrics()
_import_the_rest()

wsgi_app = "app:create_app()"
bind = "127.0.0.1:8000"
workers = 2
worker_class = "app.server.worker.Worker"  # named: imported before the metrics folder, it would count for itself
threads = import_module("app.services").THREADS
keepalive = 75  # seconds: longer than most load balancers keep theirs
timeout = 60  # seconds without a sign of life of the whole worker; not a limit on requests, which bring their own
graceful_timeout = int(_settings.batch_timeout) + 15  # seconds: the longest batch is answered before a stop
worker_connections = 2_000
limit_request_line = 0  # app.server.worker bounds the head as a whole: `GET /v1/extract?url=` takes long URLs
http_parser = "python"  # whatever else is installed, the one that is tested
forwarder_headers = ""  # no client says what the path is
secure_scheme_headers: dict[str, str] = {}  # nor contradicts itself on a scheme that nobody asks for
accesslog = None  # Pagecard writes a line per request itself
errorlog = "-"
loglevel = "warning"
control_socket_disable = True


_nursery: Any = None


def on_starting(server: Any) -> None:
    """Once, in the master, before there is a worker or a socket: room for connections, schema, who forks runners."""
    global _nursery
    _raise_descriptors()
    try:
        import_module("app.services").prepare(_settings)
    except SettingsError as error:
        sys.exit(f"pagecard: {error}")
    if not _settings.broker_url:
        _nursery = import_module("app.server.runner").open_fork_server(_settings)


def when_ready(server: Any) -> None:
    """Once, in the master, when it listens: only now is it sure that this server runs."""
    _metrics.remove_others()


def on_exit(server: Any) -> None:
    """Once, in the master, when all workers have ended: the runners end, too."""
    if _nursery:
        _nursery.close()


def _raise_descriptors() -> None:
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    wanted = DESCRIPTORS if most == unlimited else min(most, DESCRIPTORS)
    if now != unlimited and now < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def pre_fork(server: Any, worker: Any) -> None:
    """What the master has is no garbage: a collection that walked through it would copy it into every worker."""
    gc.collect()
    gc.freeze()


def post_worker_init(worker: Any) -> None:
    """In a worker that has its application: its threads, and from now on it sees to it that jobs are worked off."""
    services = worker.wsgi.extensions["pagecard"]
    services.fill()
    services.jobs.engine.start(_nursery.ask if _nursery else None)


def child_exit(server: Any, worker: Any) -> None:
    """In the master: a worker has ended, and what it counted stays."""
    import_module("app.metrics").absorb_ended()
