from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.cli.binding import Address
from app.cli.serving import serving
from app.settings import Settings
from tests.cli.conftest import Call, Run

pytestmark = pytest.mark.server

QUIET = {"LOG_LEVEL": "error"}


def test_the_first_start_prints_a_curl_that_works(tmp_path: Path) -> None:
    with serving(tmp_path, QUIET) as service:
        [curl] = re.findall(r"^curl .*?\]}'$", service.log.read_text(), re.DOTALL | re.MULTILINE)
        local = curl.replace("https://example.com", "http://127.0.0.1:9/")  # no test leaves the machine
        answer = subprocess.run(["bash", "-c", local], capture_output=True, check=True, timeout=60).stdout
    assert json.loads(answer)["data"]["summary"] == {"total": 1, "successful": 0, "failed": 1}


def test_the_first_key_is_made_and_shown_once(tmp_path: Path) -> None:
    for _ in range(2):
        with serving(tmp_path, QUIET) as service:
            log = service.log.read_text()
    key = service.first_key
    assert log.count("This is your first API key") == 1
    assert log.count(f"  {key}\n") == 1


def test_the_first_start_names_the_playground_the_data_folder_and_the_way_to_stop(tmp_path: Path) -> None:
    with serving(tmp_path, QUIET) as service:
        log = service.log.read_text()
    assert f"\n  {service.url}/#key={service.first_key}\n" in log
    assert f"Its data is in {tmp_path / 'data'}. Ctrl-C stops it." in log


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_a_port_that_is_taken_is_told_before_anything_is_done(run: Run, settings: Settings, taken: int) -> None:
    stopped = run("serve", "--bind", f"127.0.0.1:{taken}")
    assert (stopped.returncode, stopped.stdout) == (1, "")
    told = rf"pagecard: 127\.0\.0\.1:{taken} is taken by another program; --bind 127\.0\.0\.1:(\d+)\n"
    assert int(re.fullmatch(told, stopped.stderr)[1]) > taken
    assert not settings.data_dir.exists()


@pytest.mark.parametrize(
    "bind", ["999.1.1.1:8000", "127.0.0.1", "127.0.0.1:65536", "[::g]:80", "127.0.0.1:http", "a b:80"]
)
def test_an_address_that_makes_no_sense_is_refused(call: Call, bind: str) -> None:
    refused = call("serve", "--bind", bind)
    assert refused.exit_code == 2
    assert "is not HOST:PORT, such as 127.0.0.1:8000" in " ".join(refused.stderr.split())


def test_an_address_of_another_machine_is_refused(call: Call) -> None:
    refused = call("serve", "--bind", "192.0.2.1:8000")
    assert refused.exit_code == 1
    assert refused.stderr.startswith("pagecard: 192.0.2.1:8000 is no address of this machine (")
    assert refused.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("bind", "reachable"),
    [(Address("0.0.0.0", 80), "127.0.0.1:80"), (Address("::", 80), "[::1]:80"), (Address("cards", 80), "cards:80")],
    ids=str,
)
def test_a_wildcard_is_reached_on_loopback(bind: Address, reachable: str) -> None:
    assert str(bind.reachable) == reachable


@pytest.mark.parametrize(("name", "extra"), [("PAGECARD_REDIS_URL", "redis"), ("PAGECARD_BROKER_URL", "celery")])
def test_a_missing_extra_is_told_in_a_line(settings: Settings, name: str, extra: str) -> None:
    program = f"import sys; sys.modules[{extra!r}] = None; from app.cli import main; main()"
    stopped = subprocess.run(
        [sys.executable, "-P", "-c", program, "serve", "--bind", "127.0.0.1:0"],
        env=os.environ | {name: "redis://127.0.0.1:1/0"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    told = f"pagecard: {name} needs the extra {extra}: pip install 'pagecard[{extra}]'\n"
    assert (stopped.returncode, stopped.stdout, stopped.stderr) == (1, "", told)


@pytest.mark.parametrize("after", [0.2, 0.8, 1.6])
def test_an_early_interrupt_leaves_no_traceback(tmp_path: Path, settings: Settings, after: float) -> None:
    with (tmp_path / "log").open("wb") as log:
        command = [sys.executable, "-P", "-m", "app", "serve", "--bind", "127.0.0.1:0"]
        process = subprocess.Popen(command, stdout=log, stderr=log)
    time.sleep(after)
    process.send_signal(signal.SIGINT)
    process.wait(60)
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_the_folder_that_it_is_started_in_brings_no_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "app.py").write_text("raise SystemExit('somebody else')")
    monkeypatch.chdir(tmp_path)
    with serving(tmp_path, QUIET) as service:
        assert "somebody else" not in service.log.read_text()


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("PAGECARD_POOLSIZE", "9", "pagecard: PAGECARD_POOLSIZE: no such setting; did you mean PAGECARD_POOL_SIZE?"),
        ("PAGECARD_POOL_SIZE", "many", "pagecard: PAGECARD_POOL_SIZE: must be a whole number from 1 to 2000"),
        ("PAGECARD_DATA_DIR", "/proc/none", "pagecard: PAGECARD_DATA_DIR: the database cannot be opened: "),
    ],
)
def test_a_setting_that_is_wrong_stops_the_start_with_a_clear_line(run: Run, name: str, value: str, line: str) -> None:
    stopped = run("serve", "--bind", "127.0.0.1:0", **{name: value})
    assert (stopped.returncode, stopped.stdout) == (1, "")
    assert stopped.stderr.startswith(line)
    assert stopped.stderr.count("\n") == 1
