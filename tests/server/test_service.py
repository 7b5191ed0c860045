"""The service as it is run: gunicorn with two workers, asked over HTTP, killed and started again."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from app.cli.serving import SERVE, Service, serving
from app.settings import Settings
from app.storage.database import open_primary
from app.storage.generations import Generations
from app.storage.keys import KeyStore
from tests.servers import RedisServer, until
from tests.site import Site, Wire

pytestmark = [pytest.mark.server, pytest.mark.slow]

PLANS = """\
[enterprise]
batch_limit = 100
[bucket]
batch_limit = 100
per_minute = 1
burst = 10
[monthly]
batch_limit = 100
per_month = 3
"""


@dataclass(frozen=True, slots=True)
class Running:
    """A service, and a key to ask it with. Each request has a connection of its own, so any worker may take it."""

    service: Service
    folder: Path
    key: str
    database_url: str | None = None

    def batch(self, *urls: str, **fields: Any) -> requests.Response:
        return self.ask("POST", "/v1/extract/batch", json={"urls": list(urls), **fields})

    def results(self, *urls: str, **fields: Any) -> list[dict[str, Any]]:
        results: list[dict[str, Any]] = self.batch(*urls, **fields).json()["data"]["results"]
        return results

    def hits(self, *urls: str, **fields: Any) -> list[bool]:
        return [each["cache_hit"] for each in self.results(*urls, **fields)]

    def used(self) -> int:
        return int(self.ask("GET", "/v1/usage").json()["data"]["used"]["urls"])

    def ask(self, method: str, path: str, **options: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.key}", "Connection": "close"}
        with requests.Session() as session:
            session.trust_env = False
            return session.request(method, self.service.url + path, headers=headers, timeout=60, **options)

    def figure(self, start: str) -> float:
        """The sum of the metrics whose lines begin so."""
        lines = self.ask("GET", "/metrics").text.splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(start))

    def on_plan(self, plan: str) -> Running:
        settings = Settings(data_dir=self.folder / "data", database_url=self.database_url)
        primary = open_primary(settings)
        secret, _ = KeyStore(primary, Generations(settings.generations_file)).create(plan)
        primary.engine.dispose()
        return Running(self.service, self.folder, secret, self.database_url)

    def workers(self) -> list[int]:
        master = self.service.process.pid
        children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
        return sorted(int(pid) for pid in children if Path(f"/proc/{pid}/comm").read_text() != "fork-server\n")

    @contextmanager
    def only(self, worker: int) -> Iterator[None]:
        """While this lasts, the other workers stand still, and this one answers."""
        others = [pid for pid in self.workers() if pid != worker]
        until(lambda: self._stop(others))
        try:
            yield
        finally:
            _tell(others, signal.SIGCONT)

    def _stop(self, workers: list[int]) -> bool:
        """Have them stand still, but not with the lock of a database in hand; whether they do."""
        _tell(workers, signal.SIGSTOP)
        if all(map(_is_free, (self.folder / "data").glob("*.sqlite3"))):
            return True
        _tell(workers, signal.SIGCONT)
        return False


def _tell(processes: list[int], what: signal.Signals) -> None:
    for pid in processes:
        os.kill(pid, what)


def _is_free(database: Path) -> bool:
    """Whether nobody holds SQLite's write lock for long."""
    with closing(sqlite3.connect(database, timeout=1)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
    return True


Start = Callable[..., Any]


@contextmanager
def running(folder: Path, **settings: str) -> Iterator[Running]:
    folder.mkdir(exist_ok=True)
    plans = folder / "plans.toml"
    plans.write_text(PLANS)
    usual = {"PLANS": str(plans), "ALLOW_TARGETS": "127.0.0.0/8", "LOG_LEVEL": "error"}
    with serving(folder, usual | settings) as service:
        yield Running(service, folder, "", settings.get("DATABASE_URL")).on_plan("enterprise")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One for all that do it no harm."""
    with running(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Running]:
    """One to be killed."""
    with running(tmp_path) as server:
        yield server


def pages(web: Site, count: int, **options: Any) -> list[str]:
    """The URLs of so many pages, each of an origin of its own."""
    web.page("/page", "<title>A page</title>", **options)
    return [web.url("/page", address=f"127.0.1.{number + 1}") for number in range(count)]


def never_ends(web: Site) -> str:
    def drip(wire: Wire, request: Any) -> None:
        wire.head("200 OK", "Content-Type: text/html")
        wire.forever(b"<p>", every=0.1)

    return web.route("/endless", drip)


def never_begins(web: Site) -> str:
    """An answer whose status line drips: there is nothing of it to read."""
    return web.route("/silent", lambda wire, request: wire.forever(b"H", every=0.1))


def test_two_workers_serve(server: Running) -> None:
    assert len(server.workers()) == 2


def test_what_one_worker_read_the_other_has_in_its_cache(server: Running, web: Site) -> None:
    urls = pages(web, 20)
    first, second = server.workers()
    with server.only(first):
        assert server.hits(*urls) == [False] * 20
    with server.only(second):
        assert server.hits(*urls) == [True] * 20
    assert len(web.received("/page")) == 20


def test_without_the_cache_every_page_is_fetched_again_and_kept(server: Running, web: Site) -> None:
    urls = pages(web, 5)
    server.batch(*urls)
    assert server.hits(*urls, cache=False) == [False] * 5
    assert server.hits(*urls) == [True] * 5
    assert len(web.received("/page")) == 10


def test_a_url_is_fetched_once_however_many_ask_of_either_worker(server: Running, web: Site) -> None:
    url = web.page("/popular", "<title>Popular</title>", latency=1)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: server.results(url)[0]["data"]["title"], range(8)))
    assert (answers, len(web.received("/popular"))) == (["Popular"] * 8, 1)


def test_a_page_that_never_begins_fails_alone_and_at_the_deadline(server: Running, web: Site) -> None:
    *urls, silent = [*pages(web, 99, latency=0.2), never_begins(web)]
    answer = server.batch(*urls, silent, timeout_ms=4000).json()
    *read, failed = answer["data"]["results"]
    assert answer["data"]["summary"] == {"total": 100, "successful": 99, "failed": 1}
    assert all(each["success"] for each in read)
    assert failed["error"]["code"] == "TARGET_TIMEOUT"
    assert 3_900 <= answer["meta"]["response_time_ms"] <= 6_000


def test_both_workers_take_from_one_bucket(server: Running) -> None:
    key = server.on_plan("bucket")
    statuses = []
    for worker in server.workers():
        with server.only(worker):
            statuses += [key.batch("http://127.0.0.1:1/").status_code for _ in range(6)]
    assert statuses == [200] * 10 + [429] * 2


def test_both_workers_count_on_one_month(server: Running, web: Site) -> None:
    key = server.on_plan("monthly")
    first, second = server.workers()
    with server.only(first):
        key.batch(*pages(web, 3))
    with server.only(second):
        refused = key.batch(web.page("/more", "<title>More</title>"))
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "QUOTA_EXCEEDED")
    assert key.used() == 3


def test_the_metrics_of_all_workers_are_added_up(server: Running, web: Site) -> None:
    requests_before = server.figure('pagecard_requests_total{code="",endpoint="extract.extract_many"')
    fetches_before = server.figure('pagecard_fetches_total{outcome="ok"}')
    for worker, urls in zip(server.workers(), (pages(web, 3), pages(web, 7)), strict=True):
        with server.only(worker):
            server.batch(*urls, cache=False)
    with server.only(server.workers()[0]):
        assert server.figure('pagecard_requests_total{code="",endpoint="extract.extract_many"') == requests_before + 2
        assert server.figure('pagecard_fetches_total{outcome="ok"}') == fetches_before + 10


def start_again(server: Running, address: str) -> int:
    """Start a second service on the same data folder; its exit status."""
    environ = {**os.environ, "PAGECARD_DATA_DIR": str(server.folder / "data")}
    command = [*SERVE, "--bind", address]
    return subprocess.run(command, env=environ, stdin=subprocess.DEVNULL, capture_output=True, timeout=60).returncode


def metrics_folders(server: Running) -> list[str]:
    return [path.name for path in (server.folder / "data" / "metrics").iterdir()]


def test_a_second_start_that_fails_leaves_the_metrics_alone(server: Running) -> None:
    usage = 'pagecard_requests_total{code="",endpoint="extract.usage'
    server.used()
    before = server.figure(usage)
    assert before
    assert start_again(server, server.service.url.removeprefix("http://")) != 0
    server.used()
    until(lambda: server.figure(usage) == before + 1)  # a request is counted once its answer has gone
    assert metrics_folders(server) == [str(server.service.process.pid)]


def test_a_second_service_on_the_same_data_counts_for_itself(server: Running) -> None:
    server.used()
    before = server.figure("pagecard_requests_total")
    with serving(server.folder, {"LOG_LEVEL": "error"}) as second:
        other = Running(second, server.folder, server.key)
        assert other.figure("pagecard_requests_total") < before
        assert server.figure("pagecard_requests_total") >= before
        assert len(metrics_folders(server)) == 2
    assert metrics_folders(server) == [str(server.service.process.pid)]


def test_what_a_worker_counted_outlives_it_and_its_files_do_not(mortal: Running, web: Site) -> None:
    for worker in mortal.workers():
        with mortal.only(worker):
            mortal.batch(*pages(web, 3), cache=False)
    victim, _ = mortal.workers()
    os.kill(victim, signal.SIGKILL)
    until(lambda: victim not in mortal.workers() and len(mortal.workers()) == 2)
    assert mortal.figure('pagecard_fetches_total{outcome="ok"') == 6
    folder = mortal.folder / "data" / "metrics" / str(mortal.service.process.pid)
    assert not list(folder.glob(f"*_{victim}.db"))


def test_no_burst_leaves_a_thread_or_a_connection_behind(mortal: Running, web: Site) -> None:
    def threads() -> list[int]:
        return [len(list(Path(f"/proc/{worker}/task").iterdir())) for worker in mortal.workers()]

    until(lambda: min(threads()) == max(threads()))  # both have started theirs
    before, urls = threads(), [*pages(web, 50), never_ends(web)]
    for worker in mortal.workers():
        with mortal.only(worker), ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: mortal.batch(*urls, cache=False, timeout_ms=1_000), range(4)))
    assert web.wait_until_idle(1)
    assert threads() == before


def test_a_stop_lets_the_batch_that_is_under_way_be_answered(mortal: Running, web: Site) -> None:
    url = web.page("/slow", "<title>Slow</title>", latency=2)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(mortal.results, url)
        until(lambda: web.received("/slow"))
        mortal.service.process.send_signal(signal.SIGTERM)
        assert answer.result()[0]["data"]["title"] == "Slow"
    assert mortal.service.process.wait(60) == 0


def test_the_death_of_a_worker_loses_nothing_and_counts_nothing_twice(mortal: Running, web: Site) -> None:
    urls = pages(web, 10)
    slow = web.page("/slow", "<title>Slow</title>", latency=1)
    victim, survivor = mortal.workers()
    with mortal.only(victim), ThreadPoolExecutor(1) as pool:
        mortal.batch(*urls)
        broken = pool.submit(mortal.batch, slow)
        until(lambda: web.received("/slow"))
        os.kill(victim, signal.SIGKILL)
        with pytest.raises(requests.ConnectionError):
            broken.result()
    assert mortal.hits(*urls) == [True] * 10
    assert mortal.used() == 10
    assert mortal.hits(slow) == [False]
    assert mortal.used() == 11
    until(lambda: len(mortal.workers()) == 2)
    assert survivor in mortal.workers()


BAD_PLANS = ["[team\n", "", "[pro]\nbatch = 1\n", "[enterprise]\nbatch_limit = 0\n", None]


@pytest.mark.parametrize("plans", BAD_PLANS)
def test_bad_plans_and_the_death_of_a_worker_do_not_end_the_service(mortal: Running, plans: str | None) -> None:
    spoil_plans(mortal, plans)
    for victim in mortal.workers():
        os.kill(victim, signal.SIGKILL)
        until(lambda victim=victim: victim not in mortal.workers() and len(mortal.workers()) == 2)  # type: ignore[misc]
    for worker in mortal.workers():
        with mortal.only(worker):
            assert mortal.ask("GET", "/v1/usage").status_code == 200
    assert mortal.service.process.poll() is None


@pytest.mark.parametrize("plans", BAD_PLANS[:2])
def test_a_reload_with_bad_plans_keeps_the_good_ones_and_says_so_in_a_line(mortal: Running, plans: str | None) -> None:
    spoil_plans(mortal, plans)
    reload(mortal)
    assert mortal.ask("GET", "/v1/usage").status_code == 200
    told = [line for line in mortal.service.log.read_text().splitlines() if "reload keeps" in line]
    assert len(told) == 1
    assert "plans.toml" in told[0]


def test_a_reload_with_good_plans_takes_them(mortal: Running) -> None:
    spoil_plans(mortal, PLANS.replace("[enterprise]\nbatch_limit = 100", "[enterprise]\nbatch_limit = 7"))
    reload(mortal)
    assert mortal.ask("GET", "/v1/usage").json()["data"]["limits"]["batch_limit"] == 7


def test_a_worker_that_cannot_start_in_the_place_of_another_is_tried_again(tmp_path: Path, ca_bundle: Path) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(ca_bundle.read_bytes())
    with running(tmp_path, CA_BUNDLE=str(bundle)) as server:
        bundle.write_text("no certificate")
        victim, survivor = server.workers()
        os.kill(victim, signal.SIGKILL)
        until(lambda: "worker did not start" in server.service.log.read_text())
        until(lambda: answers(server))
        bundle.write_bytes(ca_bundle.read_bytes())
        until(lambda: len(server.workers()) == 2 and server.service.process.poll() is None)
        os.kill(survivor, signal.SIGKILL)
        until(lambda: survivor not in server.workers() and answers(server))


def answers(server: Running) -> bool:
    """Whether a request is answered, and did not meet a worker that was being killed."""
    try:
        return server.ask("GET", "/v1/usage").status_code == 200
    except requests.ConnectionError:
        return False


def spoil_plans(server: Running, plans: str | None) -> None:
    """Write a plans file, or remove it."""
    path = server.folder / "plans.toml"
    path.unlink() if plans is None else path.write_text(plans)


def reload(server: Running) -> None:
    """Have all workers replaced."""
    before = server.workers()
    server.service.process.send_signal(signal.SIGHUP)
    until(lambda: len(server.workers()) == 2 and not set(before) & set(server.workers()))


def test_without_any_temporary_directory_the_service_serves(tmp_path: Path) -> None:
    """As under a read-only root, where the data folder alone can be written to."""
    (tmp_path / "sitecustomize.py").write_text("import tempfile; tempfile._candidate_tempdir_list = lambda: []")
    environ = {"PYTHONPATH": str(tmp_path)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", environ["PYTHONPATH"])
        with running(tmp_path) as server:
            assert server.ask("GET", "/v1/usage").status_code == 200


def test_keys_counts_and_cards_outlive_the_whole_service(tmp_path: Path, web: Site) -> None:
    urls = pages(web, 5)
    with running(tmp_path) as before:
        before.batch(*urls)
        for pid in (before.service.process.pid, *before.workers()):
            os.kill(pid, signal.SIGKILL)
        before.service.process.wait(60)
    with running(tmp_path) as after:
        again = Running(after.service, tmp_path, before.key)
        assert again.hits(*urls) == [True] * 5
        assert again.used() == 5


def test_two_hosts_share_rates_and_cards_over_redis(tmp_path: Path, web: Site, redis_url: str) -> None:
    database = f"sqlite:///{tmp_path}/keys.sqlite3"
    one, two = (running(tmp_path / name, REDIS_URL=redis_url, DATABASE_URL=database) for name in ("one", "two"))
    with one as first, two as second:
        bucket = first.on_plan("bucket")
        twin = Running(second.service, second.folder, bucket.key, database)
        urls = pages(web, 5)
        assert bucket.hits(*urls) == [False] * 5
        assert twin.hits(*urls) == [True] * 5
        statuses = [each.batch(*urls).status_code for each in (bucket, twin) for _ in range(5)]
    assert statuses == [200] * 8 + [429] * 2


def test_while_redis_is_away_everything_is_answered_and_told(
    tmp_path: Path, web: Site, redis_server: RedisServer
) -> None:
    with running(tmp_path, REDIS_URL=redis_server.url) as server:
        key, urls = server.on_plan("bucket"), pages(web, 3)
        assert key.hits(*urls) == [False] * 3
        redis_server.stop()
        begun = time.monotonic()
        statuses = [key.batch(*urls, cache=False).status_code for _ in range(12)]
        assert statuses == [200] * 10 + [429] * 2
        assert time.monotonic() - begun < 5
        told = server.ask("GET", "/readyz")
        assert (told.status_code, told.json()["stores"]["redis"]) == (200, "failed")
        redis_server.start()
        until(lambda: server.ask("GET", "/readyz").json()["status"] == "ok", timeout=10)
        until(lambda: server.results(*urls, cache=False) and redis_server.keys() == 3, timeout=10)
