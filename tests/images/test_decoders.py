"""Decoder processes: limits, ends, replacements."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.deadline import Deadline
from app.errors import TargetTimeout, UnsupportedContent
from app.images.decoders import Decoders
from app.images.options import ImageOptions, parse_options
from app.images.tasks import Facts, Task
from tests.images.pictures import GIF, JPEG, PNG, gif_of, noise, opened, picture, png_of, turned

SMALL = parse_options("w50,h50")


@pytest.fixture
def decoders() -> Iterator[Decoders]:
    made = Decoders()
    yield made
    made.close()
    assert made.processes() == []


def draw(decoders: Decoders, body: bytes = b"", media_type: str = JPEG, options: ImageOptions = SMALL) -> bytes:
    return decoders.draw(Task(media_type, options), body or picture(), Deadline.after(20)).body


def status_of(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def test_one_process_draws_one_picture_after_another(decoders: Decoders) -> None:
    assert decoders.processes() == []
    draw(decoders)
    [pid] = decoders.processes()
    draw(decoders)
    assert decoders.processes() == [pid]


def test_it_is_limited_and_gives_way(decoders: Decoders) -> None:
    draw(decoders)
    [pid] = decoders.processes()
    limits = Path(f"/proc/{pid}/limits").read_text()
    assert f"{640 * 2**20}" in next(line for line in limits.splitlines() if line.startswith("Max address space"))
    assert "  0  " in next(line for line in limits.splitlines() if line.startswith("Max file size"))
    assert os.getpriority(os.PRIO_PROCESS, pid) >= 15
    assert Path(f"/proc/{pid}/environ").read_bytes().count(b"=") == 1


def test_a_process_that_was_killed_is_replaced(decoders: Decoders) -> None:
    draw(decoders)
    [pid] = decoders.processes()
    os.kill(pid, signal.SIGKILL)
    assert opened(draw(decoders)).width == 50
    assert decoders.processes() != [pid]


def test_a_picture_that_takes_too_much_ends_its_process_alone(decoders: Decoders) -> None:
    bomb = picture("PNG", (7_000, 5_700), mode="LA")
    with pytest.raises(UnsupportedContent, match="more memory or time"):
        draw(decoders, bomb, PNG, parse_options("max1k,png"))
    assert opened(draw(decoders)).width == 50


def test_forty_megapixels_fit(decoders: Decoders) -> None:
    drawn = opened(draw(decoders, picture("PNG", (8_000, 5_000), mode="RGBA"), PNG, parse_options("w600,webp")))
    assert drawn.size == (600, 375)


def test_a_deadline_ends_the_work(decoders: Decoders) -> None:
    with pytest.raises(TargetTimeout):
        decoders.draw(Task(PNG, parse_options("max1k")), picture("PNG", (5_000, 5_000)), Deadline.after(0.3))
    assert decoders.processes() == []


@pytest.mark.parametrize("body", [png_of(50_000, 50_000), png_of(1, 40_000_001), png_of(2**31 - 1, 2**31 - 1)])
def test_pixels_are_judged_before_they_are_decoded(decoders: Decoders, body: bytes) -> None:
    begun = time.process_time()
    with pytest.raises(UnsupportedContent, match=r"40 megapixels|decoded"):
        draw(decoders, body, PNG)
    [pid] = decoders.processes()
    peak = int(status_of(pid)["VmHWM"].split()[0])
    assert peak < 80_000  # KiB
    assert time.process_time() - begun < 1


def test_of_ten_thousand_frames_the_first_is_drawn(decoders: Decoders) -> None:
    assert opened(draw(decoders, gif_of(10_000), GIF)).size == (1, 1)


def test_facts_are_of_the_upright_picture(decoders: Decoders) -> None:
    facts = decoders.read_facts(Task(JPEG, None), turned(6, size=(400, 200)), Deadline.after(20))
    assert facts
    assert (facts.width, facts.height) == (200, 400)
    assert facts.dominant_color in ("#fd0000", "#fe0000")
    assert facts.thumbhash


def test_a_beginning_tells_the_size(decoders: Decoders) -> None:
    facts = decoders.read_facts(Task(JPEG, None, whole=False), noise()[:20_000], Deadline.after(20))
    assert facts == Facts(1_600, 1_200)


def test_no_picture_has_no_facts(decoders: Decoders) -> None:
    assert decoders.read_facts(Task(JPEG, None), b"\xff\xd8\xff" + bytes(99), Deadline.after(20)) is None


def test_processes_end_with_their_worker() -> None:
    worker = """
import sys, time
from app.deadline import Deadline
from app.images.decoders import Decoders
from app.images.tasks import Task
from app.images.options import ImageOptions
from tests.images.pictures import picture
decoders = Decoders()
decoders.draw(Task("image/jpeg", ImageOptions()), picture(), Deadline.after(20))
print(*decoders.processes(), flush=True)
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", worker], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        pid = int(process.stdout.readline())
        process.kill()
    end = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists() and status_of(pid)["State"][0] != "Z" and time.monotonic() < end:
        time.sleep(0.05)
    assert not Path(f"/proc/{pid}").exists() or status_of(pid)["State"][0] == "Z"
