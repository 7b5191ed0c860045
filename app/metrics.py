"""Counters and histograms, right across the processes of a host (prometheus_client's multiprocess mode).

The names and what they mean are here and nowhere else; the README's table is checked against this file.
"""

from __future__ import annotations

import fcntl
import os
import struct
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from mmap import mmap
from pathlib import Path
from typing import BinaryIO

from prometheus_client import REGISTRY as OWN_PROCESS
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, multiprocess, values
from prometheus_client.mmap_dict import MmapedDict

from app.settings import METRICS_DIRECTORY

FILE_SIZE = 2**18  # bytes of a process' file of counters, gauges or histograms; it doubles when it is full
LARGEST_ENTRY = 4_096  # bytes
ENDED = "0"  # stands for the process in the names of files that hold what ended processes counted


class _AllocatedFile(MmapedDict):
    """A file of figures with its place on the disk, or one in memory, which `exposition` lacks, if the disk is full.

    The library maps sparse files into memory: a write to one on a full disk ends the process with SIGBUS.
    """

    def __init__(self, filename: str, read_mode: bool = False) -> None:
        if not read_mode and not _allocate(filename):
            self._memory = _file_in_memory(bytes(FILE_SIZE))
            filename = f"/proc/self/fd/{self._memory.fileno()}"
        super().__init__(filename, read_mode)  # type: ignore[no-untyped-call]

    def _init_value(self, key: str) -> None:
        if self._used + LARGEST_ENTRY > self._capacity:
            self._grow(2 * self._capacity)
        super()._init_value(key)  # type: ignore[no-untyped-call]

    def _grow(self, size: int) -> None:
        try:
            os.posix_fallocate(self._f.fileno(), 0, size)
        except OSError:
            self._f = _file_in_memory(self._m[:].ljust(size, b"\0"))
        self._capacity = size
        self._m = mmap(self._f.fileno(), size)


def _allocate(filename: str, size: int = FILE_SIZE) -> bool:
    descriptor = os.open(filename, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.posix_fallocate(descriptor, 0, size)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True


def _file_in_memory(content: bytes) -> BinaryIO:
    file = os.fdopen(os.memfd_create("metrics"), "r+b")
    file.write(content)
    file.flush()
    return file


vars(values)["MmapedDict"] = _AllocatedFile  # read whenever a process makes its files

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30)

REQUESTS = Counter("pagecard_requests", "Requests answered", ("endpoint", "status", "code"))
REQUEST_SECONDS = Histogram(
    "pagecard_request_seconds", "Time from a request to its answer", ("endpoint",), buckets=SECONDS
)
FETCHES = Counter("pagecard_fetches", "URLs fetched, by outcome", ("outcome",))
FETCH_FAILURES = Counter("pagecard_fetch_failures", "URLs that failed, by outcome and reason", ("outcome", "reason"))
FETCH_SECONDS = Histogram("pagecard_fetch_seconds", "Time to fetch and read one URL", buckets=SECONDS)
READER_CRASHES = Counter("pagecard_reader_crashes", "Fields lost to an exception of their reader", ("field",))
CACHE = Counter("pagecard_cache", "URLs looked up in the cache", ("result",))
CACHE_HITS, CACHE_MISSES = CACHE.labels("hit"), CACHE.labels("miss")
CACHE_FAILURES = Counter("pagecard_cache_failures", "Reads and writes that the shared cache failed")
VERDICTS = Counter("pagecard_address_verdicts", "Addresses judged, by verdict", ("verdict",))
POOL_WAITING = Gauge("pagecard_pool_waiting", "URLs that wait for a thread", multiprocess_mode="livesum")
POOL_BUSY = Gauge("pagecard_pool_busy", "URLs that are being fetched", multiprocess_mode="livesum")
JOB_ITEMS = Counter("pagecard_job_items", "Items of jobs that ended, by status", ("status",))
JOB_RETRIES = Counter("pagecard_job_item_retries", "Items of jobs put off after a passing failure")
JOBS_PENDING = Gauge("pagecard_job_items_pending", "Items of jobs that wait", multiprocess_mode="mostrecent")
SERVER_ERRORS = Counter(
    "pagecard_server_errors", "Exceptions of the server's own code, each of which closed a connection"
)
CONNECTIONS_REFUSED = Counter(
    "pagecard_connections_refused", "Connections closed at once, since their client address had too many"
)
WEBHOOKS = Counter("pagecard_webhooks", "Webhook deliveries tried, by outcome", ("outcome",))

# Of what every request or URL counts: prometheus_client checks the labels anew whenever it is asked.
requests_by, request_seconds_by = cache(REQUESTS.labels), cache(REQUEST_SECONDS.labels)
fetches_by, verdicts_by = cache(FETCHES.labels), cache(VERDICTS.labels)
fetch_failures_by = cache(FETCH_FAILURES.labels)


def exposition() -> bytes:
    """All figures of all processes in Prometheus' text format."""
    folder = os.environ.get(METRICS_DIRECTORY)
    if not folder:
        return generate_latest(OWN_PROCESS)
    absorb_ended()
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    with _lock(folder, fcntl.LOCK_SH):
        return generate_latest(registry)


def absorb_ended() -> None:
    """Merge the files of ended processes into a file per type, and remove them.

    Does nothing while another process does it, or reads.
    """
    folder = os.environ.get(METRICS_DIRECTORY)
    if folder:
        with suppress(BlockingIOError), _lock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB):
            for kind, files in _files_of_the_ended(Path(folder)).items():
                _absorb(Path(folder, f"{kind}_{ENDED}.db"), files)


@contextmanager
def _lock(folder: str, operation: int) -> Iterator[None]:
    with Path(folder, "lock").open("a") as file:
        fcntl.flock(file, operation)
        yield


def _files_of_the_ended(folder: Path) -> dict[str, list[Path]]:
    """Files by their type: `counter` of `counter_123.db`, `gauge_livesum` of `gauge_livesum_123.db`."""
    files: dict[str, list[Path]] = defaultdict(list)
    for path in folder.glob("*_*.db"):
        kind, _, process = path.stem.rpartition("_")
        if process != ENDED and not _lives(int(process)):
            files[kind].append(path)
    return files


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _absorb(total: Path, files: list[Path]) -> None:
    """Add files to `total`, which is replaced whole: a crash in between loses nothing. A full disk leaves all as it is.

    Gauges of living processes end with them.
    """
    if total.name.startswith("gauge_live") or _add_up(total, [path for path in (total, *files) if path.exists()]):
        for path in files:
            path.unlink()


def _add_up(total: Path, files: list[Path]) -> bool:
    fresh = total.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    if not _allocate(str(fresh), sum(path.stat().st_size for path in files) or FILE_SIZE):
        return False
    table = MmapedDict(str(fresh))  # type: ignore[no-untyped-call]
    for path in files:
        _add(table, path)
    os.truncate(fresh, table._used)
    table.close()  # type: ignore[no-untyped-call]
    fresh.replace(total)
    return True


def _add(table: MmapedDict, path: Path) -> None:
    """Add up counters and histograms; of gauges keep the newest."""
    newest = path.name.startswith("gauge")
    for key, value, timestamp in _values(path):
        before, since = table.read_value(key)  # type: ignore[no-untyped-call]
        if not newest:
            table.write_value(key, before + value, 0.0)  # type: ignore[no-untyped-call]
        elif timestamp >= since:
            table.write_value(key, value, timestamp)  # type: ignore[no-untyped-call]


def _values(path: Path) -> list[tuple[str, float, float]]:
    """The figures of a file; none of a file that its process left half written."""
    try:
        return [entry[:3] for entry in MmapedDict.read_all_values_from_file(path)]  # type: ignore[no-untyped-call]
    except (FileNotFoundError, RuntimeError, ValueError, struct.error):
        return []
