"""What the tests of the browser share: one server and one Chromium for all of them, a fresh page for each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.world import Server, axe_source, find_chromium, running_chromium, running_server


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture(scope="package")
def chromium() -> Iterator[Any]:
    pytest.importorskip("playwright")
    if find_chromium() is None:
        pytest.skip("there is no Chromium on PATH (Debian: apt-get install chromium)")
    with running_chromium() as browser:
        yield browser


@pytest.fixture(params=["light"])
def scheme(request: pytest.FixtureRequest) -> str:
    """Parametrize it to see a page in the dark, too."""
    return str(request.param)


@pytest.fixture
def page(chromium: Any, scheme: str) -> Iterator[Any]:
    """A tab of its own. No script of a page may fail, and no policy may have had to stop anything."""
    context = chromium.new_context(color_scheme=scheme, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text) if "Security Policy" in message.text else None)
    yield page
    context.close()
    assert problems == []


@pytest.fixture(scope="package")
def axe() -> str:
    try:
        return axe_source()
    except (OSError, ValueError) as error:
        pytest.skip(f"npm cannot bring axe-core here: {error}")
