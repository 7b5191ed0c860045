"""`pagecard serve` as it is run: whatever is killed, every URL of a job ends exactly once."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest
import requests

from app.settings import Settings
from app.storage.database import open_primary
from app.storage.generations import Generations
from app.storage.keys import KeyStore
from tests.benchmarks.pages import synthetic_pages
from tests.servers import answers, end, free_port, until
from tests.site import Request, Site, Wire

pytestmark = [pytest.mark.server, pytest.mark.slow]

URLS = 1_000


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.from_environ(environ(tmp_path))


def environ(folder: Path) -> dict[str, str]:
    return {"PAGECARD_DATA_DIR": str(folder / "data"), "PAGECARD_ALLOW_TARGETS": "127.0.0.0/8"}


@pytest.fixture
def key(settings: Settings) -> str:
    database = open_primary(settings)
    secret, _ = KeyStore(database, Generations(settings.generations_file)).create("enterprise")
    database.engine.dispose()
    return secret


@contextmanager
def serving(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A server until the block ends, and then kill -9 for every process of it."""
    command = [sys.executable, "-c", "from app.cli import main; main()", "serve", "--bind", f"127.0.0.1:{port}"]
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            command, env=os.environ | environ(folder), start_new_session=True, stdout=log, stderr=log
        )
    try:
        until(lambda: answers(port))
        yield process
    finally:
        end(process)


def ask(port: int, key: str, method: str, path: str, **options: Any) -> Any:
    url = f"http://127.0.0.1:{port}/v1/batch{path}"
    return requests.request(method, url, headers={"X-Api-Key": key}, timeout=60, **options).json()


def family(process: subprocess.Popen[bytes]) -> list[str]:
    """What is left of a session, by the names of the processes."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended in this moment
            name, state, session = re.search(r"\((.*)\) (\S) \d+ \d+ (\d+)", stat.read_text()).groups()
            if int(session) == process.pid and state != "Z":
                found.append(name)
    return found


def test_runners_are_forked_and_end_with_the_service(web: Site, key: str, tmp_path: Path) -> None:
    port = free_port()
    with serving(tmp_path, port) as process:
        ask(port, key, "POST", "", json={"urls": [web.page("/slow", "<p>slow", latency=20)]})
        until(lambda: "runner" in family(process))
        process.terminate()
        process.wait(30)
        assert family(process) == []


def press(web: Site) -> list[str]:
    """A thousand pages as long as the shorter third of real ones; each says its number first."""
    bodies = sorted(synthetic_pages(100), key=len)[:33]

    def answer(wire: Wire, request: Request) -> None:
        number = int(request.path[1:])
        wire.answer(bodies[number % 33].replace(b"<body>", b"<body><p>page %d</p>" % number, 1))

    return [web.route(f"/{number}", answer) for number in range(URLS)]


def test_a_job_survives_the_death_of_every_process_three_times(web: Site, key: str, tmp_path: Path) -> None:
    urls, port = press(web), free_port()

    def pending() -> int:
        return int(ask(port, key, "GET", f"/{job_id}")["pending_urls"])

    with serving(tmp_path, port):
        job_id = ask(port, key, "POST", "", json={"urls": urls})["job_id"]
        until(lambda: pending() < 0.9 * URLS, timeout=300, every=0.2)
    for share in (0.6, 0.3):
        with serving(tmp_path, port):
            until(lambda share=share: pending() < share * URLS, timeout=300, every=0.2)
    with serving(tmp_path, port):
        until(lambda: ask(port, key, "GET", f"/{job_id}")["status"] == "completed", timeout=300, every=0.2)
        answer = requests.get(
            f"http://127.0.0.1:{port}/v1/batch/{job_id}/results", headers={"X-Api-Key": key}, timeout=60
        )
    results = [orjson.loads(line) for line in answer.iter_lines()]
    assert [result["input_index"] for result in results] == list(range(URLS))
    told = [result["data"]["markdown"].partition("\n")[0] for result in results]
    assert told == [f"page {number}" for number in range(URLS)]


def test_the_client_of_the_original_service_works_unchanged(web: Site, key: str, tmp_path: Path) -> None:
    sdk = pytest.importorskip("geonode_scraper_sdk", reason="needs geonode-scraper-sdk")
    port = free_port()
    with serving(tmp_path, port):
        configuration = sdk.Configuration(host=f"http://127.0.0.1:{port}", api_key={"ApiKeyAuth": key})
        with sdk.ApiClient(configuration) as client:
            api = sdk.BatchApi(client)
            accepted = api.create_batch_v1_batch_post(
                sdk.BatchRequest(
                    urls=[web.page("/a", "<p>one"), web.page("/b", "<p>two"), "nonsense"],
                    formats=[sdk.OutputFormat.MARKDOWN],
                    headers={"X-A": "1"},
                )
            )
            assert isinstance(accepted.job_id, UUID)
            assert (accepted.accepted_urls, accepted.invalid_urls) == (2, ["nonsense"])

            def status(page: int = 1) -> Any:
                return api.get_batch_status_v1_batch_job_id_get(str(accepted.job_id), page=page, page_size=1)

            until(lambda: status().status == "completed")
            assert [status(page).results[0].data.markdown for page in (1, 2)] == ["one\n", "two\n"]
            assert status().batch_config.headers == {"X-A": "[hidden]"}
            listed = api.list_batch_jobs_v1_batch_jobs_get(status=sdk.JobStatus.COMPLETED, page=1, page_size=10)
            assert [job.job_id for job in listed.jobs] == [accepted.job_id]
            slow = api.create_batch_v1_batch_post(
                sdk.BatchRequest(urls=[web.page("/slow", "<p>slow", latency=20)] * 200)
            )
            cancelled = api.cancel_batch_v1_batch_job_id_delete(str(slow.job_id))
            assert (cancelled.job_id, cancelled.status) == (slow.job_id, "cancelled")
            with pytest.raises(sdk.ApiException) as refused:
                api.cancel_batch_v1_batch_job_id_delete(str(slow.job_id))
            assert refused.value.status == 409
