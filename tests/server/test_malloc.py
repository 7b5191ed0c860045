"""Memory is given back after work, now and then, and where the system's library can."""

from __future__ import annotations

import ctypes
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from app.server.malloc import INTERVAL, WORTHWHILE, MemoryTrimmer

LATER = INTERVAL + 1


@pytest.fixture
def trims(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What malloc_trim was called with."""
    trims: list[int] = []
    monkeypatch.setattr(ctypes, "CDLL", lambda _: SimpleNamespace(malloc_trim=trims.append))
    return trims


def test_nothing_is_due_after_requests_that_cost_nothing(trims: list[int]) -> None:
    trimmer = MemoryTrimmer()
    trimmer.note(WORTHWHILE / 2)
    assert not trimmer.due(time.monotonic() + LATER)


def test_it_is_due_once_after_work(trims: list[int]) -> None:
    trimmer = MemoryTrimmer()
    trimmer.note(2 * WORTHWHILE)
    trimmer.note(WORTHWHILE / 2)
    assert trimmer.due(time.monotonic())
    trimmer.trim()
    assert trims == [0]
    assert not trimmer.due(time.monotonic() + LATER)


def test_it_is_not_done_all_the_time(trims: list[int]) -> None:
    trimmer = MemoryTrimmer()
    trimmer.trim()
    trimmer.note(2 * WORTHWHILE)
    assert not trimmer.due(time.monotonic())
    assert trimmer.due(time.monotonic() + LATER)


def test_a_library_that_cannot_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _: SimpleNamespace())
    trimmer = MemoryTrimmer()
    trimmer.note(2 * WORTHWHILE)
    assert not trimmer.due(time.monotonic() + LATER)
    trimmer.trim()


@pytest.mark.skipif(sys.platform != "linux", reason="malloc_trim is glibc's")
def test_memory_that_is_free_in_the_middle_goes_back() -> None:
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "malloc_trim"):
        pytest.skip("malloc_trim is glibc's")
    libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, (ctypes.c_void_p,)
    pieces = [libc.malloc(100_000) for _ in range(500)]
    for piece in pieces:
        ctypes.memset(piece, 1, 100_000)
    for piece in pieces[:-1]:
        libc.free(piece)
    before = resident()
    MemoryTrimmer().trim()
    assert resident() < before - 20_000_000
    libc.free(pieces[-1])


def resident() -> int:
    """Bytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096
