from __future__ import annotations

import re

import pytest

from tests.cli.conftest import Run
from tests.servers import listens

pytestmark = pytest.mark.server


def test_the_demo_shows_the_main_job_and_leaves_nothing_behind(run: Run) -> None:
    shown = run("demo")
    for part in (
        "curl -s http://127.0.0.1:",
        '"resolved_url": "http://127.0.0.1:',
        "│ How the lighthouse learned to blink",
        "from the cache",
        "│ TARGET_HTTP_ERROR",
    ):
        assert part in shown.stdout
    assert re.findall("[✓✗]", shown.stdout) == ["✓"] * 4
    assert (shown.returncode, shown.stderr) == (0, "")
    [port] = re.findall(r"curl -s http://127.0.0.1:(\d+)/", shown.stdout)
    assert not listens(int(port))
