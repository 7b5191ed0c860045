"""Pictures on disk: bounded, least recently used out, safe beside other processes."""

from __future__ import annotations

import os
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.images.store import DiskStore

MOST = 64 * 4_096  # of which a value may take 4 blocks
VALUE = bytes(4_096)


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def age(folder: Path, seconds: float) -> None:
    for path in folder.rglob("*"):
        os.utime(path, (time.time() - seconds,) * 2)


def test_a_value_is_found_again_by_every_process(tmp_path: Path) -> None:
    DiskStore(tmp_path, MOST).put("key", b"value")
    assert DiskStore(tmp_path, MOST).get("key") == b"value"
    assert DiskStore(tmp_path, MOST).get("other") is None


def test_the_bytes_are_bounded(tmp_path: Path) -> None:
    store = DiskStore(tmp_path, MOST)
    for number in range(500):
        store.put(str(number), VALUE)
        assert size_of(tmp_path) <= MOST * 1.1
    assert size_of(tmp_path) >= MOST * 0.8
    assert store.get("499") == VALUE


def test_the_least_recently_used_goes_first(tmp_path: Path) -> None:
    store = DiskStore(tmp_path, MOST)
    for number in range(60):
        store.put(str(number), VALUE)
    age(tmp_path, 3_600)
    assert store.get("7") == VALUE
    for number in range(100, 140):
        store.put(str(number), VALUE)
    assert store.get("7") == VALUE
    assert sum(store.get(str(number)) is not None for number in range(60)) < 30


def test_many_small_values_are_bounded_by_the_blocks_they_take(tmp_path: Path) -> None:
    store = DiskStore(tmp_path, MOST)
    for number in range(300):
        store.put(str(number), b"x")
    assert sum(path.is_file() for path in tmp_path.rglob("*")) <= 70


@pytest.mark.parametrize("most", [0, 1_000])
def test_without_room_nothing_is_kept(tmp_path: Path, most: int) -> None:
    store = DiskStore(tmp_path, most)
    store.put("key", VALUE)
    assert store.get("key") is None
    assert size_of(tmp_path) == 0


def test_a_folder_that_cannot_be_written_costs_the_cache_alone(tmp_path: Path) -> None:
    (tmp_path / "images").write_text("a file where the folder should be")
    store = DiskStore(tmp_path / "images", MOST)
    store.put("key", VALUE)
    assert store.get("key") is None


def test_files_are_whole_and_private(tmp_path: Path) -> None:
    store = DiskStore(tmp_path, MOST)

    def write(number: int) -> None:
        store.put("key", bytes([number]) * 9_000)
        found = store.get("key")
        assert found is None or len(set(found)) == 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(200)))
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*") if path.is_file()} == {0o600}
    assert not list(tmp_path.rglob(".*"))
