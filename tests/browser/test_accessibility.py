"""axe-core finds nothing to complain about, in light and in dark, in whatever state a page is."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from tests.browser.blog import SETTLED, Blog, previews, story, wait_until
from tests.browser.test_playground import DONE, ask
from tests.browser.world import Server
from tests.site import Site

pytestmark = pytest.mark.parametrize("scheme", ["light", "dark"], indirect=True)

# axe does not know what the browser paints behind a page that names no colour.
GROUND = "<style>:root { background: light-dark(#fff, #000); color-scheme: light dark }</style>"


def violations(page: Any, axe: str) -> list[Any]:
    page.evaluate(axe)
    found = page.evaluate("axe.run()")
    return [(each["id"], [node["html"] for node in each["nodes"]]) for each in found["violations"]]


def test_the_playground_at_first(page: Any, server: Server, axe: str) -> None:
    page.goto(server.url)
    assert violations(page, axe) == []


def test_the_playground_while_it_waits_and_when_it_has_failed_cards(
    page: Any, server: Server, web: Site, axe: str
) -> None:
    release = threading.Event()
    slow = web.route("/slow", lambda wire, request: (release.wait(15), wire.answer(b"<title>Slow</title>")))
    page.goto(server.url)
    page.fill("#key", server.key())
    ask(page, story(web, "/a"), slow, web.url("/missing"))
    wait_until(page, "document.querySelectorAll('.waiting').length === 1")
    assert violations(page, axe) == []
    release.set()
    wait_until(page, DONE)
    page.wait_for_timeout(300)  # the cards fade in
    assert violations(page, axe) == []


@pytest.mark.parametrize("tab", ["#tab-curl", "#tab-embed"])
def test_the_playground_with_an_error_and_its_other_views(page: Any, server: Server, axe: str, tab: str) -> None:
    page.goto(server.url)
    ask(page, "https://example.com/")
    wait_until(page, DONE)
    page.click(tab)
    assert violations(page, axe) == []


def test_the_reference_with_everything_open_and_an_answer(page: Any, server: Server, axe: str) -> None:
    page.goto(f"{server.url}/docs")
    wait_until(page, "document.querySelector('.operation')")
    page.get_by_role("button", name="Send").first.click()
    wait_until(page, "document.querySelector('.answer .tag')")
    for _ in range(3):
        page.evaluate("document.querySelectorAll('.operation:first-of-type details').forEach(each => each.open = true)")
        page.wait_for_timeout(50)
    assert violations(page, axe) == []


def test_the_widgets_page_with_cards_links_and_skeletons(page: Any, server: Server, web: Site, axe: str) -> None:
    release = threading.Event()
    slow = web.route("/slow", lambda wire, request: (release.wait(15), wire.answer(b"<title>Slow</title>")))
    blog = Blog(page, server, web)
    body = previews([story(web, "/a", "A"), web.url("/missing"), slow, "javascript:alert(1)"])
    blog.open(f'{GROUND}{body}<link-preview><a href="{web.url("/no")}">In my words</a></link-preview>')
    blog.wait_until("document.querySelector('link-preview').state === 'ready'")
    assert violations(page, axe) == []
    release.set()
    blog.wait_until(SETTLED)
    assert violations(page, axe) == []
