"""What every test may have: a web of its own, and the promise that nothing leaves the machine."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from tests.certificates import Authority
from tests.site import Site

pytest_plugins = ["tests.selection", "tests.servers"]

# Events of PEP 578, and which of their arguments says where to.
_CONNECTS = {"socket.connect": 1, "socket.sendto": 1, "socket.sendmsg": 1}
_LOOKUPS = {"socket.getaddrinfo": 0, "socket.gethostbyname": 0}


def _is_here(host: object) -> bool:
    if host in (None, "", "localhost", b"localhost"):
        return True
    try:
        return ip_address(host.decode() if isinstance(host, bytes) else str(host)).is_loopback
    except ValueError:
        return False


def refuse_what_leaves(event: str, args: tuple[Any, ...]) -> None:
    """An audit hook: Python tells it of every connect, send and lookup, whatever library makes it."""
    if event in _CONNECTS:
        destination = args[_CONNECTS[event]]
        if not isinstance(destination, tuple):
            return  # a Unix socket, or one that is connected already
        host = destination[0]
    elif event in _LOOKUPS:
        host = args[_LOOKUPS[event]]
    else:
        return
    if not _is_here(host):
        raise PermissionError(f"a test wanted to reach {host!r}: tests stay on loopback")


@pytest.fixture(scope="session", autouse=True)
def _stay_on_loopback() -> None:
    sys.addaudithook(refuse_what_leaves)


@pytest.fixture
def web() -> Iterator[Site]:
    """A web of ordinary pages (see tests/site.py)."""
    site = Site()
    yield site
    site.close()


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Signs for our own servers; `authority.bundle` is the PEM file to trust."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def tls_web(authority: Authority) -> Iterator[Site]:
    """The same as `web` over TLS, with a certificate for 127.0.0.1, 127.0.0.2 and example.com."""
    site = Site(tls=authority.server_context("127.0.0.1", "127.0.0.2", "example.com"))
    yield site
    site.close()


@pytest.fixture(scope="session")
def ca_bundle(authority: Authority) -> Path:
    return authority.bundle
