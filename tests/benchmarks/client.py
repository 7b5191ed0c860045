"""A client that costs next to nothing: one kept-alive connection, one write and a few reads for each batch."""

from __future__ import annotations

import json
import re
import socket
import time
from dataclasses import dataclass

LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)\r\n", re.IGNORECASE)
PATIENCE = 300.0  # seconds


@dataclass(frozen=True, slots=True)
class Answer:
    """`seconds` is from the first byte sent to the last byte received."""

    status: int
    body: bytes
    seconds: float

    def failures(self) -> list[dict[str, object]]:
        """The results that did not succeed."""
        return [result for result in json.loads(self.body)["data"]["results"] if not result["success"]]


class Client:
    """Asks one server for batches. Raises OSError if it breaks the connection off."""

    def __init__(self, port: int, key: str) -> None:
        self._address = ("127.0.0.1", port)
        self._head = f"POST /v1/extract/batch HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nX-Api-Key: {key}\r\n"
        self._buffer = bytearray(1 << 20)
        self._sock = self._connect()

    def _connect(self) -> socket.socket:
        sock = socket.create_connection(self._address, timeout=PATIENCE)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    def request(self, urls: list[str], **options: object) -> bytes:
        """The request as bytes, so that one which is sent many times is encoded once."""
        body = json.dumps({"urls": urls, **options})
        return f"{self._head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()

    def extract(self, urls: list[str], **options: object) -> Answer:
        return self.send(self.request(urls, **options))

    def send(self, request: bytes) -> Answer:
        started = time.perf_counter()
        try:
            self._sock.sendall(request)
            head, body = self._receive()
        except (ConnectionError, EOFError):  # it had been kept alive long enough
            self._sock = self._connect()
            self._sock.sendall(request)
            head, body = self._receive()
        return Answer(int(head.split(b" ", 2)[1]), body, time.perf_counter() - started)

    def _receive(self) -> tuple[bytes, bytes]:
        head, _, begun = self._until_head().partition(b"\r\n\r\n")
        found = LENGTH.search(head + b"\r\n")
        if found is None:
            raise ValueError(f"the answer has no Content-Length: {head!r}")
        length, size = int(found[1]), len(begun)
        if length > len(self._buffer):
            self._buffer = bytearray(length)
        self._buffer[:size] = begun
        view = memoryview(self._buffer)
        while size < length:
            received = self._sock.recv_into(view[size:length])
            if not received:
                raise EOFError
            size += received
        return head, bytes(view[:length])

    def _until_head(self) -> bytes:
        head = b""
        while b"\r\n\r\n" not in head:
            received = self._sock.recv(262_144)
            if not received:
                raise EOFError
            head += received
        return head

    def close(self) -> None:
        self._sock.close()
