from __future__ import annotations

import pytest

from app.metadata import read_metadata
from app.metadata.language import language_tag
from tests.metadata.reading import document


@pytest.mark.parametrize(
    ("written", "tag"),
    [
        ("en", "en"),
        ("EN-us", "en-US"),
        ("zh_hans_cn", "zh-Hans-CN"),
        ("de_DE.utf-8", "de-DE"),
        ("sr_Latn@latin", "sr-Latn"),
        ("en-US,en;q=0.5", "en-US"),
        ("deu", "de"),
        ("Deutsch", "de"),
        ("gsw-CH", "gsw-CH"),
        ("lang=", None),
        ("{{ lang }}", None),
        ("klingon", None),
        ("", None),
    ],
)
def test_how_languages_are_written(written: str, tag: str | None) -> None:
    assert language_tag(written) == tag


@pytest.mark.parametrize(
    "html",
    [
        "<html lang=pt-br>",
        "<html xml:lang=pt-br>",
        "<html lang><body lang=pt-BR>",
        "<meta property=og:locale content=pt_BR>",
        '<meta http-equiv=Content-Language content="pt-BR, pt">',
        "<meta itemprop=inLanguage content=pt-BR>",
        """<script type="application/ld+json">{"@type": "WebPage", "inLanguage": ["pt-BR"]}</script>""",
        """<script type="application/ld+json">
        {"inLanguage": {"@type": "Language", "name": "Portuguese", "alternateName": "pt-BR"}}</script>""",
        "<link rel=alternate hreflang=en href=/en/><link rel=alternate hreflang=pt-BR href=page.html>",
        '<body><blockquote lang="en">Hi</blockquote><article class="x" lang="pt-BR">',
    ],
)
def test_where_languages_are_told(html: str) -> None:
    assert read_metadata(document(html)).meta.language == "pt-BR"


def test_the_language_of_the_answer_is_asked_after_the_page() -> None:
    assert read_metadata(document("<p>x", content_language="da")).meta.language == "da"
    assert read_metadata(document("<html lang=fo>", content_language="da")).meta.language == "fo"


def test_a_page_that_says_nothing_has_no_language() -> None:
    assert read_metadata(document("<link rel=alternate hreflang=x-default href=page.html>")).meta.language is None
