"""Decoder processes of a worker: started with the first picture, ended when idle, replaced when they die.

Rule 1: a process draws one picture at a time, and a thread waits for it under a deadline.
Rule 2: a process that dies takes one picture along.
Rule 3: nothing is forked: a worker has threads, and its memory is no business of a decoder.
"""

from __future__ import annotations

import select
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress

import msgspec

from app.deadline import Deadline
from app.errors import TargetTimeout, UnsupportedContent
from app.images.tasks import MAX_PIXELS, SIZE, SIZES, Done, Drawn, Facts, Refused, Task

PROCESSES = 2
MAX_ANSWER = 64 * 2**20  # bytes
COMMAND = (sys.executable, "-P", "-m", "app.images.decoder")  # never an `app` of the folder we happen to be in
ENVIRONMENT = {"LC_ALL": "C.UTF-8"}  # no secret of the worker's

REFUSALS = {
    "pixels": f"The picture has more than {MAX_PIXELS // 10**6} megapixels",
    "broken": "The picture cannot be decoded",
    "size": "The picture does not fit into the bytes that were asked for",
}
DIED = "The picture takes more memory or time than a picture may"

_decode: Callable[[bytes], Done] = msgspec.msgpack.Decoder(Done).decode


class Decoders:
    """Pool of at most `size` processes. Thread-safe."""

    def __init__(self, size: int = PROCESSES) -> None:
        self._slots = threading.BoundedSemaphore(size)
        self._idle: list[_Decoder] = []
        self._alive: set[_Decoder] = set()
        self._lock = threading.Lock()
        self._closed = False

    def draw(self, task: Task, body: bytes, deadline: Deadline) -> Drawn:
        """Draw a picture. Raises UnsupportedContent, TargetTimeout."""
        done = self._run(task, body, deadline)
        if isinstance(done, Drawn):
            return done
        raise UnsupportedContent(REFUSALS[done.reason] if isinstance(done, Refused) else DIED, reason="type")

    def read_facts(self, task: Task, body: bytes, deadline: Deadline) -> Facts | None:
        """Read the facts of a picture; None where there is none. Raises TargetTimeout."""
        with suppress(UnsupportedContent):
            done = self._run(task, body, deadline)
            return done if isinstance(done, Facts) else None
        return None

    def close(self) -> None:
        """End all processes that rest; the others end with their picture."""
        self._closed = True
        while rested := self._take():
            self._end(rested)

    def _run(self, task: Task, body: bytes, deadline: Deadline) -> Done:
        deadline.wait(lambda patience: self._slots.acquire(timeout=patience), "queue")
        try:
            return self._run_in_slot(task, body, deadline)
        finally:
            self._slots.release()

    def _run_in_slot(self, task: Task, body: bytes, deadline: Deadline) -> Done:
        rested = self._take()
        if rested:
            with suppress(_Ended):  # it may have been about to end for want of work
                return self._ask(rested, task, body, deadline)
        try:
            return self._ask(self._start(), task, body, deadline)
        except _Ended:
            raise UnsupportedContent(DIED, reason="type") from None

    def processes(self) -> list[int]:
        """Return the ids of the processes that have not ended."""
        with self._lock:
            return [each.pid for each in self._alive]

    def _start(self) -> _Decoder:
        started = _Decoder()
        with self._lock:
            self._alive.add(started)
        return started

    def _end(self, decoder: _Decoder) -> None:
        decoder.close()
        with self._lock:
            self._alive.discard(decoder)

    def _take(self) -> _Decoder | None:
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _ask(self, decoder: _Decoder, task: Task, body: bytes, deadline: Deadline) -> Done:
        try:
            done = decoder.ask(task, body, deadline)
        except BaseException:
            self._end(decoder)
            raise
        with self._lock:
            self._idle.append(decoder)
        if self._closed:
            self.close()
        return done


class _Ended(Exception):
    """The process ended before it answered."""


class _Decoder:
    """One process. Its pipes are its only ties: it ends when they close."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(  # noqa: S603  (the command is ours)
            COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=ENVIRONMENT,
            start_new_session=True,  # Ctrl-C in a terminal is for the server, which lets pictures end
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, task: Task, body: bytes, deadline: Deadline) -> Done:
        """Send a task and wait for its end. Raises _Ended, TargetTimeout."""
        try:
            self._send(msgspec.msgpack.encode(task), body)
            deadline.wait(self._has_answer, "body")
            return self._receive()
        except (OSError, msgspec.MsgspecError) as error:
            if isinstance(error, TargetTimeout):
                raise
            raise _Ended from error

    def _send(self, task: bytes, body: bytes) -> None:
        assert self._process.stdin  # noqa: S101
        self._process.stdin.write(SIZES.pack(len(task), len(body)) + task)
        self._process.stdin.write(body)
        self._process.stdin.flush()

    def _has_answer(self, patience: float) -> bool:
        poll = select.poll()
        assert self._process.stdout  # noqa: S101
        poll.register(self._process.stdout, select.POLLIN)
        return bool(poll.poll(patience * 1000))

    def _receive(self) -> Done:
        assert self._process.stdout  # noqa: S101
        [length] = SIZE.unpack(self._process.stdout.read(SIZE.size).ljust(SIZE.size, b"\xff"))
        if length > MAX_ANSWER:
            raise _Ended
        return _decode(self._process.stdout.read(length))

    def close(self) -> None:
        """Kill the process and bury it."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):  # unsent bytes
                if pipe:
                    pipe.close()
        self._process.wait()
