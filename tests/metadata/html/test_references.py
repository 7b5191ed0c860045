"""Character references by the HTML standard, 13.2.5.72 to 80."""

from __future__ import annotations

from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.metadata import read_metadata
from app.metadata.html.references import decode_attribute, decode_text
from tests.metadata.reading import document


@given(st.lists(st.sampled_from(["&", "amp;", "#", "x", "41", ";", "nbsp", "lt", " ", "é", "#x110000;", "notit;"])))
def test_references_in_text_are_those_of_python(parts: list[str]) -> None:
    text = "".join(parts)
    assert decode_text(text) == unescape(text)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("?a=1&copy=2&region=eu", "?a=1&copy=2&region=eu"),
        ("?a=1&notify=1&timestamp=9&param=x", "?a=1&notify=1&timestamp=9&param=x"),
        ("a &copy b", "a © b"),
        ("a&amp;b&amp", "a&b&"),
        ("a&copy;=b", "a©=b"),
        ("&#x3A;&#43;&#38", ":+&"),
        ("&copy1 &copyé", "&copy1 ©é"),
    ],
)
def test_a_reference_in_an_attribute_ends_with_a_semicolon_before_a_letter_or_equals_sign(raw: str, value: str) -> None:
    assert decode_attribute(raw) == value


def test_urls_keep_their_parameters() -> None:
    html = (
        '<meta property="og:image" content="/i?w=1&region=eu&copy=2&amp;b=3"><link rel=canonical href="/x?&notify=2">'
    )
    card = read_metadata(document(html))
    assert card.image == "https://example.com/i?w=1&region=eu&copy=2&b=3"
    assert card.meta.canonical_url == "https://example.com/x?&notify=2"


def test_json_ld_has_no_references() -> None:
    html = '<script type="application/ld+json">{"@type": "Article", "image": "/i.jpg?w=1&section=2&amp;b"}</script>'
    assert read_metadata(document(html)).image == "https://example.com/i.jpg?w=1&section=2&amp;b"


def test_names_in_attributes_are_decoded() -> None:
    html = (
        '<meta property="og&#x3A;title" content="A walk"><link rel=alternate type="application/rss&#43;xml" href="/f">'
        '<script type="application/ld&#43;json">{"@type": "Article", "author": "Ida Roe"}</script>'
    )
    card = read_metadata(document(html))
    assert (card.open_graph.title, card.feeds[0].url, card.meta.author) == (
        "A walk",
        "https://example.com/f",
        "Ida Roe",
    )
