"""The embedded engine: a few processes beside the web workers, started when there is work.

Rule 1: they are processes of their own, at a lower priority: no page of a job slows a request down, and no bomb
        in one reaches it.
Rule 2: each holds a lock (flock) for as long as it lives, and the system lets go of it whatever kills it: there
        is one process for each place in the data folder, and who takes a place over knows that the one before
        is dead.
Rule 3: they end with the process that started them, and when nothing was left to do for a while.
"""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import IO
from uuid import uuid4

import structlog

from app.jobs.dependencies import JobDependencies
from app.jobs.heartbeat import alive
from app.jobs.item_pool import ItemPool
from app.jobs.maintenance import SWEEP, Housekeeper, quietly
from app.jobs.process import start_vital_thread
from app.jobs.queue import JobQueue
from app.jobs.result_writer import ResultWriter
from app.jobs.store import JobStore
from app.jobs.webhook import WebhookQueue

log = structlog.get_logger()

NICENESS = 10
POLL = 0.1  # seconds between two looks of an idle runner
LOOK = 1.0  # seconds between two looks of a supervisor, unless it is woken
IDLE = 20.0  # seconds without work after which a runner ends
GRACE = 3.0  # seconds that items in work have to end when the runner must
WORTH_A_SECOND = 50  # items that wait for each further runner that is started

PLAIN_SIZE = 64  # pages in work at once
RENDERED_SIZE = 4

Ask = Callable[[int, int], bool]
"""Starts a runner of a place that inherits a file descriptor, the place's lock; False if it cannot."""


def places(data_dir: Path) -> list[Path]:
    """The lock files of this host's runners: one for each core, at most four."""
    return [data_dir / f"jobs-{place}.lock" for place in range(min(4, len(os.sched_getaffinity(0))))]


class Supervisor:
    """Starts runners when they are needed, from a thread of a web worker."""

    def __init__(
        self,
        data_dir: Path,
        store: JobStore,
        queue: JobQueue,
        hooks: WebhookQueue,
        command: Sequence[str],
        stdin: bytes = b"",
    ) -> None:
        """`command` starts a runner where no nursery does; the runner reads `stdin`. Three arguments are added: its
        place, the file descriptor of the place's lock, and the process id of the starter."""
        self._places = places(data_dir)
        self._store = store
        self._queue = queue
        self._hooks = hooks
        self._command = command
        self._stdin = stdin
        self._ask: Ask = _nobody
        self._woken = threading.Event()
        self._over = threading.Event()
        self._started = threading.Lock()
        self.runners: list[subprocess.Popen[bytes]] = []

    def start(self, ask: Ask | None = None) -> None:
        """Start watching for work. `ask`: the fork server, which starts runners at once."""
        self._ask = ask or self._ask
        # It stays the thread that starts runners: their parent-death signal follows the thread (prctl(2)).
        if self._started.acquire(blocking=False):
            threading.Thread(target=self._watch, name="jobs", daemon=True).start()

    def wake(self, items: int, *, rendered: bool) -> None:
        """There is new work."""
        self.start()
        self._woken.set()

    def close(self) -> None:
        """End the runners that this worker started, and start no more."""
        self._over.set()
        self._woken.set()
        for runner in self.runners:
            runner.terminate()
        for runner in self.runners:
            runner.wait()

    def _watch(self) -> None:
        while not self._over.is_set():
            try:
                self._look()
            except Exception:  # this thread alone starts runners
                log.exception("jobs: cannot look for work")
            self._woken.wait(LOOK)
            self._woken.clear()

    def _look(self) -> None:
        self.runners = [runner for runner in self.runners if runner.poll() is None]
        for place, path in enumerate(self._places):
            if self._needed(place):
                self._fill(place, path)

    def _needed(self, place: int) -> bool:
        if place:
            return self._queue.waiting(rendered=False) > WORTH_A_SECOND * place
        return self._store.has_unfinished() or self._hooks.is_due() or self._store.has_expired()

    def _fill(self, place: int, path: Path) -> None:
        """Start a runner with the lock of a slot, unless another runner holds the lock."""
        with path.open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            if not self._ask(place, lock.fileno()):
                self._run_command(place, lock.fileno())

    def _run_command(self, place: int, lock: int) -> None:
        command = [*self._command, str(place), str(lock), str(os.getpid())]
        runner = subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=[lock])  # noqa: S603
        self.runners.append(runner)
        _tell(runner, self._stdin)


def _nobody(place: int, lock: int) -> bool:
    return False


def _tell(runner: subprocess.Popen[bytes], text: bytes) -> None:
    if runner.stdin:
        with suppress(BrokenPipeError), runner.stdin:
            runner.stdin.write(text)


class Runner:
    """Works jobs off until nothing is left to do."""

    def __init__(self, tools: JobDependencies, owner: str, *, first: bool = True, idle: float = IDLE) -> None:
        """`first` alone renders, delivers webhooks and removes what is old."""
        self._tools = tools
        self._owner = owner
        self._first = first
        self._idle = idle
        self._over = threading.Event()
        self._parent = os.getppid()
        # A plain value, since a signal handler sets it: one that waits for a lock may wait for its own thread.
        self.told_to_stop = False
        self._useful = time.monotonic()
        ledger = ResultWriter(tools.queue, owner)
        self._crews = [self._crew(ledger, rendered) for rendered in ([False, True] if first else [False])]

    def _crew(self, ledger: ResultWriter, rendered: bool) -> ItemPool:
        tools = self._tools
        return ItemPool(
            tools.queue,
            self._owner,
            tools.run,
            ledger,
            size=RENDERED_SIZE if rendered else min(PLAIN_SIZE, tools.size),
            rendered=rendered,
            allowance=tools.allowance,
            hosts=tools.hosts,
        )

    def run(self) -> None:
        with alive(self._tools.queue, self._owner):
            threads = [start_vital_thread("item-pool", self._work, crew) for crew in self._crews]
            with self._tools.courier.at_work() if self._first else nullcontext():
                self._keep_house()
            self._stop()
            until = time.monotonic() + GRACE
            for thread in threads:
                thread.join(max(0.0, until - time.monotonic()))

    def _stop(self) -> None:
        """Take nothing more."""
        self._over.set()
        for crew in self._crews:
            crew.stop()

    def _work(self, crew: ItemPool) -> None:
        while not self._over.is_set():
            if crew.work():
                self._useful = time.monotonic()
            self._over.wait(POLL)

    def _keep_house(self) -> None:
        """Until told to stop, or nothing was left to do for a while."""
        keeper, looked_at = Housekeeper(self._tools), 0.0
        while not self.told_to_stop and os.getppid() == self._parent:
            time.sleep(POLL)
            now = time.monotonic()
            if now - looked_at > SWEEP:
                looked_at = now
                quietly(lambda: self._sweep(keeper))
            if now - self._useful > self._idle:
                break

    def _sweep(self, keeper: Housekeeper) -> None:
        keeper.look()
        if self._tools.store.has_unfinished() or self._tools.hooks.is_due():
            self._useful = time.monotonic()


def take_place(lock: IO[str]) -> str:
    """The name of a place, which is written in its lock file. Owners of a place are named after it."""
    lock.seek(0)
    name = lock.read()
    if not name:
        name = uuid4().hex
        lock.write(name)
        lock.flush()
    return name


def run_in_place(tools: JobDependencies, place: int, lock: IO[str]) -> None:
    """Be the runner of a place until told to stop. This process holds the lock of the place."""
    name = take_place(lock)
    tools.queue.bury(name)
    runner = Runner(tools, f"{name}.{uuid4().hex[:8]}", first=place == 0)

    def tell(*_: object) -> None:
        runner.told_to_stop = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, tell)
    runner.run()
