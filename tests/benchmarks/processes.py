"""What a server and all its children cost, read from /proc as the kernel counted it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")


def family(pid: int) -> list[int]:
    """`pid` and its descendants that are alive."""
    found = [pid]
    for parent in found:
        try:
            tasks = list((PROC / str(parent) / "task").iterdir())
            found += [int(child) for task in tasks for child in (task / "children").read_text().split()]
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def cpu_seconds(pid: int) -> float:
    """User and system time of the whole family so far, children that have ended included."""
    return sum(_ticks(member) for member in family(pid)) / TICK


def cpu_by_process(pid: int) -> dict[int, float]:
    """The same for each living member of the family."""
    return {member: _ticks(member) / TICK for member in family(pid)}


def machine_cpu_seconds() -> float:
    """What all processors of the machine have worked so far, whoever they worked for (proc(5), /proc/stat)."""
    user, nice, system, _idle, _iowait, *interrupts = (PROC / "stat").read_text().splitlines()[0].split()[1:8]
    return sum(map(int, (user, nice, system, *interrupts))) / TICK


def _ticks(pid: int) -> int:
    try:
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return sum(int(ticks) for ticks in fields[11:15])  # utime, stime, cutime, cstime


@dataclass(frozen=True, slots=True)
class Memory:
    """MiB: shared pages divided among those who share them, and the family's peak since `forget_peak`."""

    pss: float
    rss: float
    peak: float


def memory(pid: int) -> Memory:
    members = family(pid)
    return Memory(
        pss=sum(_kib(member, "smaps_rollup", "Pss") for member in members) / 1024,
        rss=sum(_kib(member, "status", "VmRSS") for member in members) / 1024,
        peak=sum(_kib(member, "status", "VmHWM") for member in members) / 1024,
    )


def forget_peak(pid: int) -> None:
    """Start VmHWM anew (proc(5), clear_refs 5)."""
    for member in family(pid):
        (PROC / str(member) / "clear_refs").write_text("5")


def _kib(pid: int, file: str, name: str) -> int:
    try:
        found = re.search(rf"^{name}:\s+(\d+)", (PROC / str(pid) / file).read_text(), re.MULTILINE)
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(found[1]) if found else 0
