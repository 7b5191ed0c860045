"""The promise that no test sends anything beyond this machine."""

from __future__ import annotations

import socket

import pytest

from tests.conftest import refuse_what_leaves
from tests.site import Site


@pytest.mark.parametrize(
    ("event", "args"),
    [
        ("socket.connect", (None, ("192.0.2.1", 80))),
        ("socket.connect", (None, ("2001:db8::1", 80, 0, 0))),
        ("socket.connect", (None, ("0.0.0.0", 80))),
        ("socket.connect", (None, ("example.com", 80))),
        ("socket.sendto", (None, ("192.0.2.1", 53))),
        ("socket.sendmsg", (None, ("192.0.2.1", 53))),
        ("socket.getaddrinfo", ("example.com", 80, 0, 1, 0)),
        ("socket.getaddrinfo", (b"example.com", 80, 0, 1, 0)),
        ("socket.gethostbyname", ("example.com",)),
    ],
)
def test_what_would_leave_is_refused(event: str, args: tuple[object, ...]) -> None:
    with pytest.raises(PermissionError, match="tests stay on loopback"):
        refuse_what_leaves(event, args)


@pytest.mark.parametrize(
    ("event", "args"),
    [
        ("socket.connect", (None, ("127.0.0.9", 80))),
        ("socket.connect", (None, ("::1", 80, 0, 0))),
        ("socket.connect", (None, "/run/a.sock")),
        ("socket.getaddrinfo", ("localhost", 80, 0, 1, 0)),
        ("socket.getaddrinfo", ("127.0.0.1", 80, 0, 1, 0)),
        ("socket.getaddrinfo", (None, 80, 0, 1, 0)),
        ("open", ("/etc/hosts", "r", 0)),
    ],
)
def test_what_stays_is_not(event: str, args: tuple[object, ...]) -> None:
    refuse_what_leaves(event, args)


def test_the_hook_is_at_work_in_every_test(web: Site) -> None:
    socket.create_connection(("127.0.0.1", web.port)).close()
    with pytest.raises(PermissionError):
        socket.getaddrinfo("name.invalid", 80)
