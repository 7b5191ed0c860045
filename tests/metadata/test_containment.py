"""An exception in a reader costs its field alone."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from app.metadata import Document, read_metadata
from app.metadata.document import Heading
from app.metrics import READER_CRASHES
from tests.metadata.reading import document

PAGE = document('<title>A walk</title><meta name="description" content="All of it"><link rel=icon href=/i.png>')


class Broken(Document):
    @property
    def headings(self) -> list[Heading]:  # type: ignore[override]
        raise RuntimeError("a defect")


def count(field: str) -> float:
    return READER_CRASHES.labels(field)._value.get()


def crash() -> tuple[Any, list[Any]]:
    with capture_logs() as lines:
        return read_metadata(Broken(PAGE.page)), lines


def test_the_card_keeps_all_other_fields() -> None:
    card, _ = crash()
    assert (card.title, card.description, card.icons[0].url) == (None, "All of it", "https://example.com/i.png")


class Starved(Document):
    @property
    def headings(self) -> list[Heading]:  # type: ignore[override]
        raise MemoryError


def test_want_of_memory_makes_no_poorer_card() -> None:
    with pytest.raises(MemoryError):
        read_metadata(Starved(PAGE.page))


def test_the_crash_is_logged_with_its_traceback() -> None:
    _, lines = crash()
    line = next(line for line in lines if line["field"] == "title")
    assert (line["event"], line["exc_info"], line["host"]) == ("reader crashed", True, "example.com")


def test_the_crash_is_counted_by_field() -> None:
    before = count("title")
    crash()
    assert count("title") == before + 1


@pytest.mark.parametrize("reference", ["&#" + "9" * 5_000, "&#x" + "f" * 5_000 + ";", "&#" + "0" * 5_000 + "1114112;"])
@pytest.mark.parametrize(
    "html",
    [
        "<title>A walk {}</title>",
        '<meta property="og:title" content="A walk {}">',
        "<h1>A walk {}</h1>",
        '<script type="application/ld+json">{{"@type": "Article", "headline": "A walk {}"}}</script>',
    ],
)
def test_a_reference_beyond_unicode_is_the_replacement_character(html: str, reference: str) -> None:
    card = read_metadata(document(html.format(reference) + '<meta name="description" content="All of it">'))
    assert (card.title, card.description) == ("A walk \ufffd", "All of it")


def test_leading_zeros_of_a_reference_count_for_nothing() -> None:
    assert read_metadata(document(f"<title>&#{'0' * 5_000}65;</title>")).title == "A"
