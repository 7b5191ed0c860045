"""A client that is slow, or gone: nobody waits for it, and nothing is lost."""

from __future__ import annotations

import select
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from app.server.channel import LEAST, STALL, Client, Ledger

MUCH = b"a" * 8 * 2**20  # more than the system keeps for a client


@dataclass(slots=True)
class Line:
    """A client as the worker has it, and the far end."""

    client: Client
    far: socket.socket
    ledger: Ledger
    lags: list[Client] = field(default_factory=list)

    def read(self, size: int) -> bytes:
        """So many bytes at the far end, while the loop sends on."""
        received = b""
        while len(received) < size:
            received += self.far.recv(size - len(received))
            self.client.send_on()
        return received


@pytest.fixture
def line() -> Iterator[Line]:
    near, far = socket.socketpair()
    far.settimeout(10)
    lags: list[Client] = []
    ledger = Ledger()
    line = Line(Client(near, ledger, lags.append), far, ledger, lags)
    yield line
    line.client.close()
    far.close()


def test_what_fits_is_sent_at_once(line: Line) -> None:
    line.client.sendall(b"hello")
    assert line.far.recv(9) == b"hello"
    assert (line.client.behind, line.lags, line.ledger.kept) == (False, [], 0)


def test_a_head_goes_out_with_its_body() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as far:
        client = Client(server.accept()[0], Ledger(), lambda client: None)
        client.expect_more()
        client.sendall(b"head ")
        assert not select.select([far], [], [], 0.05)[0]
        client.sendall(b"body")
        far.settimeout(10)
        assert far.recv(99) == b"head body"
        client.close()


def test_whoever_sends_much_to_a_slow_client_does_not_wait(line: Line) -> None:
    begun = time.monotonic()
    line.client.sendall(MUCH)
    assert time.monotonic() - begun < 1
    assert (line.client.behind, line.client.full, line.lags) == (True, True, [line.client])
    assert line.ledger.kept == len(MUCH)


def test_what_was_kept_arrives_in_order(line: Line) -> None:
    line.client.sendall(MUCH)
    line.client.sendall(b"the end")
    assert line.read(len(MUCH) + 7) == MUCH + b"the end"
    assert (line.client.behind, line.ledger.kept) == (False, 0)


def test_the_loop_is_told_once_of_each_time_that_a_client_lags(line: Line) -> None:
    for _ in range(2):
        line.client.sendall(MUCH)
        line.client.sendall(MUCH)
        line.read(2 * len(MUCH))
    assert len(line.lags) == 2


def test_two_threads_mix_nothing_up(line: Line) -> None:
    line.client.sendall(MUCH)
    reader = threading.Thread(target=line.read, args=(len(MUCH) + 4_000_000,))
    reader.start()
    for _ in range(1_000):
        line.client.sendall(b"b" * 4_000)
    reader.join(20)
    assert (line.client.behind, line.ledger.kept) == (False, 0)


def test_who_has_gone_is_told_to_whoever_sends(line: Line) -> None:
    line.far.close()
    with pytest.raises(BrokenPipeError):
        line.client.sendall(b"hello")
    assert line.client.gone


def test_what_a_client_that_was_given_up_has_not_taken_is_forgotten(line: Line) -> None:
    line.client.sendall(MUCH)
    line.client.give_up()
    assert (line.client.gone, line.client.behind, line.ledger.kept) == (True, False, 0)
    with pytest.raises(BrokenPipeError):
        line.client.sendall(b"more")


@pytest.mark.parametrize(("taken", "too_slow"), [(0, True), (LEAST // 2, True), (2 * LEAST, False)])
def test_a_client_has_to_take_something_while_there_is_something_to_take(
    line: Line, taken: int, too_slow: bool
) -> None:
    line.client.sendall(MUCH)
    now = time.monotonic()
    assert not line.client.too_slow(now + STALL / 2)
    line.client._sent += taken
    assert line.client.too_slow(now + STALL + 1) is too_slow


def test_what_a_request_lacks_is_not_waited_for(line: Line) -> None:
    line.far.sendall(b"GET / HTTP/1.1\r\n")
    assert line.client.receive() == 16
    assert line.client.receive() is None
    assert line.client.recv(100) == b"GET / HTTP/1.1\r\n"
    assert line.client.recv(100) == b""


def test_a_reader_gets_one_request_and_nothing_of_the_next(line: Line) -> None:
    line.far.sendall(b"GET / HTTP/1.1\r\n\r\nGET /next HTTP/1.1\r\n\r\n")
    line.client.receive()
    assert line.client.recv(5) == b"GET /"
    assert not line.client.was_read
    assert line.client.recv(100) == b" HTTP/1.1\r\n\r\n"
    assert line.client.was_read
    line.client.begin_next()
    assert line.client.incoming.ready
    assert line.client.recv(100) == b"GET /next HTTP/1.1\r\n\r\n"


def test_what_comes_soon_is_waited_for_and_nothing_else(line: Line) -> None:
    assert not line.client.sends_within(0.01)
    line.far.sendall(b"G")
    assert line.client.sends_within(10)
    assert line.client.receive() == 1
    line.far.close()
    assert line.client.sends_within(10)
    assert line.client.receive() == 0


def test_who_has_gone_has_no_more_to_say(line: Line) -> None:
    assert line.client.discard()
    line.far.close()
    assert not line.client.discard()
    assert line.client.receive() == 0
