"""The API reference in a real browser: everything of openapi.json is there, and "Send" really sends."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.browser.blog import story, wait_until
from tests.browser.world import Server
from tests.site import Site

BATCH = "[aria-label='Try POST /v1/extract/batch']"
ONE = "[aria-label='Try GET /v1/extract']"


@pytest.fixture
def docs(page: Any, server: Server) -> Any:
    page.goto(f"{server.url}/docs")
    wait_until(page, "document.querySelector('.operation')")
    page.fill("#key", server.key())
    return page


def send(page: Any, panel: str) -> str:
    """Press "Send"; the status that is shown."""
    page.locator(panel).get_by_role("button", name="Send").click()
    wait_until(page, f'document.querySelector("{panel} .answer .tag")')
    return str(page.locator(f"{panel} .answer .tag").text_content())


def test_every_operation_of_the_document_is_listed(docs: Any) -> None:
    document = json.loads(docs.evaluate("fetch('openapi.json').then(answer => answer.text())"))
    described = {f"Try {method.upper()} {path}" for path, item in document["paths"].items() for method in item}
    listed = docs.eval_on_selector_all(".try", "all => all.map(each => each.getAttribute('aria-label'))")
    assert set(listed) == described


def test_a_batch_can_be_tried(docs: Any, web: Site) -> None:
    docs.fill(f"{BATCH} textarea", json.dumps({"urls": [story(web, "/a", "Tried")]}))
    assert send(docs, BATCH).startswith("200")
    answer = json.loads(docs.locator(f"{BATCH} .answer pre").first.text_content())
    assert answer["data"]["results"][0]["data"]["title"] == "Tried"


def test_a_batch_can_be_tried_as_a_stream(docs: Any, web: Site) -> None:
    docs.fill(f"{BATCH} textarea", json.dumps({"urls": [story(web, "/a")]}))
    docs.select_option(f"{BATCH} select", "application/x-ndjson")
    assert send(docs, BATCH).startswith("200")
    lines = docs.locator(f"{BATCH} .answer pre").first.text_content().splitlines()
    assert [sorted(json.loads(line)) for line in lines] == [
        ["cache_hit", "data", "index", "success", "url"],
        ["meta", "summary"],
    ]


def test_query_parameters_are_sent(docs: Any, web: Site) -> None:
    url = story(web, "/a", "Asked by query") + "?b=1&c"
    docs.locator(ONE).get_by_label("url").fill(url)
    assert send(docs, ONE).startswith("200")
    assert "Asked by query" in docs.locator(f"{ONE} .answer pre").first.text_content()


def test_an_error_is_shown_as_it_is(docs: Any) -> None:
    docs.fill(f"{BATCH} textarea", '{"urls": "no list"}')
    assert send(docs, BATCH).startswith("400")
    assert "INVALID_BODY" in docs.locator(f"{BATCH} .answer pre").first.text_content()


def test_the_example_body_is_one_that_the_server_takes(docs: Any) -> None:
    body = json.loads(docs.input_value(f"{BATCH} textarea"))
    assert body["urls"]


def test_schemas_open_down_to_their_last_field(docs: Any) -> None:
    for _ in range(8):
        docs.evaluate("document.querySelectorAll('.operation details:not([open])').forEach(each => each.open = true)")
        docs.wait_for_timeout(50)
    names = set(docs.locator(".rows .name").all_text_contents())
    assert {"urls", "open_graph", "locale_alternate", "retryable", "X-RateLimit-Remaining"} <= names


def test_nothing_is_wider_than_a_telephone(docs: Any) -> None:
    docs.set_viewport_size({"width": 360, "height": 740})
    assert docs.evaluate("document.documentElement.scrollWidth") == 360
