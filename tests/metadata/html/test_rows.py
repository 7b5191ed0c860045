"""The compiled reader of rows and the one in Python give one answer, and either is linear, whatever the markup is."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.metadata.html import rows
from app.metadata.html.columns import MAX_ROWS
from app.metadata.html.elements import MAX_UNKNOWN, NAMES
from app.metadata.html.flags import UNSEEN
from app.metadata.html.table import COMPILED, START, Rows
from tests.metadata.html.tables import each_reader
from tests.metadata.test_properties import PAGES

needs_compiler = pytest.mark.skipif(not COMPILED, reason="the reader was not compiled: there is no C compiler")

PIECES = (
    "<", ">", "/", "/>", " ", "\n", "\x0b", "=", '"', "'", "-", "--", "-->", "--!>", "<!--", "<!-->", "<!--->", "<?",
    "</", "<![CDATA[", "]]>", "a", "é", "\0", "\r\n", "\ud800", "&amp;", "&notit;", "&#39;", "&#x8d;", "&nGt;",
    "<!doctype html>", "<my-x>", "</my-x>", "<annotation-xml", " a='b'", ' class="comment x"', " id=reviewForm",
    " hidden", " style='a;display : none'", " class='has-related cookie-banner'", " role=dialog", " itemprop=review",
    " type=hidden", " encoding=text/html",
    " color=x", "<h1>", "<script>", "</script>", "<title>", "</title>", "<template>", "</template>", "<svg>", "</svg>",
    "<math>", "<foreignObject>", "<mi>", "</p>", "<head>", "</head>", "<noscript>", "</noscript>", "<frameset>",
    "<select>", "<table>", "<td>", "</table>", "<b>", "</b>", "<p>", "<li>",
)  # fmt: skip
pieces = (
    st.sampled_from(PIECES)
    | st.sampled_from(NAMES[1:]).map("<{}>".format)
    | st.sampled_from(NAMES[1:]).map("</{}>".format)
    | st.sampled_from(NAMES[1:]).map("<{}".format)
    | st.text(max_size=3)
)
markups = st.lists(pieces, max_size=60).map("".join)


def told(table: Any) -> list[Any]:
    """All that a table says."""
    size = len(table)
    each = [
        (
            *(
                table.kind(row),
                table.element(row),
                table.name(row),
                table.start(row),
                table.end(row),
                table.parent(row),
            ),
            *(table.end_of(row), table.flags(row), table.after_block(row), table.attributes(row)),
            *(table.attribute(row, "class"), table.at(table.start(row))),
            table.run(row) if table.kind(row) != START else "",
        )
        for row in range(size)
    ]
    whole = [table.body, table.is_cut, table.all("p", "svg", "title"), table.first("my-x", "b"), table.having("class")]
    several = [table.values_of(table.all("p", "b"), "class"), table.texts(0, size), table.texts(-1, size + 1, 0)]
    return [*each, *whole, *several, table.runs(0, size, 50, 0), table.runs(1, size, 10_000, UNSEEN)]


@needs_compiler
@settings(max_examples=1_500, deadline=None)
@example("<script><!--<script><!--></script>", False)
@example("<p a=''='b'>", False)
@example("<input type=hidden><frameset>", True)
@given(markups, st.booleans())
def test_one_answer(markup: str, shout: bool) -> None:
    body = (markup.upper() if shout else markup).encode("utf-8", "surrogatepass")
    assert told(Rows(body)) == told(rows.Rows(body))


@needs_compiler
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(PAGES), st.integers(0, 2_000), st.integers(0, 60), st.binary(max_size=8))
def test_one_answer_on_damaged_pages(html: bytes, start: int, length: int, noise: bytes) -> None:
    start %= len(html) + 1
    damaged = html[:start] + noise + html[start + length :]
    assert told(Rows(damaged)) == told(rows.Rows(damaged))


@each_reader
def test_more_unknown_names_than_are_told_apart(read: Any) -> None:
    table = read(b"".join(b"<x%d>" % n for n in range(MAX_UNKNOWN + 2)))
    assert [table.name(row) for row in (0, MAX_UNKNOWN - 1, MAX_UNKNOWN, MAX_UNKNOWN + 1)] == [
        *("x0", "x999", "x1000", "x1001"),
    ]
    assert table.element(MAX_UNKNOWN) == table.element(MAX_UNKNOWN + 1)


@each_reader
def test_a_page_of_too_many_tokens_is_cut(read: Any) -> None:
    table = read(b"<p>" * (MAX_ROWS + 5) + b"<title>a</title>")
    assert (len(table), table.is_cut, table.all("title")) == (MAX_ROWS, True, [])


NASTY = {
    "attributes": lambda n: b"<p " + b"a=b " * (n // 4) + b">",
    "nested": lambda n: b"<div>" * (n // 5),
    "formatting": lambda n: b"<a><div></a>" * (n // 12),
    "ends without starts": lambda n: b"<div>" * 400 + b"<span>" * 400 + b"</a></p></i></li></td></x>" * (n // 26),
    "ends of the other namespace": lambda n: b"<svg>" + b"<g>" * 400 + b"</x>" * (n // 4),
    "less-than signs": lambda n: b"<" * n,
    "open quotes": lambda n: b"<p a='x\" b=\"' " * (n // 13),
    "comments": lambda n: b"<!--->" * (n // 6),
    "dashes": lambda n: b"<!--" + b"-" * n,
    "ends of scripts": lambda n: b"<script>" + b"</scrip" * (n // 7),
    "scripts in comments": lambda n: b"<script>" + b"<!--<script></script>--" * (n // 23),
    "unknown names": lambda n: b"".join(b"<x%d>" % k for k in range(n // 9)),
    "cells": lambda n: b"<table><tr><td></table><div></td>" * (n // 33),
    "options": lambda n: b"<select><option>" * (n // 16),
    "classes": lambda n: b"<p class='" + b"comment-" * (n // 8) + b"'>",
    "dashes in a class": lambda n: b"<p class=cookie" + b"-" * n + b">",
    "styles": lambda n: b"<p style='display" + b" " * n + b"'>",
    "spaces": lambda n: b"<p" + b" = " * (n // 3) + b">",
    "headlines": lambda n: b"<div class=comment>" * 500 + b"<h1>" * (n // 4),
}  # fmt: skip


def seconds(read: Any, markup: bytes) -> float:
    began = time.process_time()
    read(markup)
    return time.process_time() - began


@each_reader
@pytest.mark.parametrize("kind", NASTY)
def test_reading_is_linear(read: Any, kind: str) -> None:
    """Four times the markup costs at most eight times; the quadratic would be sixteen."""
    size = 100_000 if read is rows.Rows else 500_000
    small, large = (min(seconds(read, NASTY[kind](n)) for _ in range(3)) for n in (size, 4 * size))
    assert large <= 8 * small + 0.02
