"""The address that `pagecard serve` listens on: read, and tried before anything else is done."""

from __future__ import annotations

import errno
import re
import socket
import time
from dataclasses import dataclass
from ipaddress import ip_address

import click

LAST_PORT = 65_535
LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  (every address, and the one of them that is nearest)
LINGER = 3.0  # seconds that workers may hold a port after their master was killed
NEXT_PORTS = 100  # that are tried to find a free one to suggest


@dataclass(frozen=True, slots=True)
class Address:
    """A host and a port to listen on. An IPv6 address stands in brackets when it is written."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def reachable(self) -> Address:
        """The address that a client on this machine connects to."""
        return Address(LOOPBACK.get(self.host, self.host), self.port)


class Bind(click.ParamType[str | Address]):
    """HOST:PORT, [IPV6]:PORT, or unix:PATH."""

    name = "bind"

    def convert(self, value: str | Address, param: click.Parameter | None, ctx: click.Context | None) -> str | Address:
        if isinstance(value, Address) or value.startswith("unix:"):
            return value
        host, colon, port = value.rpartition(":")
        if not colon or not re.fullmatch("[0-9]{1,5}", port) or int(port) > LAST_PORT or not _is_host(host):
            self.fail(f"{value!r} is not HOST:PORT, such as 127.0.0.1:8000, [::1]:8000 or unix:/run/pagecard.sock")
        return Address(host.strip("[]") or "0.0.0.0", int(port))  # noqa: S104  (":8000" means every address)


def _is_host(host: str) -> bool:
    if host.startswith("[") or re.fullmatch(r"[0-9.]+", host):
        try:
            return bool(ip_address(host.strip("[]")))
        except ValueError:
            return False
    return re.fullmatch(r"[A-Za-z0-9_.-]*", host) is not None


def refusal(address: Address) -> str | None:
    """Try to listen; return the reason of a failure as a line, None on success.

    A taken port is tried again for `LINGER` seconds: workers outlive a killed master by a moment.
    """
    give_up = time.monotonic() + LINGER
    while (problem := _problem(address)) and problem.errno == errno.EADDRINUSE and time.monotonic() < give_up:
        time.sleep(0.1)
    return _told(address, problem) if problem else None


def _problem(address: Address) -> OSError | None:
    try:
        _try(address)
    except OSError as error:
        return error
    return None


def _try(address: Address) -> None:
    found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, kind, protocol, _, place = found[0]
    with socket.socket(family, kind, protocol) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as gunicorn does: a closed one may linger
        listener.bind(place)
        listener.listen(1)


def _told(address: Address, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        free = _next_free(address)
        return f"{address} is taken by another program; {f'--bind {free}' if free else 'choose another with --bind'}"
    if error.errno == errno.EACCES:
        return f"{address}: ports below 1024 need the privilege to bind them; --bind {Address(address.host, 8000)}"
    return f"{address} is no address of this machine ({error.strerror}); --bind 127.0.0.1:{address.port}"


def _next_free(address: Address) -> Address | None:
    following = range(address.port + 1, min(address.port + NEXT_PORTS, LAST_PORT) + 1)
    return next((free for port in following if not _problem(free := Address(address.host, port))), None)
