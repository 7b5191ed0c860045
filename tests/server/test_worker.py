"""The worker as gunicorn runs it: one of them, two threads, and less patience than it has with real clients."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from app.cli.serving import free_port
from app.server.connections import NEXT_REQUEST_WAIT
from app.settings import PREFIX, Settings
from app.storage.database import open_primary
from app.storage.generations import Generations
from app.storage.keys import KeyStore
from tests.servers import end, listens, until
from tests.site import readable

pytestmark = pytest.mark.server

PROGRAM = """
import app.server.connections, app.server.channel
app.server.connections.NEXT_REQUEST_WAIT = {soon}
app.server.connections.LINGER = app.server.channel.STALL_WINDOW = 1
app.server.connections.REQUEST_TIMEOUT = {whole}
app.server.channel.MIN_TAKEN = 8 * 1024
from gunicorn.app.wsgiapp import run
run()
"""
THREADS, CONNECTIONS = 2, 60
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST /v1/extract/batch HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"


@contextmanager
def started(
    folder: Path, application: str, *options: str, soon: float = NEXT_REQUEST_WAIT, whole: float = 1, **settings: str
) -> Iterator[int]:
    """The port on which a worker serves an application."""
    port, program = free_port(), PROGRAM.format(soon=soon, whole=whole)
    command = [
        sys.executable,
        "-P",
        "-c",
        program,
        "-c",
        "python:app.server.config",
        "-b",
        f"127.0.0.1:{port}",
        "-w",
        "1",
    ]
    small = ("--threads", str(THREADS), "--worker-connections", str(CONNECTIONS), "--pythonpath", str(folder))
    environ = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    with (folder / "log").open("wb") as output:
        process = subprocess.Popen(
            [*command, *small, *options, application],
            env=environ | {"PAGECARD_DATA_DIR": str(folder / "data"), **settings},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        until(lambda: listens(port))
        with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
            client.sendall(HEALTH)
            client.recv(1)  # it listens before it has its application
        yield port
    finally:
        end(process)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("worker")


@pytest.fixture(scope="module")
def port(folder: Path) -> Iterator[int]:
    """The service."""
    with started(folder, "app:create_app()") as port:
        yield port


@pytest.fixture(scope="module")
def key(folder: Path, port: int) -> str:
    settings = Settings(data_dir=folder / "data")
    primary = open_primary(settings)
    secret, _ = KeyStore(primary, Generations(settings.generations_file)).create("enterprise")
    primary.engine.dispose()
    return secret


# An application that answers as its path says, and tells how many of its streams have begun and ended.
LARGE = """
import os
from types import SimpleNamespace
from app.metrics import SERVER_ERRORS

begun, ended = [], []

def application(environ, start_response):
    kind = environ["PATH_INFO"]
    if kind == "/streams":
        body = [b"%d %d" % (len(begun), len(ended))]
    elif kind == "/broken":
        raise RuntimeError("broken")
    elif kind == "/loop":
        body = [b"%d %d" % (os.getpid(), SERVER_ERRORS._value.get())]
    elif kind == "/fills":
        body = fills(environ["gunicorn.socket"])
    elif kind.startswith("/fails-in-"):
        setattr(environ["gunicorn.socket"], kind.removeprefix("/fails-in-"), fails)
        body = [b"fails"]
    elif kind == "/breaks":
        body = breaks()
    elif kind == "/whole":
        body = [b"~" * 20_000_000]
    else:
        body = stream()
    start_response("200 OK", [("Content-Length", str(len(body[0])))] if isinstance(body, list) else [])
    return body

def breaks():
    yield b"half"
    raise RuntimeError("broken")

def fills(channel):
    # Leave no room in the system's send buffer behind the answer.
    yield b"filled"
    for size in (65_536, 1):
        try:
            while True:
                channel._sock.send(b"~" * size)
        except BlockingIOError:
            pass

def fails(*_):
    raise RuntimeError("a mistake in the loop")

def stream():
    begun.append(1)
    try:
        for _ in range(400):
            yield b"~" * 50_000
    finally:
        ended.append(1)

engine = SimpleNamespace(start=lambda *_: None)
settings = SimpleNamespace(connections_per_address=0, trusted_proxies=())
application.extensions = {
    "pagecard": SimpleNamespace(fill=lambda: None, jobs=SimpleNamespace(engine=engine), settings=settings)
}
"""


@pytest.fixture(scope="module")
def large_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """An application with answers of 20 MB, at once at /whole and in pieces at /stream."""
    folder = tmp_path_factory.mktemp("large")
    (folder / "large.py").write_text(LARGE)
    with started(folder, "large:application") as port:
        yield port


@pytest.fixture(scope="module")
def patient_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The service, one of whose threads waits for seconds for what a client asks next."""
    with started(tmp_path_factory.mktemp("patient"), "app:create_app()", soon=5) as port:
        yield port


@pytest.fixture
def connect() -> Iterator[Callable[..., socket.socket]]:
    """Opens a connection, and sends something."""
    with ExitStack() as stack:

        def connect(port: int, *pieces: bytes) -> socket.socket:
            client = stack.enter_context(socket.socket())
            client.settimeout(20)
            client.connect(("127.0.0.1", port))
            for piece in pieces:
                client.sendall(piece)
            return client

        yield connect


Connect = Callable[..., socket.socket]


def connect_from(address: str, port: int) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port), timeout=20, source_address=(address, 0))
    client.sendall(HEALTH)
    return client


def is_answered(client: socket.socket) -> bool:
    try:
        return client.recv(4_096).startswith(b"HTTP/1.1 200")
    except ConnectionResetError:
        return False


def test_one_address_has_so_many_connections_and_another_has_its_own(tmp_path: Path) -> None:
    few = {"PAGECARD_CONNECTIONS_PER_ADDRESS": "5", "PAGECARD_TRUSTED_PROXIES": "127.0.0.9"}
    with started(tmp_path, "app:create_app()", whole=60, **few) as port, ExitStack() as stack:

        def half_requests(address: str, count: int) -> list[socket.socket]:
            clients = [stack.enter_context(connect_from(address, port)) for _ in range(count)]
            for client in clients:
                assert is_answered(client)
                client.sendall(POST)
            return clients

        busy = half_requests("127.0.0.2", 5)
        assert is_answered(stack.enter_context(connect_from("127.0.0.3", port)))  # after a turn of the loop
        refused = stack.enter_context(connect_from("127.0.0.2", port))
        assert not is_answered(refused)
        assert is_answered(stack.enter_context(connect_from("127.0.0.3", port)))
        half_requests("127.0.0.9", 8)
        busy[0].close()
        until(lambda: is_answered(stack.enter_context(connect_from("127.0.0.2", port))))


def test_an_idle_connection_makes_room_for_the_next_of_its_address(tmp_path: Path) -> None:
    with started(tmp_path, "app:create_app()", PAGECARD_CONNECTIONS_PER_ADDRESS="3") as port, ExitStack() as stack:
        for _ in range(12):
            assert is_answered(stack.enter_context(connect_from("127.0.0.4", port)))


def rest(client: socket.socket) -> bytes:
    """All that comes until the worker closes."""
    received = b""
    try:
        while piece := client.recv(65_536):
            received += piece
    except ConnectionResetError:
        received += b"[reset]"
    return received


def ask(connect: Connect, port: int, request: bytes = HEALTH) -> float:
    """Seconds until the first byte of an answer comes."""
    begun = time.monotonic()
    client = connect(port, request)
    assert client.recv(12) == b"HTTP/1.1 200"
    client.close()
    return time.monotonic() - begun


def error(answer: bytes) -> tuple[bytes, Any]:
    """The status line, and the error in the envelope."""
    head, _, body = answer.partition(b"\r\n\r\n")
    envelope = json.loads(body)
    assert set(envelope) == {"success", "error", "meta"}
    assert f"X-Request-Id: {envelope['meta']['request_id']}".encode() in head
    return head.split(b"\r\n")[0], envelope["error"]


# What comes slowly ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "begun",
    [b"", b"G", HEALTH[:-2], POST + b"Content-Length: 9\r\n\r\n{", POST + b"Transfer-Encoding: chunked\r\n\r\n9\r\n{"],
    ids=["nothing", "a byte", "a head", "a body", "a chunk"],
)
def test_clients_that_send_no_whole_request_hold_up_nobody(connect: Connect, port: int, begun: bytes) -> None:
    for _ in range(10 * THREADS):
        connect(port, begun)
    assert ask(connect, port) < 0.5


def test_a_request_that_does_not_become_whole_is_told_so(connect: Connect, port: int) -> None:
    client = connect(port, HEALTH[:-2])
    begun = time.monotonic()
    status, problem = error(rest(client))
    assert (status, problem["code"]) == (b"HTTP/1.1 400 INVALID_BODY", "INVALID_BODY")
    assert 0.5 < time.monotonic() - begun < 5


def test_a_byte_now_and_then_buys_no_more_time(connect: Connect, port: int) -> None:
    client = connect(port, b"GET / HTTP/1.1\r\nX: ")
    begun = time.monotonic()
    while not readable([client], 0.1):
        client.sendall(b"a")
    assert time.monotonic() - begun < 5
    assert client.recv(12) == b"HTTP/1.1 400"


def test_a_request_in_pieces_is_answered(connect: Connect, port: int) -> None:
    client = connect(port)
    for byte in HEALTH:
        client.sendall(bytes([byte]))
    assert client.recv(65_536).startswith(b"HTTP/1.1 200")


def test_requests_that_come_at_once_are_answered_one_after_another(connect: Connect, port: int) -> None:
    client = connect(port, HEALTH * 20 + HEALTH.replace(b"Host", b"Connection: close\r\nHost"))
    assert rest(client).count(b'{"status":"ok"}') == 21


def test_a_connection_is_kept_for_the_next_request(connect: Connect, port: int) -> None:
    client = connect(port)
    for _ in range(3):
        client.sendall(HEALTH)
        received = b""
        while not received.endswith(b'{"status":"ok"}'):
            received += client.recv(65_536)
        assert b"\r\nConnection: keep-alive\r\n" in received


def answered(client: socket.socket, *pieces: bytes) -> bytes:
    """What comes for a request, up to the end of an answer of `/healthz`."""
    for piece in pieces:
        client.sendall(piece)
        time.sleep(0.02)
    received = b""
    while not received.endswith(b'{"status":"ok"}') and (piece := client.recv(65_536)):
        received += piece
    return received


@pytest.mark.parametrize(
    "pieces",
    [
        [HEALTH],
        [HEALTH[:9], HEALTH[9:]],
        [b"\r\n", HEALTH],
        [HEALTH.replace(b"Host", b"X-Api-Key: ks_live_" + b"a" * 32 + b"\r\nHost")],
        [HEALTH.replace(b"Host", b"Content-Length: 2\r\nExpect: 100-continue\r\nHost"), b"{}"],
    ],
    ids=["whole", "in pieces", "after an empty line", "another key", "with a body to be waited for"],
)
def test_what_is_asked_right_after_an_answer_is_answered(
    connect: Connect, patient_port: int, pieces: list[bytes]
) -> None:
    client = connect(patient_port)
    begun = time.monotonic()
    for request_ in ([HEALTH], pieces, [HEALTH]):
        assert answered(client, *request_).count(b"HTTP/1.1 200 OK") == 1
    assert time.monotonic() - begun < 3


def test_a_thread_that_waits_for_its_client_holds_up_nobody(connect: Connect, patient_port: int) -> None:
    for _ in range(10 * THREADS):
        begun = time.monotonic()
        assert b"HTTP/1.1 200 OK" in answered(connect(patient_port), HEALTH)
        assert time.monotonic() - begun < 3


def test_clients_that_leave_with_their_answer_leave_their_room(connect: Connect, patient_port: int) -> None:
    begun = time.monotonic()
    for _ in range(2 * CONNECTIONS):
        ask(connect, patient_port)
    assert time.monotonic() - begun < 30


def test_who_waits_to_be_told_to_go_on_is_told_once(connect: Connect, port: int) -> None:
    client = connect(port, POST + b"Content-Length: 2\r\nConnection: close\r\nExpect: 100-continue\r\n\r\n")
    assert client.recv(65_536) == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.sendall(b"{}")
    assert rest(client).startswith(b"HTTP/1.1 401 ")


def test_a_body_that_is_too_large_is_refused_before_it_comes(connect: Connect, port: int) -> None:
    client = connect(port, POST + b"Content-Length: 99999999\r\nExpect: 100-continue\r\n\r\n")
    answer = rest(client)
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert b"\r\nConnection: close\r\n" in answer


# What goes slowly -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [b"/whole", b"/stream"])
def test_clients_that_take_no_answer_hold_up_nobody(connect: Connect, large_port: int, path: bytes) -> None:
    for _ in range(4 * THREADS):
        assert connect(large_port, HEALTH.replace(b"/healthz", path)).recv(12) == b"HTTP/1.1 200"
    assert ask(connect, large_port, HEALTH.replace(b"/healthz", b"/ended")) < 0.5


@pytest.mark.parametrize("path", [b"/whole", b"/stream"])
def test_a_client_that_takes_its_time_gets_everything(connect: Connect, large_port: int, path: bytes) -> None:
    request = HEALTH.replace(b"/healthz", path).replace(b"Host", b"Connection: close\r\nHost")
    client = connect(large_port, request)
    time.sleep(0.5)
    assert rest(client).count(b"~") == 20_000_000


@pytest.mark.parametrize("path", [b"/whole", b"/stream"])
def test_a_client_that_takes_nothing_is_ended(connect: Connect, large_port: int, path: bytes) -> None:
    client = connect(large_port, HEALTH.replace(b"/healthz", path))
    time.sleep(4)
    assert len(rest(client)) < 20_000_000


def test_a_stream_that_nobody_takes_is_told_so(connect: Connect, large_port: int) -> None:
    def streams() -> tuple[int, int]:
        request_ = HEALTH.replace(b"/healthz", b"/streams").replace(b"Host", b"Connection: close\r\nA")
        begun, ended = rest(connect(large_port, request_)).rpartition(b"\r\n\r\n")[2].split()
        return int(begun), int(ended)

    def ended(count: int) -> bool:
        return streams() == (count, count)

    until(lambda: ended(streams()[0]), timeout=10)  # other tests may have left some
    before, _ = streams()
    clients = [connect(large_port, HEALTH.replace(b"/healthz", b"/stream")) for _ in range(3)]
    clients[0].recv(9)
    clients[0].close()
    until(lambda: ended(before + 3), timeout=10)


def test_an_application_that_fails_is_a_500_in_the_envelope(connect: Connect, large_port: int) -> None:
    status, problem = error(rest(connect(large_port, HEALTH.replace(b"/healthz", b"/broken"))))
    assert (status, problem["code"]) == (b"HTTP/1.1 500 INTERNAL_ERROR", "INTERNAL_ERROR")


def test_an_answer_that_breaks_off_is_seen_to_break_off(connect: Connect, large_port: int) -> None:
    answer = rest(connect(large_port, HEALTH.replace(b"/healthz", b"/breaks")))
    assert answer.endswith(b"\r\n\r\n4\r\nhalf\r\n")


# Mistakes in the event loop ---------------------------------------------------------------------------------------


def loop(connect: Connect, port: int) -> tuple[int, int]:
    """The worker's process, and how many exceptions its loop has caught."""
    request = HEALTH.replace(b"/healthz", b"/loop").replace(b"Host", b"Connection: close\r\nHost")
    pid, errors = rest(connect(port, request)).rpartition(b"\r\n\r\n")[2].split()
    return int(pid), int(errors)


@pytest.mark.parametrize(
    "half", [HEALTH[:9], POST + b"Content-Length: 9\r\n\r\n{", POST + b"Content-Length: 9\r\n\r\n"]
)
def test_a_half_request_that_times_out_on_a_full_connection_costs_that_connection(
    connect: Connect, large_port: int, half: bytes
) -> None:
    before = loop(connect, large_port)
    client = connect(large_port, HEALTH.replace(b"/healthz", b"/fills"))
    until(lambda: readable([client], 0.1))
    time.sleep(0.5)
    client.sendall(half)
    time.sleep(3)
    assert loop(connect, large_port) == before


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /fails-in-finish HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        b"GET /fails-in-start_next_request HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /fails-in-receive HTTP/1.1\r\nHost: a\r\n\r\nGET",
        b"GET /fails-in-discard HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    ],
)
def test_an_exception_in_the_loop_costs_one_connection(connect: Connect, large_port: int, request_: bytes) -> None:
    kept = connect(large_port, HEALTH.replace(b"/healthz", b"/loop"))
    kept.recv(65_536)
    pid, errors = loop(connect, large_port)
    client = connect(large_port, request_)
    client.recv(1)
    with suppress(ConnectionError):
        client.sendall(b"more")
    assert b"HTTP/1.1" not in rest(client)[9:]
    assert loop(connect, large_port) == (pid, errors + 1)
    kept.sendall(HEALTH.replace(b"/healthz", b"/loop"))
    assert kept.recv(12) == b"HTTP/1.1 200"


# Many -------------------------------------------------------------------------------------------------------------


def test_idle_connections_make_room_for_new_ones(connect: Connect, port: int) -> None:
    for _ in range(3 * CONNECTIONS):
        connect(port)
    assert ask(connect, port) < 0.5


def test_kept_connections_make_room_for_new_ones(connect: Connect, port: int) -> None:
    for _ in range(2 * CONNECTIONS):
        connect(port, HEALTH).recv(65_536)
    assert ask(connect, port) < 0.5


def test_clients_that_do_not_close_make_room_for_new_ones(connect: Connect, port: int) -> None:
    for _ in range(2 * CONNECTIONS):
        connect(port, HEALTH.replace(b"Host", b"Connection: close\r\nHost")).recv(65_536)
    assert ask(connect, port) < 0.5


# What is no HTTP --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "request_",
    [
        b"\r\n\r\n",
        b"hello\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET / HTTP/2.0\r\n\r\n",
        b"GET / HTTP/1.1 \r\n\r\n",
        b"GET / HTTP/1.1\nHost: a\n\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"get / HTTP/1.1\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHo st: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: %b\r\n\r\n" % (b"a" * 9_000),
        b"GET / HTTP/1.1\r\n%b\r\n" % (b"X: a\r\n" * 200),
        b"GET /%b HTTP/1.1\r\n\r\n" % (b"a" * 70_000),
        b"GET / HTTP/1.1\r\nExpect: the unexpected\r\n\r\n",
        POST + b"Content-Length: -1\r\n\r\n",
        POST + b"Content-Length: +5\r\n\r\nhello",
        POST + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
        POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: cow\r\n\r\n",
        POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    ],
    ids=repr,
)
def test_what_is_no_http_is_refused_in_the_envelope(connect: Connect, port: int, request_: bytes) -> None:
    status, problem = error(rest(connect(port, request_)))
    assert (status, problem["code"]) == (b"HTTP/1.1 400 INVALID_BODY", "INVALID_BODY")


SMUGGLED = b"GET /healthz?smuggled HTTP/1.1\r\nHost: a\r\nX: %b\r\n\r\n" % (b"a" * 21)
assert len(SMUGGLED) == 69


@pytest.mark.parametrize("path", [b"/healthz", b"/v1/extract/batch"])
@pytest.mark.parametrize(
    ("fields", "body"),
    [
        (b"Content-Length: 0000000000000000069", SMUGGLED),
        (b"Content-Length: %b69" % (b"0" * 5_000), SMUGGLED),
        (b"Content-Length: 69, 69", SMUGGLED),
        (b"Content-Length: +69", SMUGGLED),
        (b"Content-Length: 69\r\nContent-Length: 69", SMUGGLED),
        (b"Content-Length:\r\n 69", SMUGGLED),
        (b"Content-Length : 69", SMUGGLED),
        (b"X: y\nContent-Length: 69", SMUGGLED),
        (b"X: \0\r\nContent-Length: 69", SMUGGLED),
        (b"Content-Length: 69\r\nTransfer-Encoding: chunked", b"0\r\n\r\n" + SMUGGLED),
        (b"Transfer-Encoding: chunked, identity", b"0\r\n\r\n" + SMUGGLED),
        (b"Transfer-Encoding: xchunked", b"0\r\n\r\n" + SMUGGLED),
        (b"Transfer-Encoding: identity", SMUGGLED),
        (b"Transfer-Encoding: chunked", b"5\r\nhelloXX0\r\n\r\n" + SMUGGLED),
        (b"Transfer-Encoding: chunked", b"5\r\nhello\r\nzz\r\n" + SMUGGLED),
        (b"Transfer-Encoding: chunked", b"5\nhello\r\n0\r\n\r\n" + SMUGGLED),
        (b"Transfer-Encoding: chunked", b"0;\r\n\r\n" + SMUGGLED),
        (b"Transfer-Encoding: chunked", b"0\r\nContent-Length: 69\r\n\r\n" + SMUGGLED),
        (b"Transfer-Encoding: chunked", b"000000000\r\n\r\n" + SMUGGLED),
        (b"Transfer-Encoding: chunked", b"1\r\na\r\n" * 20_000 + b"0\r\n\r\n" + SMUGGLED),
    ],
    ids=lambda value: repr(value[:40]),
)
def test_a_request_of_doubtful_length_is_answered_once_and_closed(
    connect: Connect, port: int, path: bytes, fields: bytes, body: bytes
) -> None:
    head = b"POST %b HTTP/1.1\r\nHost: a\r\n%b\r\n\r\n" % (path, fields)
    client = connect(port, head)
    time.sleep(0.05)
    with suppress(ConnectionError):
        client.sendall(body)
    assert rest(client).count(b"HTTP/1.1 ") == 1


def test_an_http_1_0_request_in_chunks_is_refused(connect: Connect, port: int) -> None:
    request = POST.replace(b"HTTP/1.1", b"HTTP/1.0") + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED
    status, _ = error(rest(connect(port, request)))
    assert status == b"HTTP/1.1 400 INVALID_BODY"


def test_an_answer_to_head_has_no_body(connect: Connect, port: int) -> None:
    answer = rest(connect(port, b"HEAD / HTTP/1.1\r\nExpect: the unexpected\r\n\r\n"))
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    "body",
    [
        b"zz\r\n",
        b"-1\r\n",
        b"5\r\nhello0\r\n\r\n",
        b"5;=\r\nhello\r\n0\r\n\r\n",
        b"0\r\nX\r\n\r\n",
        b"f" * 16 + b"\r\n",
    ],
)
def test_a_body_that_is_no_chunks_is_told_so(connect: Connect, port: int, key: str, body: bytes) -> None:
    request = POST + f"X-Api-Key: {key}\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n".encode()
    head, _, told = rest(connect(port, request + body)).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert list(json.loads(told)["error"]["details"]["errors"]) == ["body"]
