"""Which tags are elements, what each holds, and where it ends: HTML standard, 13.2.6."""

from __future__ import annotations

from typing import Any

import pytest

from app.metadata.html.elements import MAX_DEPTH
from app.metadata.html.flags import IN_HEAD
from tests.metadata.html.tables import each_reader, names, path


@each_reader
@pytest.mark.parametrize(
    ("html", "inner", "around"),
    [
        ("<p>a<p>b<i>", "i", ["p"]),
        ("<p>a<div><i>", "i", ["div"]),
        ("<p><span><div><i>", "i", ["div"]),
        ("<p><button><div><i>", "i", ["div", "button", "p"]),
        ("<div><p></div><i>", "i", []),
        ("<ul><li>a<li><i>", "i", ["li", "ul"]),
        ("<ul><li><ul><li></ul><li><i>", "i", ["li", "ul"]),
        ("<dl><dt>a<dd>b<dt><i>", "i", ["dt", "dl"]),
        ("<h1>a<h2><i>", "i", ["h2"]),
        ("<h1>a</h3><i>", "i", []),
        ("<b><p>a</b><i>", "i", ["p", "b"]),
        ("<a href=x>a<a href=y><i>", "i", ["a"]),
        ("<div></span></p></li></td><i>", "i", ["div"]),
        ("<div><td><i>", "i", ["div"]),
        ("<table><tr><td>a<td><i>", "i", ["td", "tr", "table"]),
        ("<table><tr><td><table><tr><td></table><i>", "i", ["td", "tr", "table"]),
        ("<table><tr><td>a<tr><td><i>", "i", ["td", "tr", "table"]),
        ("<table><thead><tr><th><p><tbody><tr><td><i>", "i", ["td", "tr", "tbody", "table"]),
        ("<table><tr><table><i>", "i", ["table"]),
        ("<div><table><tr><td></div><i>", "i", ["td", "tr", "table", "div"]),
        ("<form><div></form><i>", "i", ["div", "form"]),
        ("<form><form><i>", "i", ["form"]),
        ("<select><option>a<option><i>", "i", ["option", "select"]),
        ("<select><select><i>", "i", []),
        ("<ruby>a<rt>b<rp><i>", "i", ["rp", "ruby"]),
        ("<br><img><input><i>", "i", []),
        ("<svg/><i>", "i", []),
        ("<div/><i>", "i", ["div"]),
        ("<svg><g/><path><i>", "i", []),
        ("<svg><title><i>", "i", ["title", "svg"]),
        ("<svg><foreignObject><p><i>", "i", ["p", "foreignobject", "svg"]),
        ("<svg><a><p><i>", "i", ["p"]),
        ("<svg><desc></svg><i>", "i", []),
        ("<svg></p><i>", "i", []),
        ("<svg><font><u>", "u", []),
        ("<svg><font color=red><u>", "u", ["font"]),
        ("<math><mi><u>", "u", ["mi", "math"]),
        ("<math><mrow><u>", "u", []),
        ("<math><annotation-xml encoding=Text/HTML><u>", "u", ["annotation-xml", "math"]),
        ("<math><annotation-xml><u>", "u", []),
        ("<my-card><your-card></my-card><i>", "i", []),
        ("<my-card></your-card><i>", "i", ["my-card"]),
        ("<template><td></template><i>", "i", []),
        ("</body></html><i>", "i", []),
    ],
)
def test_elements_around(read: Any, html: str, inner: str, around: list[str]) -> None:
    assert path(read(f"<body>{html}x".encode()), inner)[:-1] == around


@each_reader
@pytest.mark.parametrize(
    "html",
    [
        "<title>a</title>", "<meta>", "<html><head><title>a</title>", "<head></head><title>a</title>", " \n<meta>",
        "<!doctype html><!-- --><link>", "<script></script><meta>", "<noscript></noscript><link>", "</p></div><meta>",
        "<template><p>x</template><meta>", "<head><head><base>", "<head></head> \n<meta>",
    ],
)  # fmt: skip
def test_in_head(read: Any, html: str) -> None:
    table = read(html.encode())
    assert table.flags(table.all("title", "meta", "link", "base")[-1]) & IN_HEAD


@each_reader
@pytest.mark.parametrize(
    "html",
    ["x<meta>", "<p><meta>", "<body><meta>", "<head></head>x<meta>", "</br><meta>", "<svg/><meta>"],
)
def test_not_in_head(read: Any, html: str) -> None:
    table = read(html.encode())
    assert not table.flags(table.first("meta")) & IN_HEAD


@each_reader
@pytest.mark.parametrize(
    "html",
    [
        "<svg><title>a</title></svg>", "<template><title>a</title></template>", "<textarea><title></textarea>",
        "<frameset><title>a</title>", "<!-- <title> -->", "<math><title>a</title>", "<style><title></style>",
        "<p title='<title>'>", "<template><svg></template></title>",
    ],
)  # fmt: skip
def test_titles_that_are_none(read: Any, html: str) -> None:
    assert read(html.encode()).all("title") == []


@each_reader
@pytest.mark.parametrize(
    "html", ["<svg/><title>a</title>", "<svg><title>b</title></svg><title>a", "<table><title>a", "<select><title>a"]
)
def test_titles_in_the_body(read: Any, html: str) -> None:
    table = read(html.encode())
    assert [table.run(row + 1) for row in table.all("title")] == ["a"]


@each_reader
def test_a_title_ends_the_noscript_of_a_head(read: Any) -> None:
    assert path(read(b"<head><noscript><link><title>a</title>"), "title") == ["head"]
    assert path(read(b"<head><noscript><link><title>a</title>"), "link") == ["noscript", "head"]


@each_reader
def test_an_image_is_an_img(read: Any) -> None:
    assert names(read(b"<image src=a>")) == ["img"]


@each_reader
def test_a_frameset_takes_the_place_of_an_empty_body(read: Any) -> None:
    assert names(read(b"<meta><p><input type=hidden><frameset><frame><p><noframes>x</noframes>")) == [
        *("meta", "frameset", "frame", "noframes"),
    ]
    assert names(read(b"<p>x<frameset><frame>")) == ["p"]


@each_reader
def test_where_elements_end(read: Any) -> None:
    table = read(b"<div><p>a<p>b<br>c</div><i></i>")
    ends = {(table.name(row), row): table.end_of(row) for row in range(len(table)) if table.name(row)}
    assert ends == {("div", 0): 7, ("p", 1): 3, ("p", 3): 7, ("br", 5): 6, ("i", 7): 8}


@each_reader
def test_what_is_too_deep_holds_nothing(read: Any) -> None:
    table = read(b"<div>" * (MAX_DEPTH + 5) + b"<i>x")
    assert table.end_of(MAX_DEPTH) == MAX_DEPTH + 1
    assert table.parent(table.first("i")) == MAX_DEPTH - 1


@each_reader
def test_block_boundaries(read: Any) -> None:
    table = read(b"<body>a<b>b</b><p>c</p> d<br>e<i>f</i><hr>g")
    assert [table.run(row) for row in range(len(table)) if table.after_block(row)] == ["a", "c", " d", "e", "g"]
