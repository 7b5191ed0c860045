"""gunicorn's settings and hooks (https://docs.gunicorn.org/en/stable/settings.html), used by `pagecard serve`
and by gunicorn.conf.py.

Rule 1: threads and pools start in the workers, after the fork; all that happens once happens here, before it.
Rule 2: the master imports all modules of the workers, which then share their memory.
Rule 3: prometheus_client, and all that imports it, comes after the metrics folder, for which it looks at import.
"""

from __future__ import annotations

import gc
from importlib import import_module
from typing import Any

from app.page import Page
from app.server.address_limit import AddressLimit
from app.server.master import Master

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
    "on_reload",
    "on_starting",
    "post_worker_init",
    "pre_fork",
    "secure_scheme_headers",
    "threads",
    "timeout",
    "when_ready",
    "worker_class",
    "worker_connections",
    "worker_tmp_dir",
    "workers",
    "wsgi_app",
]


def _import_the_rest() -> None:
    """Import the workers' modules, and read a page: readers build their tables at first use."""
    for module in ("app.api", "app.server.worker"):
        import_module(module)
    metadata = import_module("app.metadata")
    page = Page("https://example.com/", "https://example.com/", 200, "text/html", b"<title>May 2, 2026</title>")
    metadata.read_metadata(metadata.Document(page))


_master = Master()
_import_the_rest()

wsgi_app = "app:create_app()"
bind = "127.0.0.1:8000"
workers = 2
worker_class = "app.server.worker.Worker"
worker_tmp_dir = str(_master.data_dir)  # heartbeat files; /tmp may be read-only
threads = import_module("app.services").THREADS
keepalive = 75  # seconds: longer than most load balancers keep theirs
timeout = 60  # seconds without a sign of life of the whole worker; not a limit on requests, which bring their own
graceful_timeout = int(_master.settings.batch_timeout) + 15  # seconds: the longest batch is answered before a stop
worker_connections = 2_000
limit_request_line = 0  # app.server.worker bounds the head as a whole: `GET /v1/extract?url=` takes long URLs
http_parser = "python"  # whatever else is installed, the one that is tested
forwarder_headers = ""  # no client says what the path is
secure_scheme_headers: dict[str, str] = {}  # nor contradicts itself on a scheme that nobody asks for
accesslog = None  # Pagecard writes a line per request itself
errorlog = "-"
loglevel = "warning"
control_socket_disable = True


def on_starting(server: Any) -> None:
    """In the master, once, before it binds."""
    _master.prepare()


def when_ready(server: Any) -> None:
    """In the master, once, when it has bound."""
    _master.bound()


def on_reload(server: Any) -> None:
    """In the master, at SIGHUP, before the workers are replaced."""
    _master.reload()


def on_exit(server: Any) -> None:
    """In the master, once, when all workers have ended."""
    _master.close()


def pre_fork(server: Any, worker: Any) -> None:
    """Exempt the master's objects from garbage collection, which would copy their pages into every worker."""
    gc.collect()
    gc.freeze()


def post_worker_init(worker: Any) -> None:
    """In a worker whose application is loaded: limit its connections, start its threads, and watch for jobs."""
    services = worker.wsgi.extensions["pagecard"]
    settings = services.settings
    worker.limit_addresses(AddressLimit(settings.connections_per_address, settings.trusted_proxies))
    services.fill()
    services.jobs.engine.start(_master.ask_for_runner)


def child_exit(server: Any, worker: Any) -> None:
    """Keep the counters of an ended worker. Runs in the master."""
    import_module("app.metrics").absorb_ended()
