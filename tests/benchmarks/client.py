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
    """`seconds` is from the first byte sent to the last byte received; `body` is there until the next answer."""

    status: int
    body: memoryview
    seconds: float

    def failures(self) -> list[dict[str, object]]:
        """The results that did not succeed."""
        return [result for result in json.loads(bytes(self.body))["data"]["results"] if not result["success"]]


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
            status, body = self._receive()
        except (ConnectionError, EOFError):  # it had been kept alive long enough
            self._sock = self._connect()
            self._sock.sendall(request)
            status, body = self._receive()
        return Answer(status, body, time.perf_counter() - started)

    def _receive(self) -> tuple[int, memoryview]:
        size = 0
        while (end := self._buffer.find(b"\r\n\r\n", 0, size)) < 0:
            size += self._receive_some(size)
        length = LENGTH.search(self._buffer, 0, end + 2)
        if length is None:
            raise ValueError(f"the answer has no Content-Length: {bytes(self._buffer[:end])!r}")
        body, whole = end + 4, end + 4 + int(length[1])
        if whole > len(self._buffer):
            self._buffer = self._buffer[:size] + bytearray(whole - size)
        while size < whole:
            size += self._receive_some(size)
        return int(self._buffer[9:12]), memoryview(self._buffer)[body:whole]

    def _receive_some(self, size: int) -> int:
        """So many bytes more than `size`. Raises EOFError at the end."""
        received = self._sock.recv_into(memoryview(self._buffer)[size:])
        if not received:
            raise EOFError
        return received

    def close(self) -> None:
        self._sock.close()
