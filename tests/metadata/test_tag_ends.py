"""A ">" in a quoted attribute ends no tag (HTML standard, 13.2.5.36 to 38)."""

from __future__ import annotations

import pytest

from app.metadata import read_metadata
from tests.metadata.reading import document

STORY = "Kites fly when the wind is right and the string is long enough to let them go up into the sky."


@pytest.mark.parametrize(
    "heading",
    [
        '<h1><span class="[&>em]:italic">Kites up north</span></h1>',
        "<h1><a x-show='a > b' href=/k>Kites up north</a></h1>",
        '<h1 @click="() => go()">Kites <b data-x = "1>0">up</b> north</h1>',
    ],
)
def test_titles(heading: str) -> None:
    page = document(f'<meta property="og:title" content="Kites up north – Kite Times">{heading}')
    assert read_metadata(page).title == "Kites up north"


@pytest.mark.parametrize(
    "paragraph",
    [
        '<p class="[&>a]:underline text-lg">{}</p>',
        "<p onclick='x => y'>{}</p>",
        '<p><img alt="a > b">{}</p>',
        '<div class="[&>p]:mt-4"><p>{}</p></div>',
        '<div class="[&>p]:mt-4">{}</div>',
    ],
)
def test_descriptions(paragraph: str) -> None:
    assert read_metadata(document("<title>Kites</title><h1>Kites</h1>" + paragraph.format(STORY))).description == STORY


@pytest.mark.parametrize(
    "byline",
    [
        '<span class="[&>b]:x" itemprop="author">Ida Roe</span>',
        '<div x-data="{a: 1 > 0}" class="byline">By Ida Roe</div>',
        '<div class="author [&>img]:rounded"><span class="[&>b]:x">Ida Roe</span></div>',
    ],
)
def test_authors(byline: str) -> None:
    assert read_metadata(document(f"<h1>Kites up north</h1>{byline}")).meta.author == "Ida Roe"


def test_a_lone_quote_in_a_tag_hides_nothing() -> None:
    assert read_metadata(document("<h1 title=don't'>Kites <b \">up</b> north</h1>")).title == "Kites up north"
