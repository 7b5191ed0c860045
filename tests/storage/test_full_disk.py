"""A full disk costs the cache and nothing else: no signal ends a process that writes to mapped memory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

CAN_MOUNT = "mount -t tmpfs -o size=1m tmpfs /mnt"
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module", autouse=True)
def _mount_namespace() -> None:
    """Skip where the system lets nobody mount a small disk."""
    tried = subprocess.run(["unshare", "-rm", "sh", "-c", CAN_MOUNT], capture_output=True, check=False, timeout=30)
    if tried.returncode:
        pytest.skip(f"no file system can be mounted in a namespace: {tried.stderr.decode().strip()}")


def run(scene: str, folder: Path) -> Any:
    """What a scene of `full_disk` returns. Fails the test if a signal ends it."""
    command = ["unshare", "-rm", sys.executable, "-m", "tests.storage.full_disk", scene, str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False, timeout=120)
    assert done.returncode == 0, (done.returncode, done.stderr.decode()[-2000:])
    return json.loads(done.stdout.splitlines()[-1])


def test_cards_tokens_and_usage_survive_a_disk_that_fills_up(tmp_path: Path) -> None:
    pages = [str(number) for number in range(8)]
    assert run("cards", tmp_path) == {"before": ["0"], "after": pages, "again": pages, "tokens": 2_000, "used": 4}


def test_a_start_on_a_full_disk_is_refused_in_one_line(tmp_path: Path) -> None:
    refusal = run("start", tmp_path)
    assert refusal.startswith("PAGECARD_DATA_DIR: ")
    assert "\n" not in refusal


def test_a_mapped_file_without_room_names_itself(tmp_path: Path) -> None:
    refusal = run("mapped", tmp_path)
    assert f"{tmp_path / 'rates'}: No space left on device" in refusal


def test_figures_are_counted_on_when_their_file_cannot_grow(tmp_path: Path) -> None:
    assert run("metrics", tmp_path) == [2.0, True]


def test_figures_of_a_process_that_starts_on_a_full_disk_are_counted(tmp_path: Path) -> None:
    assert run("metrics_of_a_new_process", tmp_path) == 1.0
