"""Structured properties of Open Graph, in any order."""

from __future__ import annotations

import pytest

from app.metadata import read_metadata
from tests.metadata.reading import document


def images(*tags: tuple[str, str]) -> list[tuple[str, int | None, int | None]]:
    html = "".join(f'<meta property="og:image{name}" content="{content}">' for name, content in tags)
    return [(each.url[-2:], each.width, each.height) for each in read_metadata(document(html)).open_graph.images]


@pytest.mark.parametrize(
    "tags",
    [
        (("", "/a"), (":width", "1"), (":height", "2"), ("", "/b"), (":width", "3"), (":height", "4")),
        ((":width", "1"), (":height", "2"), ("", "/a"), (":width", "3"), (":height", "4"), ("", "/b")),
    ],
)
def test_properties_belong_to_their_object(tags: tuple[tuple[str, str], ...]) -> None:
    assert images(*tags) == [("/a", 1, 2), ("/b", 3, 4)]


def test_properties_stand_on_both_sides() -> None:
    assert images((":width", "1"), ("", "/a"), (":height", "2")) == [("/a", 1, 2)]


def test_a_property_of_the_first_does_not_go_to_the_second() -> None:
    assert images(("", "/a"), (":width", "1"), (":width", "5"), ("", "/b")) == [("/a", 1, None), ("/b", None, None)]


def test_a_host_without_a_scheme_is_read_in_meta_tags() -> None:
    html = (
        '<meta property="og:image" content="www.example.org/a.jpg"><meta property="og:url" content="www.example.org/a">'
    )
    card = read_metadata(document(html))
    assert (card.image, card.open_graph.url) == ("https://www.example.org/a.jpg", "https://www.example.org/a")
