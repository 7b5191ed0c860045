from __future__ import annotations

import math

import orjson

from app.metadata import read_json_ld, read_microdata
from app.metadata.scrub import MAX_BLOCK
from tests.metadata.reading import document

RECIPE = """
<div itemscope itemtype="https://schema.org/Recipe" itemref="note">
  <h1 itemprop="name">Soup <b>of the</b> day</h1><img itemprop="image" src="/soup.jpg">
  <div itemprop="author" itemscope itemtype="https://schema.org/Person"><span itemprop="name">Ann</span></div>
  <time itemprop="datePublished" datetime="2024-05-06">yesterday</time>
</div><p id="note"><i itemprop="comment">hot</i></p>"""


def json_ld(*scripts: str) -> list[object]:
    tags = (f'<script type="application/ld+json">{script}</script>' for script in scripts)
    return read_json_ld(document("".join(tags)))


def test_blocks_are_given_as_they_are_written() -> None:
    assert json_ld('{"@graph": [{"a": 1}]}', '["b"]') == [{"@graph": [{"a": 1}]}, ["b"]]


def test_a_broken_block_loses_itself_alone() -> None:
    assert json_ld("{", '{"a": 1}') == [{"a": 1}]


def test_what_can_be_forgiven_is_forgiven() -> None:
    assert json_ld('<!-- {"a": "/* kept */", /* gone */ "b": [1,],}; -->') == [{"a": "/* kept */", "b": [1]}]


def test_values_are_strict_json() -> None:
    block = json_ld('{"nan": NaN, "big": 123456789012345678901234567890, "lone": "\\ud800x", "ctrl": "a\\u0000b"}')
    assert block == [{"nan": None, "big": "123456789012345678901234567890", "lone": "\ufffdx", "ctrl": "ab"}]


def test_floats_are_finite() -> None:
    [number] = json_ld("[1e999]")[0]  # type: ignore[misc]
    assert number is None or math.isfinite(number)


def test_deep_blocks_are_left_out_and_their_neighbours_kept() -> None:
    assert json_ld("[" * 100_000, '{"a": 1}') == [{"a": 1}]


def test_a_block_stays_below_its_cap() -> None:
    blocks = json_ld(*[orjson.dumps({"text": "x" * 9_000}).decode()] * 40)
    assert 20 < len(blocks) < 40
    assert len(orjson.dumps(blocks)) <= MAX_BLOCK


def test_microdata_is_nested_and_its_urls_are_absolute() -> None:
    assert read_microdata(document(RECIPE)) == [
        {
            "type": "https://schema.org/Recipe",
            "properties": {
                "name": "Soup of the day",
                "image": "https://example.com/soup.jpg",
                "author": {"type": "https://schema.org/Person", "properties": {"name": "Ann"}},
                "datePublished": "2024-05-06",
                "comment": "hot",
            },
        }
    ]


def test_a_page_without_microdata_has_none() -> None:
    assert read_microdata(document("<p itemprop=name>x</p>")) == []


def test_references_in_a_circle_end() -> None:
    page = document(
        '<div itemscope id="a" itemref="b"><p itemprop="x">1</p></div><div itemscope id="b" itemref="a"></div>'
    )
    assert len(read_microdata(page)) == 2
