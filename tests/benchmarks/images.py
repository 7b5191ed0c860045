"""Pictures: cached ones a second, one megabyte of JPEG drawn anew, and what hostile ones cost the cards beside them.

    python tests/benchmarks/images.py

Prints cached pictures per second of one core of the server; the median time of a 1 MB JPEG to 600 pixels of WebP,
fetched, drawn and answered, beside Pillow alone; and the 95th percentile of cards, quiet and beside 100 hostile
pictures, with the peak of the server's memory. Everything stays on loopback.
"""

from __future__ import annotations

import argparse
import io
import random
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from multiprocessing.connection import Connection
from statistics import median, quantiles

from origin import running_origin
from PIL import Image
from processes import cpu_seconds, forget_peak, memory
from servers import Server, service

from app.images.signing import ImageSigner

KEY = "key-of-the-benchmark-alone"
OPTIONS = "w600,webp"
HOSTILE = 100
CARDS = 10  # URLs of a batch


def jpeg() -> bytes:
    """A photograph, as far as its size is concerned: 2000 x 1500 pixels, about 1 MB."""
    image = Image.merge("RGB", [Image.effect_noise((2_000, 1_500), 50) for _ in range(3)])
    encoded = io.BytesIO()
    image.save(encoded, "JPEG", quality=53)
    return encoded.getvalue()


def png(width: int, height: int, rows: int) -> bytes:
    """A PNG of so many pixels, with `rows` bytes of data that are all alike."""
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(bytes(rows))),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )


def answers() -> dict[str, bytes]:
    frame = b"!\xf9\4\0\0\0\0\0,\0\0\0\0\1\0\1\0\0\2\2D\1\0"
    return {
        "photo": jpeg(),
        "huge": png(50_000, 50_000, 10**6),
        "large": png(6_500, 6_100, 6_100 * (6_500 * 3 + 1)),
        "frames": b"GIF89a\1\0\1\0\x80\0\0\xff\0\0\0\0\xff" + frame * 10_000 + b";",
        "lie": b"<html>" * 100_000,
        "big": jpeg() * 11,
    }


def serve(pipe: Connection) -> None:
    """Serve `/NAME/ANYTHING` until the pipe closes; `/slow/` never ends."""
    bodies = answers()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.split("/")[1]
            body = bodies.get(name, bodies["photo"])
            self.send_response(200)
            self.send_header("Content-Type", "image/jpeg")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            piece, pause = (1_000, 0.5) if name == "slow" else (len(body), 0.0)
            with suppress(ConnectionError):  # who has had enough hangs up
                for start in range(0, len(body), piece):
                    self.wfile.write(body[start : start + piece])
                    time.sleep(pause)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    pipe.send((server.server_address[1], len(bodies["photo"])))
    pipe.recv()


@contextmanager
def pictures() -> Iterator[tuple[str, int]]:
    """The address of a host of pictures, a process of its own, and the bytes of its photograph."""
    ours, theirs = get_context("spawn").Pipe()
    process = get_context("spawn").Process(target=serve, args=(theirs,), daemon=True)
    process.start()
    try:
        port, size = ours.recv()
        yield f"http://127.0.0.1:{port}", size
    finally:
        ours.send("end")
        process.join(5)


def request(server: Server, url: str) -> bytes:
    path = ImageSigner(KEY).image_url(url, OPTIONS)
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n".encode()


def measure_cached(server: Server, host: str, seconds: float) -> tuple[float, float, int]:
    """Cached pictures per second of the server's CPU time, per second by the clock, and bytes of one."""
    asked, done = request(server, f"{host}/photo/cached"), []

    def client() -> None:
        connection = server.client()
        while time.perf_counter() < end:
            answer = connection.send(asked)
            if answer.status != 200:
                raise SystemExit(f"a cached picture answered {answer.status}")
            done.append(len(answer.body))

    end = time.perf_counter() + 1
    client()
    done.clear()
    cpu, begun = cpu_seconds(server.pid), time.perf_counter()
    end = begun + seconds
    with ThreadPoolExecutor(2) as pool:
        for each in [pool.submit(client) for _ in range(2)]:
            each.result()
    return len(done) / (cpu_seconds(server.pid) - cpu), len(done) / (time.perf_counter() - begun), done[0]


def measure_drawn(server: Server, host: str, count: int) -> float:
    """Median seconds of a picture that is fetched and drawn."""
    connection, times = server.client(), []
    for number in range(count):
        answer = connection.send(request(server, f"{host}/photo/{number}"))
        if answer.status != 200:
            raise SystemExit(f"a picture answered {answer.status}: {bytes(answer.body[:300])!r}")
        times.append(answer.seconds)
    return median(times)


def measure_pillow(count: int) -> float:
    """Median seconds of the same with Pillow alone, from memory to memory."""
    body, times = jpeg(), []
    for _ in range(count):
        begun = time.perf_counter()
        with Image.open(io.BytesIO(body)) as image:
            image.draft("RGB", (600, 450))
            image.resize((600, 450), Image.Resampling.LANCZOS, reducing_gap=2.0).save(
                io.BytesIO(), "WEBP", quality=80, method=3
            )
        times.append(time.perf_counter() - begun)
    return median(times)


def cards_p95(server: Server, urls: list[str], while_: Callable[[], bool]) -> tuple[float, int]:
    """95th percentile in seconds of batches of fresh cards, asked one after another, and how many were asked."""
    connection, times = server.client(), []
    while while_() or len(times) < 20:
        answer = connection.extract(random.sample(urls, CARDS), cache=False)
        if answer.status != 200 or answer.failures():
            raise SystemExit(f"cards answered {answer.status}")
        times.append(answer.seconds)
    return quantiles(times, n=20)[-1], len(times)


def measure_hostile(server: Server, host: str, urls: list[str]) -> Iterator[str]:
    """Compare cards alone with cards beside hostile pictures."""
    end = time.perf_counter() + 10
    quiet, asked = cards_p95(server, urls, lambda: time.perf_counter() < end)
    yield f"cards, quiet: p95 {quiet * 1000:.0f} ms of {asked} batches of {CARDS}"
    kinds = ("huge", "large", "frames", "lie", "big", "slow")
    hostile = [request(server, f"{host}/{kinds[number % len(kinds)]}/{number}") for number in range(HOSTILE)]
    before = memory(server.pid).rss
    forget_peak(server.pid)
    with ThreadPoolExecutor(HOSTILE) as pool:
        asking = [pool.submit(lambda each: server.client().send(each).status, each) for each in hostile]
        loaded, asked = cards_p95(server, urls, lambda: not all(each.done() for each in asking))
        statuses = [each.result() for each in asking]
    told = ", ".join(f"{statuses.count(status)} x {status}" for status in sorted(set(statuses)))
    yield f"cards beside {HOSTILE} hostile pictures ({told}): p95 {loaded * 1000:.0f} ms of {asked} batches"
    yield f"memory of the family: {before:.0f} MiB before, peak {memory(server.pid).peak:.0f} MiB"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--count", type=int, default=30)
    options = parser.parse_args()
    with running_origin(None) as origin, pictures() as (host, size):
        allowed = "127.0.0.0/8"
        with service(origin, image_key=KEY, allow_targets=allowed, fetch_timeout="5") as server:
            per_core, rate, length = measure_cached(server, host, options.seconds)
            print(f"cached picture of {length:,} bytes: {per_core:,.0f} a second of a core, {rate:,.0f} by the clock")
            drawn, pillow = measure_drawn(server, host, options.count), measure_pillow(options.count)
            print(
                f"JPEG of {size:,} bytes to {OPTIONS}: p50 {drawn * 1000:.0f} ms; Pillow alone {pillow * 1000:.0f} ms"
            )
            for line in measure_hostile(server, host, origin.urls(500)):
                print(line)


if __name__ == "__main__":
    main()
