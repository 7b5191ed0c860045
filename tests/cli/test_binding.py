"""The address to listen on: refused in one line, and waited for while a killed server lets go of it."""

from __future__ import annotations

import socket
import threading

from app.cli.binding import Address, refusal


def listener() -> tuple[socket.socket, Address]:
    taken = socket.create_server(("127.0.0.1", 0))
    return taken, Address("127.0.0.1", taken.getsockname()[1])


def test_a_taken_port_is_refused_with_a_free_one_to_take() -> None:
    taken, address = listener()
    with taken:
        told = refusal(address) or ""
    assert told.startswith(f"{address} is taken by another program; --bind 127.0.0.1:")


def test_a_port_that_is_let_go_in_time_is_taken() -> None:
    taken, address = listener()
    timer = threading.Timer(0.3, taken.close)
    timer.start()
    assert refusal(address) is None
    timer.join()


def test_an_address_of_another_machine_is_refused_at_once() -> None:
    assert "is no address of this machine" in (refusal(Address("192.0.2.1", 8000)) or "")
