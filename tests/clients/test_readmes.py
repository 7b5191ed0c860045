"""The examples in the READMEs of the clients, run as they stand there against the real service."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from tests.clients.conftest import Running, example, run
from tests.site import Site

pytestmark = pytest.mark.server

TITLE = "<title>A story</title>"
node = pytest.mark.skipif(shutil.which("node") is None, reason="there is no node on PATH")


@node
def test_the_first_example_in_node(modules: Path, running: Running, web: Site) -> None:
    (modules.parent / "first.mjs").write_text(example("js/client", "js"))
    environ = {"PAGECARD_SERVER": running.url, "PAGECARD_KEY": running.key()}
    printed = run(["node", "first.mjs", web.page("/a", TITLE), web.url("/gone")], modules.parent, environ)
    assert sorted(printed.splitlines()) == ["0 A story", "1 TARGET_HTTP_ERROR"]


@pytest.mark.parametrize("number", [0, 1], ids=["sync", "async"])
def test_the_first_examples_in_python(wheel: Path, running: Running, web: Site, tmp_path: Path, number: int) -> None:
    (tmp_path / "first.py").write_text(example("python", "python", number))
    environ = {"PAGECARD_SERVER": running.url, "PAGECARD_KEY": running.key(), "PYTHONPATH": str(wheel)}
    printed = run([sys.executable, "first.py", web.page("/a", TITLE), web.url("/gone")], tmp_path, environ)
    assert sorted(printed.splitlines()) == ["0 A story", "1 TARGET_HTTP_ERROR"]
