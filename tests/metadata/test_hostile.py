"""Pages built to cost more than they weigh: each is read, to the end, in time that grows with its size."""

from __future__ import annotations

import time

import pytest

from app.metadata import (
    find_oembed,
    flat_fields,
    read_challenge,
    read_json_ld,
    read_metadata,
    read_microdata,
    read_refresh,
)
from app.metadata.values import MAX_LIST, MAX_STRING
from tests.metadata.reading import document

SIZE = 2_000_000
SECONDS = 3.0
"""Generous: the slowest takes half a second on a quiet machine, and the quadratic ones took minutes."""


def script(text: str) -> str:
    return f'<script type="application/ld+json">{text}</script>'


def filled(unit: str) -> str:
    return unit * (SIZE // len(unit))


BOMBS = {
    "80,000 attributes": "<p itemscope " + " ".join(f'a{i}="x"' for i in range(80_000)) + "><title>t</title>",
    "many dense tags": filled("<p " + " ".join(f"a{i}" for i in range(60)) + " itemscope>"),
    "800,000 nested tags": "<div>" * 800_000,
    "nested items": filled("<div itemscope itemprop=a>"),
    "nested properties": "<div itemscope>" + "<p itemprop=x>" * 90 + "y" * SIZE,
    "no end of a tag": filled("<meta "),
    "no end of a link": filled("<link "),
    "no end of a script": filled("<script "),
    "no end of an image": "<h1>x</h1>" + filled("<img "),
    "no end of many tags": filled('<p class="author '),
    "only openings": "<" * SIZE,
    "open quotes": filled('<meta content="'),
    "open single quotes": filled("<meta content='a "),
    "open comments": filled("<!--"),
    "open scripts": filled("<script>"),
    "scripts whose ends are far": "<script></script " * 20_000 + " " * SIZE,
    "odd ends of comments": "<!-- --!>" * 20_000 + " " * SIZE + "-->",
    "open pictures": filled("<svg>"),
    "open noscripts": filled("<noscript>"),
    "open titles": filled("<title>"),
    "open headings": filled('<h1><a href="/">'),
    "open bylines": filled("<p class=byline><!-- "),
    "open paragraphs": filled("<p>"),
    "dates": filled("2020-01-01 "),
    "words and numbers": "<h1>x</h1><p>" + filled("12 abcdefghijkl "),
    "date classes": filled("<i class=date>"),
    "script dates": filled("published: "),
    "separators": "<title>" + " - " * (SIZE // 3) + "</title><h1>a - a</h1>",
    "colons": "<title>" + "a: " * (SIZE // 3) + "</title>",
    "spaces in a tag": "<meta" + " " * SIZE + ">",
    "equals signs": "<meta " + "= " * (SIZE // 2),
    "images": filled('<img src="\\">'),
    "bases": filled('<base href="//[">'),
    "JSON-LD depth": script("[" * 100_000),
    "JSON-LD graphs": script('{"@graph":' * 100_000),
    "JSON-LD digits": script('{"a":' + "9" * 100_000 + "}"),
    "JSON-LD quotes": script("{" + '\\"' * (SIZE // 2)),
    "JSON-LD comments": script("{" + "/*" * (SIZE // 2)),
    "JSON-LD commas": script("[" + ", " * (SIZE // 2)),
    "JSON-LD scripts": filled(script('{"a":1,}')),
    "JSON-LD references": script(
        "[" + ",".join(['{"@type":"Article","author":[{"@id":"x"}],"@id":"y"}'] * 30_000) + "]"
    ),
    "references of items": '<div itemscope itemref="' + " ".join(f"i{i}" for i in range(10_000)) + '">'
    + "".join(f'<p id=i{i} itemprop=a itemscope itemref="i{(i + 1) % 10_000}">' for i in range(10_000)),
    "items": filled("<div itemscope><p itemprop=a>x</div>"),
    "NULs": "\0" * SIZE,
    "entities": "<title>" + "&amp" * (SIZE // 4),
    "keywords": '<meta name=keywords content="' + "a," * (SIZE // 2) + '">',
    "noscripts before refreshes": "<noscript></noscript>" * 9_900 + "<meta http-equiv=refresh content=x>" * 9_900,
    "refreshes": '<meta http-equiv=refresh content="' + "0 " * (SIZE // 2) + '">',
    "hidden boxes": "<h1>x</h1>" + filled("<div hidden><p>x</p>"),
    "open tags of hidden boxes": "<h1>x</h1>" + filled('<div style="display: '),
    "posters": filled('<video poster="//[">'),
    "titles in the body": "<title>abcdefghijk - x</title><body>" + filled(">abcdefghijk<"),
    "titles without ends": "<title>abcdefghijk - x</title><body>>" + filled("abcdefghijk"),
    "posts": "<title>" + ' on X: "' * (SIZE // 8) + "</title>",
    "days of updates": "<h1>x</h1>" + filled("<i>Updated</i> 2020-01-01 "),
    "translations": filled('<link rel=alternate hreflang=x href="//[">'),
    "languages": filled('<i lang="">'),
    "inline tags": "<h1>x</h1>" + filled("<b "),
    "descriptions": filled('<i itemprop="description">'),
    "candidates of a srcset": "<h1>x</h1>" + filled('<img srcset="' + "x 1w, " * 100 + '">'),
    "one srcset": '<h1>x</h1><img srcset="' + "x 1w, " * (SIZE // 6),
    "icons": "".join(f'<link rel=icon sizes="{"1x1 " * 10}" href=/x{i}>' for i in range(20_000)),
}  # fmt: skip

READERS = (read_metadata, read_challenge, read_refresh, find_oembed, read_json_ld, read_microdata)


@pytest.mark.parametrize("name", BOMBS)
def test_time_grows_with_size(name: str) -> None:
    page = document(BOMBS[name])
    begun = time.process_time()
    for read in READERS:
        read(page)
    flat_fields(page, read_metadata(page))
    assert time.process_time() - begun < SECONDS


def test_fifty_thousand_images_are_a_hundred() -> None:
    tags = (f'<meta property="og:image" content="/{i}.jpg">' for i in range(50_000))
    assert len(read_metadata(document("".join(tags))).open_graph.images) == MAX_LIST


def test_an_attribute_of_megabytes_is_cut() -> None:
    card = read_metadata(document(f'<meta property="og:title" content="{"x" * SIZE}">'))
    assert card.title == "x" * MAX_STRING


def test_a_good_block_survives_a_bad_one() -> None:
    page = document(script("[" * 100_000) + script('{"@type":"Article","headline":"Alive"}'))
    assert read_metadata(page).title == "Alive"


def test_a_page_is_read_beyond_256_levels() -> None:
    page = document("<div>" * 1_000 + '<meta property="og:title" content="Deep">')
    assert read_metadata(page).title == "Deep"
