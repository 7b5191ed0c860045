"""Doors of main content: `GET /v1/read`, and `include: ["markdown"]`."""

from __future__ import annotations

import pytest

from tests.api.conftest import Api
from tests.site import Site

SENTENCE = "The harbour wakes before the sun is up, and the first boats leave in a line. "
PAGE = (
    "<!doctype html><html lang=en><head><title>A harbour at dawn</title><meta name=author content='Ada Example'>"
    "<meta property='article:published_time' content='2026-05-26'></head><body><nav><a href=/menu>Menu</a></nav>"
    f"<main><article><h1>A harbour at dawn</h1><p>{SENTENCE * 6}</p><p>See <a href=/map>the map</a>.</p>"
    f"<img src=/boat.jpg alt='A boat'><p>{SENTENCE * 6}</p></article></main>"
    "<footer>Imprint and terms</footer></body></html>"
)


def ask(api: Api, web: Site, query: str = "", **headers: str) -> str:
    answer = api.get(f"/v1/read?url={web.page('/story', PAGE)}{query}", headers=headers)
    assert answer.status_code == 200
    return answer.text


def test_a_document_has_a_head_and_the_text(api: Api, web: Site) -> None:
    url = web.page("/story", PAGE)
    answer = api.get(f"/v1/read?url={url}")
    head = f"# A harbour at dawn\n\nAda Example · 2026-05-26\n\n<{url}>\n\n"
    assert answer.headers["Content-Type"] == "text/markdown; charset=utf-8"
    assert answer.text.startswith(head)
    assert SENTENCE.strip() in answer.text
    assert not {"Menu", "Imprint"} & {*answer.text.split()}


def test_json_comes_in_the_envelope(api: Api, web: Site) -> None:
    url = web.page("/story", PAGE)
    data = api.get(f"/v1/read?url={url}", headers={"Accept": "application/json"}).json["data"]
    assert (data["url"], data["title"], data["author"]) == (url, "A harbour at dawn", "Ada Example")
    assert (data["start"], data["next_start"], data["total_chars"]) == (0, None, len(data["markdown"]))
    assert data["main_content"]["found"]


def test_parts_join_to_the_whole(api: Api, web: Site) -> None:
    whole = ask(api, web)
    url, parts, query = web.url("/story"), [], "&max_chars=300"
    while query:
        answer = api.get(f"/v1/read?url={url}{query}")
        parts.append(answer.text)
        query = answer.headers["Link"].partition("start=")[2].partition(">")[0] if "Link" in answer.headers else ""
        query = f"&max_chars=300&start={query}" if query else ""
    assert len(parts) > 2
    assert "".join(parts) == whole


def test_a_start_behind_the_end_gives_no_text(api: Api, web: Site) -> None:
    assert ask(api, web, "&start=1000000") == ""


def test_links_and_images_can_be_left_out(api: Api, web: Site) -> None:
    assert f"[the map]({web.url('/map')})" in ask(api, web)
    assert f"![A boat]({web.url('/boat.jpg')})" in ask(api, web)
    bare = ask(api, web, "&links=false&images=false")
    assert "See the map." in bare
    assert not any(address in bare for address in ("/map", "/boat.jpg"))


def test_each_way_of_writing_is_kept_apart_in_the_cache(api: Api, web: Site) -> None:
    for query in ("", "", "&links=false", "&links=false", "&images=false", "&max_chars=10"):
        ask(api, web, query)
    assert len(web.received("/story")) == 3


def test_a_current_copy_is_not_sent_again(api: Api, web: Site) -> None:
    url = web.page("/story", PAGE)
    etag = api.get(f"/v1/read?url={url}").headers["ETag"]
    answer = api.get(f"/v1/read?url={url}", headers={"If-None-Match": etag})
    assert (answer.status_code, answer.data) == (304, b"")


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("", 400, "MISSING_URL"),
        ("?url=nope", 400, "INVALID_URL"),
        ("?url=http://127.0.0.1:1/&max_chars=0", 400, "INVALID_BODY"),
        ("?url=http://127.0.0.1:1/&start=-1", 400, "INVALID_BODY"),
        ("?url=http://127.0.0.1:1/&links=no", 400, "INVALID_BODY"),
        ("?url=http://127.0.0.1:1/", 502, "TARGET_UNREACHABLE"),
    ],
)
def test_a_request_that_cannot_be_answered_says_why(api: Api, query: str, status: int, code: str) -> None:
    answer = api.get(f"/v1/read{query}")
    assert (answer.status_code, answer.json["error"]["code"]) == (status, code)


def test_a_file_has_no_text_to_read(api: Api, web: Site) -> None:
    url = web.page("/a.pdf", "%PDF-1.7", content_type="application/pdf")
    answer = api.get(f"/v1/read?url={url}")
    assert (answer.status_code, answer.json["error"]["code"]) == (422, "UNSUPPORTED_CONTENT")


def test_a_batch_includes_markdown_and_its_facts(api: Api, web: Site) -> None:
    [result] = api.batch(web.page("/story", PAGE), include=["markdown"]).json["data"]["results"]
    assert SENTENCE.strip() in result["data"]["markdown"]
    assert set(result["data"]["main_content"]) == {
        "found", "kind", "words", "reading_minutes", "truncated", "hidden_passages",
    }  # fmt: skip


def test_a_single_card_includes_markdown(api: Api, web: Site) -> None:
    url = web.page("/story", PAGE)
    assert SENTENCE.strip() in api.get(f"/v1/extract?url={url}&include=markdown").json["data"]["markdown"]
    assert not {"markdown", "main_content"} & api.get(f"/v1/extract?url={url}").json["data"].keys()


def test_a_file_has_no_markdown(api: Api, web: Site) -> None:
    url = web.page("/a.pdf", "%PDF-1.7", content_type="application/pdf")
    data = api.get(f"/v1/extract?url={url}&include=markdown").json["data"]
    assert (data["markdown"], data["main_content"]) == (None, None)
