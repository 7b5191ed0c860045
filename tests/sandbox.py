"""A network namespace of one's own, with nothing in it but loopback: whatever is sent anywhere stays inside.

Rule 1: `run` starts a module in a new namespace (`unshare -rn`); there is no route out of it.
Rule 2: inside, `assign` gives loopback any address there is, so that a "public" site can be served and
        fetched, and a canary can sit on a private one.
"""

from __future__ import annotations

import fcntl
import json
import shutil
import socket
import struct
import subprocess
import sys
import time
from contextlib import suppress
from functools import cache
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parent.parent
_SIOCSIFADDR, _SIOCSIFFLAGS, _SIOCSIFNETMASK = 0x8916, 0x8914, 0x891C
_IFF_UP = 1


@cache
def why_not() -> str | None:
    """The reason why there can be no sandbox on this machine, None if there can."""
    unshare = shutil.which("unshare")
    if unshare is None:
        return "unshare is not installed"
    if subprocess.run([unshare, "-rn", "true"], capture_output=True, check=False, timeout=10).returncode:
        return "this system lets nobody make a network namespace"
    return None


def run(module: str, timeout: float = 60.0) -> Any:
    """Run `python -m module` inside, and return the JSON that it prints."""
    done = subprocess.run(
        ["unshare", "-rn", sys.executable, "-m", module], cwd=_ROOT, capture_output=True, check=False, timeout=timeout
    )
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def bring_up() -> None:
    """Inside: switch loopback on."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", _IFF_UP))


def assign(address: IPv4Address | IPv6Address) -> None:
    """Inside: make an address this machine's own."""
    if isinstance(address, IPv4Address):
        _assign_ipv4(address)
    else:
        _assign_ipv6(address)


def _assign_ipv6(address: IPv6Address) -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
        request = struct.pack("16sIi", address.packed, 128, socket.if_nametoindex("lo"))
        fcntl.ioctl(sock, _SIOCSIFADDR, request)
        for _ in range(100):  # the kernel takes a moment
            with suppress(OSError):
                sock.bind((str(address), 0))
                return
            time.sleep(0.01)


_aliases = iter(range(1, 10_000))


def _assign_ipv4(address: IPv4Address) -> None:
    alias = f"lo:{next(_aliases)}".encode()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for call, value in ((_SIOCSIFADDR, address.packed), (_SIOCSIFNETMASK, b"\xff\xff\xff\xff")):
            fcntl.ioctl(sock, call, struct.pack("16sHH4s8x", alias, socket.AF_INET, 0, value))
