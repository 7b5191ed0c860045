"""A client that is slow, or gone: nobody waits for it, and nothing is lost."""

from __future__ import annotations

import select
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from app.server.channel import MIN_TAKEN, STALL_WINDOW, Channel, UnsentTotal

MUCH = b"a" * 8 * 2**20  # more than the system keeps for a client


@dataclass(slots=True)
class Line:
    """A client as the worker has it, and the far end."""

    channel: Channel
    far: socket.socket
    total: UnsentTotal
    calls: list[Channel] = field(default_factory=list)

    def read(self, size: int) -> bytes:
        """So many bytes at the far end, while the loop sends on."""
        received = b""
        while len(received) < size:
            received += self.far.recv(size - len(received))
            self.channel.send_unsent()
        return received


@pytest.fixture
def line() -> Iterator[Line]:
    near, far = socket.socketpair()
    far.settimeout(10)
    calls: list[Channel] = []
    total = UnsentTotal()
    line = Line(Channel(near, total), far, total, calls)
    line.channel.on_unsent = lambda: calls.append(line.channel)
    yield line
    line.channel.close()
    far.close()


def test_what_fits_is_sent_at_once(line: Line) -> None:
    line.channel.sendall(b"hello")
    assert line.far.recv(9) == b"hello"
    assert (line.channel.has_unsent, line.calls, line.total.size) == (False, [], 0)


def test_a_head_goes_out_with_its_body() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as far:
        client = Channel(server.accept()[0], UnsentTotal())
        client.cork()
        client.sendall(b"head ")
        assert not select.select([far], [], [], 0.05)[0]
        client.sendall(b"body")
        far.settimeout(10)
        assert far.recv(99) == b"head body"
        client.close()


def test_whoever_sends_much_to_a_slow_client_does_not_wait(line: Line) -> None:
    begun = time.monotonic()
    line.channel.sendall(MUCH)
    assert time.monotonic() - begun < 1
    assert (line.channel.has_unsent, line.channel.above_high_watermark, line.calls) == (True, True, [line.channel])
    assert line.total.size == len(MUCH)


def test_what_was_kept_arrives_in_order(line: Line) -> None:
    line.channel.sendall(MUCH)
    line.channel.sendall(b"the end")
    assert line.read(len(MUCH) + 7) == MUCH + b"the end"
    assert (line.channel.has_unsent, line.total.size) == (False, 0)


def test_the_loop_is_called_once_each_time_that_a_client_falls_behind(line: Line) -> None:
    for _ in range(2):
        line.channel.sendall(MUCH)
        line.channel.sendall(MUCH)
        line.read(2 * len(MUCH))
    assert len(line.calls) == 2


def test_two_threads_mix_nothing_up(line: Line) -> None:
    line.channel.sendall(MUCH)
    reader = threading.Thread(target=line.read, args=(len(MUCH) + 4_000_000,))
    reader.start()
    for _ in range(1_000):
        line.channel.sendall(b"b" * 4_000)
    reader.join(20)
    assert (line.channel.has_unsent, line.total.size) == (False, 0)


def test_who_has_gone_is_told_to_whoever_sends(line: Line) -> None:
    line.far.close()
    with pytest.raises(BrokenPipeError):
        line.channel.sendall(b"hello")
    assert line.channel.gone


def test_what_a_client_that_was_given_up_has_not_taken_is_forgotten(line: Line) -> None:
    line.channel.sendall(MUCH)
    line.channel.abort()
    assert (line.channel.gone, line.channel.has_unsent, line.total.size) == (True, False, 0)
    with pytest.raises(BrokenPipeError):
        line.channel.sendall(b"more")


@pytest.mark.parametrize(("taken", "too_slow"), [(0, True), (MIN_TAKEN // 2, True), (2 * MIN_TAKEN, False)])
def test_a_client_has_to_take_something_while_there_is_something_to_take(
    line: Line, taken: int, too_slow: bool
) -> None:
    line.channel.sendall(MUCH)
    now = time.monotonic()
    assert not line.channel.is_stalled(now + STALL_WINDOW / 2)
    line.channel._sent += taken
    assert line.channel.is_stalled(now + STALL_WINDOW + 1) is too_slow


def test_what_a_request_lacks_is_not_waited_for(line: Line) -> None:
    line.far.sendall(b"GET / HTTP/1.1\r\n")
    assert line.channel.receive() == 16
    assert line.channel.receive() is None
    assert line.channel.recv(100) == b"GET / HTTP/1.1\r\n"
    assert line.channel.recv(100) == b""


def test_a_reader_gets_one_request_and_nothing_of_the_next(line: Line) -> None:
    line.far.sendall(b"GET / HTTP/1.1\r\n\r\nGET /next HTTP/1.1\r\n\r\n")
    line.channel.receive()
    assert line.channel.recv(5) == b"GET /"
    assert not line.channel.was_read
    assert line.channel.recv(100) == b" HTTP/1.1\r\n\r\n"
    assert line.channel.was_read
    line.channel.start_next_request()
    assert line.channel.receiver.ready
    assert line.channel.recv(100) == b"GET /next HTTP/1.1\r\n\r\n"


def test_what_comes_soon_is_waited_for_and_nothing_else(line: Line) -> None:
    assert not line.channel.readable_within(0.01)
    line.far.sendall(b"G")
    assert line.channel.readable_within(10)
    assert line.channel.receive() == 1
    line.far.close()
    assert line.channel.readable_within(10)
    assert line.channel.receive() == 0


def test_who_has_gone_has_no_more_to_say(line: Line) -> None:
    assert line.channel.discard()
    line.far.close()
    assert not line.channel.discard()
    assert line.channel.receive() == 0


def test_a_piece_is_held_whole_until_its_last_byte_is_taken(line: Line) -> None:
    line.channel.sendall(MUCH)
    line.read(len(MUCH) // 2)
    assert line.channel.held == line.total.size == len(MUCH)
    line.read(len(MUCH) // 2)
    assert line.channel.held == line.total.size == 0
