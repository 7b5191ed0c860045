"""gunicorn's settings and hooks (https://docs.gunicorn.org/en/stable/settings.html), used by `pagecard serve`
and by gunicorn.conf.py.

Rule 1: threads and pools start in the workers, after the fork; what is done once is done here, before it.
Rule 2: the master imports what the workers need, so that they share its memory.
"""

from __future__ import annotations

import gc
import os
import shutil
import socket
import struct
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib import import_module
from typing import Any

from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]

from app.database import open_shared, open_truth
from app.metadata import Document, read_metadata
from app.page import Page
from app.settings import METRICS_DIRECTORY, Settings, SettingsError

CLOSERS = 32  # threads that wait for clients to close their end, at most two seconds each
CLIENT_STALL = 10  # seconds that a client may send nothing of its request, or read nothing of its answer

__all__ = [
    "accesslog",
    "bind",
    "child_exit",
    "control_socket_disable",
    "errorlog",
    "graceful_timeout",
    "keepalive",
    "limit_request_line",
    "loglevel",
    "on_starting",
    "post_worker_init",
    "pre_fork",
    "threads",
    "timeout",
    "when_ready",
    "worker_class",
    "workers",
    "wsgi_app",
]


class Worker(ThreadWorker):  # type: ignore[misc]
    """gunicorn's threaded worker, which closes connections beside its loop.

    gunicorn closes them gracefully (RFC 9112, section 9.6) in the very loop that accepts: two seconds in which nobody
    is answered, for each client that keeps its end open.
    """

    def init_process(self) -> None:
        self._closers = ThreadPoolExecutor(CLOSERS, thread_name_prefix="close")
        super().init_process()

    def finish_request(self, conn: Any, fs: Any) -> None:
        if "close" not in vars(conn):
            conn.close = partial(self._closers.submit, conn.close)
        super().finish_request(conn, fs)


def _read() -> Settings:
    try:
        return Settings.from_environ(os.environ)
    except SettingsError as error:
        sys.exit(f"pagecard: {error}")


def _empty_metrics() -> None:
    """prometheus_client looks for its folder when it is imported, and wants it empty at start."""
    folder = _settings.data_dir.absolute() / "metrics"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.environ[METRICS_DIRECTORY] = str(folder)


def _import_the_rest() -> None:
    """Readers build tables at first use, and so would each thread of a worker: a page is read before there are any."""
    import_module("app.api")
    page = Page("https://example.com/", "https://example.com/", 200, "text/html", b"<title>May 2, 2026</title>")
    read_metadata(Document(page))


_settings = _read()
_empty_metrics()
_import_the_rest()

wsgi_app = "app:create_app()"
bind = "127.0.0.1:8000"
workers = 2
worker_class = Worker
threads = import_module("app.services").THREADS
keepalive = 75  # seconds: longer than most load balancers keep theirs
timeout = 60  # seconds without a sign of life of the whole worker; not a limit on requests, which bring their own
graceful_timeout = int(_settings.batch_timeout) + 15  # seconds: the longest batch is answered before a stop
limit_request_line = 8_190  # bytes: `GET /v1/extract?url=` takes long URLs
accesslog = None  # Pagecard writes a line per request itself
errorlog = "-"
loglevel = "warning"
control_socket_disable = True


def on_starting(server: Any) -> None:
    """Once, in the master, before there is a worker: the schema."""
    for database in (open_truth(_settings), open_shared(_settings)):
        database.engine.dispose()


def pre_fork(server: Any, worker: Any) -> None:
    """What the master has is no garbage: a collection that walked through it would copy it into every worker."""
    gc.collect()
    gc.freeze()


def post_worker_init(worker: Any) -> None:
    """In a worker that has its application: from now on it sees to it that jobs are worked off."""
    worker.wsgi.extensions["pagecard"].jobs.engine.start()


def when_ready(server: Any) -> None:
    """Once, when the master listens: no client holds a thread by neither sending nor reading.

    gunicorn reads and writes with blocking sockets; what is accepted inherits this from the listener (socket(7)).
    """
    stall = struct.pack("@ll", CLIENT_STALL, 0)
    for listener in server.LISTENERS:
        listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, stall)
        listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, stall)


def child_exit(server: Any, worker: Any) -> None:
    """A worker has ended: its gauges go with it."""
    multiprocess = import_module("prometheus_client.multiprocess")
    multiprocess.mark_process_dead(worker.pid)
