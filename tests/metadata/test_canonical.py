from __future__ import annotations

import pytest

from app.metadata import read_metadata
from tests.metadata.reading import document


@pytest.mark.parametrize(
    ("html", "canonical"),
    [
        ('<link rel="Canonical" href="other.html">', "https://example.com/dir/other.html"),
        ("<link href=//example.org/x rel='me canonical'>", "https://example.org/x"),
        ("<link rel=canonical href><link rel=canonical href=/x>", "https://example.com/x"),
        ("<link rel=canonical href=null><meta property=og:url content=/x>", "https://example.com/x"),
        ("<link rel=canonical href=/x><meta property=og:url content=/y>", "https://example.com/x"),
        ("<base href=/base/><link rel=canonical href=x>", "https://example.com/base/x"),
        ("<body><p>Late<link rel=canonical href=/x>", "https://example.com/x"),
        ("<meta property=og:url content=undefined><meta name=twitter:url content=/x>", "https://example.com/x"),
        ("<p>x", "https://example.com/dir/page.html"),
        # A canonical URL that leads home is given as the page has it; `resolved_url` stands beside it.
        ("<link rel=canonical href=/>", "https://example.com/"),
    ],
)
def test_where_canonicals_are_told(html: str, canonical: str) -> None:
    assert read_metadata(document(html)).meta.canonical_url == canonical


@pytest.mark.parametrize(
    ("link", "canonical"),
    [
        ('<https://example.com/x>; rel="canonical"', "https://example.com/x"),
        ('</next>; rel=next, </a,b>; title="x"; rel=canonical', "https://example.com/a,b"),
        ("</next>; rel=next", "https://example.com/dir/page.html"),
        ('</x>; title="a, b"; rel="canonical"', "https://example.com/x"),
        ('</x>; rel="next canonical"', "https://example.com/x"),
        ("</x>;  rel = canonical", "https://example.com/x"),
        ("</x>; rel='canonical'", "https://example.com/x"),
        ("</x>; REL=Canonical", "https://example.com/x"),
        ('</a>; title="</y>; rel=canonical", </x>; rel=canonical', "https://example.com/x"),
        ('</x>; rel="canonical-foo"', "https://example.com/dir/page.html"),
        ("</x>; rel=next; rel=canonical", "https://example.com/dir/page.html"),
    ],
)
def test_the_header_of_the_answer(link: str, canonical: str) -> None:
    assert read_metadata(document("<base href=/base/>", link=link)).meta.canonical_url == canonical
