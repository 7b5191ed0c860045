from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from app.cli.serving import serving
from tests.cli.conftest import Run

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
