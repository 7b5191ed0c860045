"""Metrics across processes: none lost with the process that counted it, and none of another server touched."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path

import pytest

from app.server.metrics_folder import MetricsFolder
from app.settings import METRICS_DIRECTORY

COUNT = """
import sys, os
from app import metrics
metrics.FETCHES.labels("ok").inc(3)
metrics.FETCH_SECONDS.observe(0.2)
metrics.POOL_BUSY.set(5)
metrics.JOBS_PENDING.set(int(sys.argv[1]))
"""
SHOW = """
from app import metrics
metrics.absorb_ended()
print(metrics.exposition().decode())
"""


def run(folder: Path, program: str, *arguments: str) -> str:
    environ = os.environ | {METRICS_DIRECTORY: str(folder)}
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, env=environ, check=True, capture_output=True, text=True).stdout


def figures(folder: Path) -> dict[str, float]:
    lines = [line for line in run(folder, SHOW).splitlines() if line and line[0] != "#"]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where three processes have counted and ended, the last with 3 items that wait."""
    for pending in ("7", "9", "3"):
        run(tmp_path, COUNT, pending)
    return tmp_path


def test_what_ended_processes_counted_is_kept_and_their_files_are_not(folder: Path) -> None:
    assert len(list(folder.glob("*.db"))) == 12
    for _ in range(2):
        shown = figures(folder)
        assert shown['pagecard_fetches_total{outcome="ok"}'] == 9
        assert shown["pagecard_fetch_seconds_count"] == 3
        assert shown['pagecard_fetch_seconds_bucket{le="0.25"}'] == 3
        assert shown["pagecard_job_items_pending"] == 3
    assert len(list(folder.glob("*.db"))) == 3 + 4  # the totals, and the process that shows them


def test_gauges_of_the_living_end_with_them(folder: Path) -> None:
    assert figures(folder)["pagecard_pool_busy"] == 0


def test_files_of_the_living_are_left_alone(folder: Path) -> None:
    living = folder / f"counter_{os.getpid()}.db"
    next(folder.glob("counter_*.db")).rename(living)
    assert figures(folder)['pagecard_fetches_total{outcome="ok"}'] == 9
    assert living.exists()


@pytest.mark.parametrize("torn", [b"", b"\xff" * 100, b"\x00\x01\x00\x00"])
def test_a_half_written_file_costs_its_own_figures_alone(folder: Path, torn: bytes) -> None:
    next(folder.glob("counter_*.db")).write_bytes(torn)
    assert figures(folder)['pagecard_fetches_total{outcome="ok"}'] == 6


# Folders ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def neighbour(tmp_path: Path) -> Iterator[Path]:
    """The folder of another server that runs, with a file in it."""
    program = (
        "import sys; from pathlib import Path; from app.server.metrics_folder import MetricsFolder;"
        "folder = MetricsFolder(Path(sys.argv[1]), 0o700); (folder.path / 'file').touch();"
        "print(folder.path, flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield Path(process.stdout.readline().strip())
        process.kill()


def test_a_folder_is_named_after_its_process_and_empty(tmp_path: Path) -> None:
    left = tmp_path / str(os.getpid())
    left.mkdir()
    (left / "counter_1.db").touch()
    folder = MetricsFolder(tmp_path, 0o700)
    assert (folder.path, list(folder.path.iterdir())) == (left, [])


def test_a_server_that_runs_keeps_its_folder(tmp_path: Path, neighbour: Path) -> None:
    MetricsFolder(tmp_path, 0o700).remove_others()
    assert (neighbour / "file").exists()


def test_the_same_process_id_in_another_container_gets_another_folder(tmp_path: Path, neighbour: Path) -> None:
    here = tmp_path / str(os.getpid())
    neighbour.rename(here)
    assert MetricsFolder(tmp_path, 0o700).path == tmp_path / f"{os.getpid()}.1"
    assert (here / "file").exists()


def test_what_servers_that_ended_have_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / "12").mkdir(parents=True)
    (tmp_path / "12" / "counter_13.db").touch()
    (tmp_path / "counter_14.db").touch()
    folder = MetricsFolder(tmp_path, 0o700)
    folder.remove_others()
    assert list(tmp_path.iterdir()) == [folder.path]


def test_a_child_holds_the_lock_and_does_not_remove_the_folder(tmp_path: Path) -> None:
    folder = MetricsFolder(tmp_path, 0o700)
    child = get_context("fork").Process(target=folder.remove)
    child.start()
    child.join()
    assert folder.path.exists()
    folder.remove()
    assert not folder.path.exists()
