"""Pictures of the service as it is served: two workers, one key, and processes that end with it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import requests

from app.cli.serving import serving
from app.images.signing import ImageSigner, load_key
from tests.images.pictures import JPEG, picture
from tests.site import Site

pytestmark = [pytest.mark.server, pytest.mark.slow]

SETTINGS = {"ALLOW_TARGETS": "127.0.0.0/8"}
COMMAND = b"app.images.decoder"


def decoders_below(pid: int) -> set[int]:
    """The decoder processes among the descendants of a process."""
    found = [pid]
    for parent in found:
        for task in Path(f"/proc/{parent}/task").iterdir():
            found += map(int, (task / "children").read_text().split())
    return {each for each in found if COMMAND in Path(f"/proc/{each}/cmdline").read_bytes()}


def await_end(pids: set[int]) -> set[int]:
    """Those of some processes that are there after ten seconds."""
    end = time.monotonic() + 10
    while (left := {pid for pid in pids if Path(f"/proc/{pid}").exists()}) and time.monotonic() < end:
        time.sleep(0.05)
    return left


def test_workers_share_the_key_which_outlives_a_restart_and_decoders_do_not(tmp_path: Path, web: Site) -> None:
    url = web.page("/picture", picture(), content_type=JPEG)
    with serving(tmp_path, SETTINGS) as running:
        signer = ImageSigner(load_key(tmp_path / "data" / "image.key"))
        paths = [signer.image_url(url, f"w{width}") for width in range(10, 30)]
        first = [requests.get(running.url + path, timeout=20) for path in paths]
        decoders = decoders_below(running.process.pid)
    assert {answer.status_code for answer in first} == {200}
    assert decoders
    assert await_end(decoders) == set()
    asked = len(web.received("/picture"))
    with serving(tmp_path, SETTINGS) as running:
        again = [requests.get(running.url + path, timeout=20) for path in paths]
    assert [answer.content for answer in again] == [answer.content for answer in first]
    assert len(web.received("/picture")) == asked
