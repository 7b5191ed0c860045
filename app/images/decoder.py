"""Decoder process: draws pictures of strangers, one at a time, under limits of its own.

Rule 1: memory, time and files are limited by the kernel, so a bomb ends this process and no other.
Rule 2: it ends with the pipe from its worker, also after `kill -9`; in the middle of a picture by SIGALRM or SIGPROF.
Rule 3: it gives way to everything else (niceness).
"""

from __future__ import annotations

import os
import resource
import signal
import sys
from select import select
from typing import BinaryIO

import msgspec

from app.images.drawing import draw
from app.images.tasks import SIZE, SIZES, Done, Task

NICENESS = 15
MEMORY = 640 * 2**20  # bytes of address space: 40 megapixels twice, and the libraries
CPU_LIMIT = 5.0  # seconds of the processor for one picture
TIME_LIMIT = 15.0  # seconds by the clock: on a busy machine the others come first
IDLE = 60.0  # seconds without work after which it ends


def main() -> None:
    """Serve tasks from standard input until it ends."""
    _limit()
    asked, answers = sys.stdin.buffer, sys.stdout.buffer
    while _next(asked, answers):
        _set_clocks(0, 0)


def _limit() -> None:
    os.nice(NICENESS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _set_clocks(seconds: float, cpu_seconds: float) -> None:
    """Have the kernel end this process after so much time; 0 for never."""
    signal.setitimer(signal.ITIMER_REAL, seconds)
    signal.setitimer(signal.ITIMER_PROF, cpu_seconds)


def _next(asked: BinaryIO, answers: BinaryIO) -> bool:
    """Do one task; False where none came."""
    if not select([asked], [], [], IDLE)[0]:
        return False
    sizes = asked.read(SIZES.size)
    if len(sizes) < SIZES.size:
        return False
    _set_clocks(TIME_LIMIT, CPU_LIMIT)
    length, body_length = SIZES.unpack(sizes)
    task = msgspec.msgpack.decode(asked.read(length), type=Task)
    done: Done = draw(task, asked.read(body_length))
    encoded = msgspec.msgpack.encode(done)
    answers.write(SIZE.pack(len(encoded)) + encoded)
    answers.flush()
    return True


if __name__ == "__main__":
    main()
