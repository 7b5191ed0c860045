"""The database proxy: a process that speaks to the database for a job runner.

A writer of SQLite holds its lock until its thread runs again. In a runner dozens of threads want the interpreter, and
the whole process leaves the processor to requests, which write to the same database and would wait, too.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from functools import partial
from multiprocessing import get_context
from multiprocessing.managers import BaseManager
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from app.jobs.process import die_with, name_process
from app.jobs.queue import JobQueue

METHODS = [name for name in vars(JobQueue) if not name.startswith("_")]


class DatabaseProxy(BaseManager):
    """Writes for the threads of its parent, at the priority of requests."""

    queue: Callable[[Callable[[], JobQueue]], JobQueue]


class ServedQueue:
    """A job queue whose errors cross the boundary of a process."""

    def __init__(self, open_queue: Callable[[], JobQueue]) -> None:
        self._queue = open_queue()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return partial(call, getattr(self._queue, name))


def call(method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call a method. Raises its error in a form that pickles."""
    try:
        return method(*args, **kwargs)
    except Exception as error:
        raise portable(error) from None


def portable(error: Exception) -> Exception:
    """Copy an error without the parameters of its statement: sqlite3 makes memoryviews of bytes; they do not pickle."""
    if isinstance(error, sa.exc.DBAPIError):
        return type(error)(error.statement, None, Exception(str(error.orig)))
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301  (our own bytes)
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


DatabaseProxy.register("queue", callable=ServedQueue, exposed=METHODS)


def start_database_proxy() -> DatabaseProxy:
    """Fork a proxy. To be called while this process has one thread.

    Its address is one that leaves no file behind (unix(7), abstract).
    """
    proxy = DatabaseProxy(f"\0pagecard-{uuid4().hex}", ctx=get_context("fork"))
    proxy.start(initializer=_begin, initargs=(os.getpid(),))
    return proxy


def _begin(parent: int) -> None:
    die_with(parent)
    name_process("database-proxy")
