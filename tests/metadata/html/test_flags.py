"""Flags of tokens: what elements and attributes tell of the part of the page that they begin."""

from __future__ import annotations

from typing import Any

import pytest

from app.metadata.html import flags
from tests.metadata.html.tables import each_reader

FLAGS = (
    flags.HIDDEN | flags.ARIA_HIDDEN | flags.INERT | flags.NOSCRIPT | flags.FOREIGN | flags.NAV | flags.ASIDE
    | flags.HEADER | flags.FOOTER | flags.DIALOG | flags.COOKIE | flags.COMMENT | flags.REVIEW | flags.RELATED
    | flags.ARTICLE_BODY
)  # fmt: skip


def flags_of_text(table: Any) -> int:
    row = next(row for row in range(len(table)) if table.kind(row) == 2)
    return int(table.flags(row)) & FLAGS


@each_reader
@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>", 0),
        ("<p hidden>", flags.HIDDEN),
        ("<p hidden=until-found>", 0),
        ("<div hidden id=S:0>", 0),
        ("<div id='S:a' hidden>", 0),
        ("<div hidden id=s:0>", flags.HIDDEN),
        ("<p style='color: red; DISPLAY : none'>", flags.HIDDEN),
        ("<p style='visibility:hidden'>", flags.HIDDEN),
        ("<p style='x-display:none;display:block'>", 0),
        ("<p style='display:block' style='display:none'>", 0),
        ("<p aria-hidden=true>", flags.ARIA_HIDDEN),
        ("<p aria-hidden=false>", 0),
        ("<template>", flags.INERT),
        ("<p><noscript>", flags.NOSCRIPT),
        ("<svg><text>", flags.FOREIGN),
        ("<svg><foreignObject><div>", flags.FOREIGN),
        ("<nav><ul><li>", flags.NAV),
        ("<div role=navigation>", flags.NAV),
        ("<aside>", flags.ASIDE),
        ("<header>", flags.HEADER),
        ("<article><header>", 0),
        ("<footer><p>", flags.FOOTER),
        ("<main><footer>", 0),
        ("<dialog>", flags.DIALOG),
        ("<div role=AlertDialog>", flags.DIALOG),
        ("<div aria-modal=true>", flags.DIALOG),
        ("<div class='cookie-notice'>", flags.COOKIE),
        ("<div id=cookieBanner>", flags.COOKIE),
        ("<div class='cookie recipe'>", 0),
        ("<ol class='commentlist'>", flags.COMMENT),
        ("<div id=siteComments>", flags.COMMENT),
        ("<div class='post__comments--wide'>", flags.COMMENT),
        ("<div class=commentary>", 0),
        ("<div class=nocomment>", 0),
        ("<div class='has-comments category-reviews'>", 0),
        ("<div class='has-comments reviews'>", flags.REVIEW),
        ("<div itemprop=review>", flags.REVIEW),
        ("<p class=reviewed-by>", 0),
        ("<div itemprop=articleBody>", flags.ARTICLE_BODY),
        ("<div class='js-reply reply-box'>", flags.COMMENT),
        ("<div class=js-replies>", 0),
        ("<div class=woocommerce-review__author>", flags.REVIEW),
        ("<section class='related'>", flags.RELATED),
        ("<div class='you_may_also_like'>", flags.RELATED),
        ("<body class=comments><p>", 0),
        ("<main class=related>", 0),
        ("<div class=unrelated>", 0),
        ("<div data-class=related title='cookie-notice'>", 0),
    ],
)
def test_flags(read: Any, html: str, expected: int) -> None:
    assert flags_of_text(read(f"<body>{html}x".encode())) == expected


@each_reader
@pytest.mark.parametrize(
    "html",
    [
        "<div class=review><div><h1>a</h1><p>",
        "<div id=related><h1>a</h1><p>",
        "<template><h1>a</h1></template><div class=review><h1>a</h1><p>",
        "<h1>a</h1><div class=review><div itemprop=articleBody></div><p>",
        "<h1 class=review-title><p>",
    ],
)
def test_an_element_around_own_content_is_the_page(read: Any, html: str) -> None:
    table = read(html.encode())
    assert table.flags(table.first("p")) & FLAGS == 0


@each_reader
def test_the_headline_frees_no_other_element(read: Any) -> None:
    table = read(b"<h1>a</h1><div class=related><h1>b</h1><p>")
    assert table.flags(table.first("p")) & FLAGS == flags.RELATED
