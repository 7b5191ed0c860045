"""Fork server: forks job runners from a process that has imported their code, at once and with shared memory.

Rule 1: it has one thread and opens nothing, so what it forks begins with clean hands.
Rule 2: it ends with the process that made it, and its runners end with it.
Rule 3: whoever asks it in vain starts a runner as a program of its own.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import active_children, get_context
from multiprocessing.process import BaseProcess

from app.jobs.process import die_with, name_process

Be = Callable[[int, int, int], None]
"""Is a runner: of a place, with the file descriptor of the place's lock, for as long as a process lives."""

BURIAL = 5.0  # seconds that a runner which ended may stay a zombie
PATIENCE = 10.0  # seconds that a runner has to end when it is told to


class ForkServer:
    """Client of the fork server. Create while this process has one thread; its children may use the server, too."""

    def __init__(self, be: Be) -> None:
        parent = os.getpid()
        self._asking, asked = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._asking.setblocking(False)
        gc.freeze()  # a collection in a runner would copy all that it shares
        self.pid = os.fork()
        if not self.pid:
            self._asking.close()
            _rear(asked, be, parent)
        asked.close()

    def ask(self, place: int, lock: int) -> bool:
        """Request a runner with the file descriptor `lock`; False if the server is gone."""
        try:
            socket.send_fds(self._asking, [str(place).encode()], [lock])
        except OSError:
            return False
        return True

    def close(self) -> None:
        """End it and its runners; they have ended when this returns."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)
        with suppress(ChildProcessError):  # whoever waits for any child has seen it end
            os.waitpid(self.pid, 0)
        self._asking.close()


def _rear(asked: socket.socket, be: Be, parent: int) -> None:
    """Fork until told to end, or nobody is left who could ask. Does not return."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal, for everybody: whoever made us tells us in time
        signal.signal(signal.SIGTERM, lambda *_: sys.exit())
        die_with(parent)
        name_process("fork-server")
        while _fork_one(asked, be):
            active_children()  # buries those that have ended
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        _end(active_children())
        os._exit(0)


def _end(runners: list[BaseProcess]) -> None:
    for runner in runners:
        runner.terminate()
    for runner in runners:
        runner.join(PATIENCE)
        runner.kill()


def _fork_one(asked: socket.socket, be: Be) -> bool:
    """Wait for a request and fork a runner; False once all clients are gone."""
    if not select.select([asked], [], [], BURIAL)[0]:
        return True
    place, locks, _, _ = socket.recv_fds(asked, 16, 1)
    for lock in locks:
        # A runner that is told to end before it has forgotten our ways would not hear it.
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
        get_context("fork").Process(target=_be, args=(asked, be, int(place), lock)).start()
        os.close(lock)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
    return bool(locks)


def _be(asked: socket.socket, be: Be, place: int, lock: int) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
    asked.close()
    name_process("runner")
    be(place, lock, os.getppid())
