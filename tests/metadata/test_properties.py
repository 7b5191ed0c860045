"""What holds for every page, found by Hypothesis: over generated markup, and over our own pages mutated."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.metadata import (
    encode,
    find_oembed,
    flat_fields,
    read_challenge,
    read_json_ld,
    read_metadata,
    read_microdata,
    read_refresh,
)
from app.metadata.icons import MAX_DATA_ICON
from app.metadata.values import MAX_LIST, MAX_RESULT, MAX_STRING, MAX_URL
from tests.metadata.reading import document

pytestmark = pytest.mark.slow

PAGES = [path.read_bytes() for path in sorted((Path(__file__).parent.parent / "pages").glob("*.html"))]
URL_FIELDS = {"url", "resolved_url", "secure_url", "image", "canonical_url", "favicon", "player"}

texts = st.text(max_size=40) | st.sampled_from(
    [
        "",
        " ",
        "&amp;amp;",
        "x" * 20_000,
        "2024-05-06",
        "31.02.2024",
        "By Ann",
        "//x",
        "http://[",
        "data:image/png,x",
        "a|b - c",
    ]
)
names = st.sampled_from(
    ["og:title", "og:image", "og:image:width", "og:url", "og:locale", "description", "author", "date", "keywords",
     "twitter:image", "twitter:title", "article:published_time", "refresh", "theme-color"]
)  # fmt: skip
urls = texts | st.sampled_from(
    ["/x.jpg", "x", "../..", "//e.example/x", "https://e.example/x?a=1&amp;b", "null", "javascript:1"]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "@type",
                    "@graph",
                    "@id",
                    "name",
                    "author",
                    "headline",
                    "image",
                    "url",
                    "datePublished",
                    "publisher",
                    "description",
                ]
            ),
            inner | st.sampled_from(["Article", "WebPage", "Person"]),
            max_size=6,
        )
    ),
    max_leaves=12,
)
pieces = st.one_of(
    st.builds('<meta property="{}" content="{}">'.format, names, texts),
    st.builds("<meta name='{}' content='{}'>".format, names, urls),
    st.builds('<link rel="{}" href="{}" sizes="{}">'.format,
              st.sampled_from(["icon", "canonical", "image_src", "alternate"]), urls, texts),
    st.builds("<base href={}>".format, urls),
    st.builds("<{0} class={1}>{2}</{0}>".format, st.sampled_from(["h1", "p", "title", "time", "svg", "noscript"]),
              st.sampled_from(["author", "byline", "date", "x"]), texts),
    st.builds('<script type="application/ld+json">{}</script>'.format, values.map(json.dumps)),
    st.builds('<i itemscope itemprop="{}" id="{}" itemref="{}">'.format, texts, texts, texts),
    st.sampled_from(["<!--", "-->", "<script>", "</script>", '"', "'", "<", ">", "</", "<html lang=", "\0", "<body>"]),
    texts,
)  # fmt: skip
pages = st.lists(pieces, max_size=12).map("".join)


def assert_sound(value: Any, name: str = "") -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            assert_sound(item, key)
    elif isinstance(value, list):
        assert len(value) <= MAX_LIST
        for item in value:
            assert_sound(item, name)
    elif isinstance(value, str):
        assert len(value) <= MAX_STRING
        assert not any(ord(char) < 32 or 0xD800 <= ord(char) < 0xE000 for char in value)
        if name in URL_FIELDS:
            assert_url(value)


def assert_url(value: str) -> None:
    limit = MAX_DATA_ICON if value.startswith("data:image/") else MAX_URL
    assert value.lower().startswith(("http://", "https://", "data:image/"))
    assert len(value) <= max(limit, MAX_URL)


def read_all(html: bytes) -> bytes:
    page = document(html)
    card = read_metadata(page)
    encoded = encode(card)
    assert len(encoded) <= MAX_RESULT
    assert_sound(orjson.loads(encoded))
    read_challenge(page)
    read_refresh(page)
    find_oembed(page)
    blocks = [read_json_ld(page), read_microdata(page), flat_fields(page, card)]
    return encoded + orjson.dumps(blocks)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example('<script type="application/ld+json">{"@type":"Article","author":{"name":{"name":["x"]}}}</script>')
@example("<h1>x</h1><time datetime=2024-02-31T99:99>")
@given(pages)
def test_any_markup_makes_a_sound_card_and_the_same_one_twice(html: str) -> None:
    encoded = html.encode("utf-8", "replace")
    assert read_all(encoded) == read_all(encoded)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(PAGES), st.integers(0, 2_000), st.integers(0, 60), st.binary(max_size=8))
def test_any_damage_to_a_page_leaves_a_sound_card(html: bytes, start: int, length: int, noise: bytes) -> None:
    start %= len(html) + 1
    read_all(html[:start] + noise + html[start + length :])


def test_a_result_of_many_long_values_is_shrunk_to_its_cap() -> None:
    long = "é" * 9_000
    images = "".join(
        f'<meta property="og:image" content="/{i}{"x" * 3_000}"><meta property="og:image:alt" content="{long}">'
        for i in range(100)
    )
    tags = f'<meta property="article:tag" content="{long}1"><meta property="article:tag" content="{long}2">'
    html = f'<meta property="og:title" content="{long}"><meta name="description" content="{long}">{tags}{images}'
    card = encode(read_metadata(document(html)))
    assert len(card) <= MAX_RESULT
