"""`pagecard jobs` and `pagecard worker`, the first against a real server in this process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner, Result
from werkzeug.serving import make_server

from app import create_app
from app.cli import main
from app.jobs.embedded import Supervisor
from app.networks import parse_networks
from app.settings import Settings
from tests.api.conftest import Api
from tests.api.test_jobs import work_off
from tests.site import Site

Jobs = Callable[..., Result]


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Api]]:
    """A server whose jobs wait until a test works them off."""
    monkeypatch.setattr(Supervisor, "start", lambda self: None)
    app = create_app(Settings(data_dir=tmp_path, allow_targets=parse_networks("127.0.0.0/8"), log_level="error"))
    services = app.extensions["pagecard"]
    key, _ = services.keys.create("enterprise")
    listener = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{listener.server_port}", Api(app.test_client(), services, key)
    listener.shutdown()
    listener.server_close()
    services.close()


@pytest.fixture
def jobs(server: tuple[str, Api]) -> Jobs:
    url, api = server

    def call(*arguments: str, stdin: str = "") -> Result:
        return CliRunner().invoke(main, ["jobs", "--server", url, "--key", api.key, *arguments], input=stdin)

    return call


def test_a_list_of_urls_becomes_a_job_and_its_results_a_file(
    server: tuple[str, Api], jobs: Jobs, web: Site, tmp_path: Path
) -> None:
    urls = [web.page("/a", "<p>one"), web.url("/missing"), "nonsense"]
    submitted = jobs("submit", "-", "--metadata", "--format", "markdown", stdin="\n".join(urls))
    assert "not accepted: nonsense" in submitted.stderr
    job_id = submitted.stdout.strip()
    work_off(server[1])
    watched = jobs("watch", job_id)
    assert (watched.exit_code, watched.stdout) == (0, "completed: 1 of 2 read, 1 failed, 0 cancelled\n")
    jobs("results", job_id, "--output", str(tmp_path / "out"))
    [first, second] = map(orjson.loads, (tmp_path / "out").read_bytes().splitlines())
    assert (first["data"]["markdown"], second["error_code"]) == ("one\n", "TARGET_HTTP_ERROR")


def test_a_job_that_failed_is_an_exit_status(server: tuple[str, Api], jobs: Jobs, web: Site) -> None:
    job_id = jobs("submit", "-", stdin=web.url("/missing")).stdout.strip()
    work_off(server[1])
    assert jobs("watch", job_id).exit_code == 1


def test_a_long_list_becomes_several_jobs(jobs: Jobs) -> None:
    listed = "\n".join(f"https://example.com/{number}" for number in range(1_001))
    assert len(jobs("submit", "-", stdin=listed).stdout.split()) == 2


def test_what_the_server_refuses_is_one_line(jobs: Jobs) -> None:
    refused = jobs("watch", "nonsense")
    assert (refused.exit_code, refused.output) == (1, "pagecard: JOB_NOT_FOUND: There is no such job\n")


def test_a_server_that_is_not_there_is_one_line() -> None:
    refused = CliRunner().invoke(main, ["jobs", "--server", "http://127.0.0.1:1", "--key", "k", "watch", "x"])
    assert refused.exit_code == 1
    assert "does not answer" in refused.output


def test_a_worker_needs_a_broker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAGECARD_DATA_DIR", str(tmp_path))
    refused = CliRunner().invoke(main, ["worker"])
    assert refused.exit_code == 1
    assert "PAGECARD_BROKER_URL" in refused.output
