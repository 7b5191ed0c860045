"""Reaper: run a browser that ends with its owner, and leaves nothing behind.

The driver starts it in place of the browser, as `python -I -S reaper.py OWNER PROFILE BROWSER ARGUMENT…`; it imports
nothing of Pagecard, so that it costs little.

Rule 1: when the owner, the driver that started it or the browser ends, `kill -9` included, every process
        below this one is killed.
Rule 2: it adopts orphans, so that it also finds processes outside the browser's group, and no zombie stays.
Rule 3: the profile folder goes with the browser.
"""

from __future__ import annotations

import ctypes
import os
import resource
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36  # <linux/prctl.h>
CONTROL_PIPE = (3, 4)  # where a driver that uses --remote-debugging-pipe speaks and listens
PROCESS_MEMORY = 2**30  # bytes of data for one process of the browser: a page's bomb ends that page alone
DRIVER_GRACE = 3.0  # seconds in which a driver that lost its owner may tidy up
PID_FILE = "reaper"  # in the profile folder: the process to send SIGTERM

_libc = ctypes.CDLL(None)


def main(owner: int, profile: str, command: list[str]) -> None:
    """Run `command` until it, the owner (a process id) or the driver ends, or SIGTERM comes.

    The driver kills the whole group of the process that it started, before that one can tidy up. So this process does
    nothing but wait for a child, which works in a session of its own.
    """
    driver = os.pidfd_open(os.getppid())
    started = os.pidfd_open(os.getpid())
    worker = os.fork()
    if worker:
        _close_control_pipe()
        os.waitpid(worker, 0)
    else:
        os.setsid()
        _reap(owner, driver, started, profile, command)


def _reap(owner: int, driver: int, started: int, profile: str, command: list[str]) -> None:
    _libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    signal.signal(signal.SIGTERM, _stop)
    Path(profile, PID_FILE).write_text(str(os.getpid()))
    try:
        owner_end = os.pidfd_open(owner)
        _wait_for_any(owner_end, driver, started, _start(command))
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second signal does not stop the clean-up
        _kill_descendants()
        shutil.rmtree(profile, ignore_errors=True)
    if _wait_for_any(owner_end, timeout=0):
        _end_driver(driver)


def _stop(*_: object) -> None:
    raise SystemExit


def _start(command: list[str]) -> int:
    browser = subprocess.Popen(command, pass_fds=CONTROL_PIPE, process_group=0, preexec_fn=_in_the_browser)  # noqa: S603
    _close_control_pipe()
    return os.pidfd_open(browser.pid)


def _close_control_pipe() -> None:
    """Leave the pipe to the browser alone: with another holder the other end would not see the browser end."""
    for end in CONTROL_PIPE:
        os.close(end)


def _in_the_browser() -> None:
    """Prepare the browser between fork and exec: let it end with the reaper, and bound its memory."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    resource.setrlimit(resource.RLIMIT_DATA, (PROCESS_MEMORY, PROCESS_MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _wait_for_any(*processes: int, timeout: float | None = None) -> bool:
    """Whether one of the processes ended within `timeout` seconds."""
    poll = select.poll()
    for process in processes:
        poll.register(process, select.POLLIN)
    return bool(poll.poll(None if timeout is None else timeout * 1_000))


def _kill_descendants() -> None:
    """Kill generation by generation: the children of a killed process become this process' own."""
    while children := Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
        for child in children:
            os.kill(int(child), signal.SIGKILL)
            os.waitpid(int(child), 0)


def _end_driver(driver: int) -> None:
    """End the driver from a separate process: the driver waits for its parent before cleaning up."""
    if os.fork():
        return
    os.closerange(0, 3)
    if not _wait_for_any(driver, timeout=DRIVER_GRACE):
        signal.pidfd_send_signal(driver, signal.SIGKILL)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3:])
