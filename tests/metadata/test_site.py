"""Names of sites."""

from __future__ import annotations

import pytest

from app.metadata import read_metadata
from tests.metadata.reading import document


def site(html: str) -> str | None:
    return read_metadata(document(html)).site_name


@pytest.mark.parametrize(
    "title", ["Kites over the bay: a short history", "Kite making 101 · Lesson 3", "How we mend sails / Tips"]
)
def test_a_part_of_the_headline_is_no_site(title: str) -> None:
    assert site(f"<title>{title}</title><h1>{title}</h1>") == "example"


def test_a_subtitle_behind_a_colon_is_no_site() -> None:
    assert site("<title>Kites over the bay: a short history</title>") == "example"


def test_the_last_part_of_a_title_is_the_site() -> None:
    assert site("<title>Kites over the bay | Wind Weekly</title><h1>Kites over the bay</h1>") == "Wind Weekly"


@pytest.mark.parametrize(
    ("publisher", "name"),
    [
        ('"https://example.com/#org"', "Wind Weekly"),
        ('{"@id": "https://example.com/#org"}', "Wind Weekly"),
        ('"https://example.com/#nobody"', "example"),
    ],
)
def test_a_publisher_may_be_a_reference(publisher: str, name: str) -> None:
    graph = (
        f'{{"@graph": [{{"@type": "Article", "publisher": {publisher}}},'
        ' {"@type": "Organization", "@id": "https://example.com/#org", "name": "Wind Weekly"}]}'
    )
    assert site(f'<script type="application/ld+json">{graph}</script>') == name


@pytest.mark.parametrize("name", ["citation_publisher", "dc.publisher", "citation_journal_title"])
def test_the_publisher_of_a_paper(name: str) -> None:
    paper = '<meta name="citation_title" content="On kites">'
    assert site(f'{paper}<meta name="{name}" content="Journal of Wind">') == "Journal of Wind"


@pytest.mark.parametrize(
    ("last", "name"),
    [("Example photos and videos", "Example"), ("Example Forum", "Example Forum"), ("Example wiki", "Example wiki")],
)
def test_the_name_of_the_domain_stands_without_words_that_describe_it(last: str, name: str) -> None:
    assert site(f"<title>Kites over the bay • {last}</title>") == name
