"""Cards as HTML: layouts, facts, and nothing of a page that acts."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from lxml.html import HtmlElement, fragments_fromstring

from app.cards import render_card, render_link
from app.cards.view import clock, file_size, file_type, view_card
from app.metadata import encode
from app.metadata.model import (
    Article,
    Content,
    Media,
    Metadata,
    OpenGraph,
    OpenGraphMedia,
    PageMeta,
    Product,
    TwitterCard,
)

HOME = "https://cards.example/"
PICTURE = "https://example.com/p.jpg"
HOSTILE = """"'><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7 * 7 }}\n\n    # x"""

# RSS readers, GitHub and mail clients keep these; whatever is not here could act or load.
TAGS = {"table", "tr", "td", "a", "img", "span", "br", "tbody"}
ATTRIBUTES = {
    *("class", "role", "cellpadding", "cellspacing", "style", "lang", "dir", "colspan", "href", "tabindex"),
    *("aria-hidden", "rel", "src", "alt", "width", "height"),
}


def data(**fields: Any) -> dict[str, Any]:
    base = {"url": "https://example.com/a", "resolved_url": "https://www.example.com/a", "title": "A"}
    return orjson.loads(encode(Metadata(**{**base, **fields})))


def with_picture(width: int | None, height: int | None, **fields: Any) -> dict[str, Any]:
    image = OpenGraphMedia(PICTURE, width=width, height=height, alt="A kite")
    return data(image=PICTURE, open_graph=OpenGraph(images=(image,)), **fields)


def nodes(html: str) -> list[HtmlElement]:
    [table] = fragments_fromstring(html)
    return list(table.iter())


@pytest.mark.parametrize(
    ("card", "layout"),
    [
        (data(), "none"),
        (with_picture(1200, 630), "large"),
        (with_picture(800, 800), "small"),
        (with_picture(64, 64), "small"),
        (with_picture(600, 900), "small"),
        (with_picture(200, 100), "small"),
        (with_picture(None, None), "large"),
        (with_picture(None, None, twitter=TwitterCard(card="summary")), "small"),
        (with_picture(1200, 630, twitter=TwitterCard(card="summary")), "large"),
        (with_picture(480, 360, kind="video"), "large"),
        (with_picture(None, None, twitter=TwitterCard(card="summary"), kind="video"), "large"),
        (with_picture(1200, 630) | {"image_info": {"width": 64, "height": 64, "proxy_url": None}}, "small"),
    ],
)
def test_the_layout_follows_from_the_picture(card: dict[str, Any], layout: str) -> None:
    assert view_card(card, HOME).layout == layout


@pytest.mark.parametrize("proxied", ["/v1/image/s/w600/u", "https://cards.example/v1/image/s/w600/u"])
def test_the_picture_comes_from_the_proxy_where_there_is_one(proxied: str) -> None:
    card = with_picture(1200, 630) | {"image_info": {"proxy_url": proxied, "width": 1200, "height": 630}}
    sources = [node.get("src") for node in nodes(render_card(card, HOME)) if node.tag == "img"]
    assert sources == ["https://cards.example/v1/image/s/w600/u"]


@pytest.mark.parametrize(
    ("card", "facts"),
    [
        (data(kind="product", product=Product(price=19.9, currency="EUR", availability="InStock")),
         ["19.90 EUR", "In stock"]),
        (data(kind="document", content=Content("application/pdf", 1_234_567, 200)), ["PDF", "1.2 MB"]),
        (data(article=Article(author="Ann", published_time="2026-05-26T10:30:00Z")), ["Ann", "2026-05-26"]),
        (data(content=Content("text/html", 1_234, 200)), []),
        (data(content=Content("application/zip", None, 200)), ["ZIP"]),
    ],
)  # fmt: skip
def test_facts_are_those_of_the_kind(card: dict[str, Any], facts: list[str]) -> None:
    assert list(view_card(card, HOME).facts) == facts
    assert all(fact in render_card(card, HOME) for fact in facts)


def test_a_film_has_a_mark_with_its_length() -> None:
    assert "▶ 3:32" in render_card(data(kind="video", media=Media(duration=212)), HOME)
    assert view_card(data(kind="audio"), HOME).mark == "▶"
    assert view_card(data(), HOME).mark is None


def test_a_card_without_picture_and_icon_has_a_letter() -> None:
    assert view_card(data(site_name="«ärger»"), HOME).letter == "Ä"
    assert ">E</span>" in render_card(data(), HOME)
    assert "icon.png" in render_card(data(meta=PageMeta(favicon="https://example.com/icon.png")), HOME)


HOSTILE_CARDS = [
    with_picture(64, 64, title=HOSTILE, description=HOSTILE, site_name=HOSTILE, meta=PageMeta(language=HOSTILE)),
    data(title=HOSTILE, article=Article(author=HOSTILE, published_time=HOSTILE), content=Content(HOSTILE, 1, 200)),
    data(image="javascript:alert(1)", meta=PageMeta(favicon="data:image/svg+xml,<svg onload=alert(1)>")),
    data(kind="product", product=Product(price=1.0, currency=HOSTILE, availability=HOSTILE)),
    with_picture(1200, 630) | {"image_info": {"proxy_url": "javascript:alert(1)", "width": 9, "height": 9}},
]


@pytest.mark.parametrize("card", HOSTILE_CARDS)
def test_texts_of_a_page_are_text_and_nothing_in_a_card_acts(card: dict[str, Any]) -> None:
    html = render_card(card, HOME)
    everything = nodes(html)
    assert {node.tag for node in everything} <= TAGS
    assert {name for node in everything for name in node.attrib} <= ATTRIBUTES
    addresses = [node.get(name) for node in everything for name in ("href", "src") if node.get(name)]
    assert [url for url in addresses if not url.startswith(("https://example.com/", "https://cards.example/"))] == []
    assert "\n" not in html
    assert "49" not in html


@pytest.mark.parametrize(
    ("url", "href"),
    [("https://example.com/a?b=1&c", "https://example.com/a?b=1&c"), ("javascript:alert(1)", None), (HOSTILE, None)],
)
def test_a_url_without_a_card_is_a_link_or_text(url: str, href: str | None) -> None:
    everything = nodes(render_link(url))
    assert {node.tag for node in everything} <= TAGS
    assert [node.get("href") for node in everything if node.tag == "a"] == ([href] if href else [])


def test_lengths_sizes_and_types_are_written_as_readers_know_them() -> None:
    assert [clock(seconds) for seconds in (5, 212, 3_723)] == ["0:05", "3:32", "1:02:03"]
    assert [file_size(size) for size in (9, 1_500, 15_000, 999_999, 2_500_000_000)] == [
        *("9 B", "1.5 kB", "15 kB", "1.0 MB", "2.5 GB"),
    ]
    types = ("application/pdf", "image/svg+xml", "audio/mpeg", "application/vnd.ms-excel", "video/mp4", "x")
    assert [file_type(each) for each in types] == ["PDF", "SVG", "MP3", "MS-EXCEL", "MP4", "X"]
