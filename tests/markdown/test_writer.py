"""HTML to Markdown: what a reader gets, and that no page can keep us."""

from __future__ import annotations

import re
import time

import pytest

from app.markdown import to_html
from tests.markdown.reading import markdown

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        (
            "<h1>Title</h1><p>Text with <b>bold</b> and <em>stress</em>.",
            "# Title\n\nText with **bold** and *stress*.\n",
        ),
        ("<ul><li>one<li>two</ul>", "- one\n- two\n"),
        ("<table><tr><th>a<th>b<tr><td>1<td>2</table>", "| a | b |\n| --- | --- |\n| 1 | 2 |\n"),
        ("<pre><code class=language-py>x = 1\ny</code></pre>", "```py\nx = 1\ny\n```\n"),
        ("<blockquote>said</blockquote>", "> said\n"),
        ("<a href=c>relative</a>", "[relative](https://example.com/a/c)\n"),
        ("<a href=//o.example/q>no scheme</a>", "[no scheme](https://o.example/q)\n"),
        ("<a href='?y'>query</a>", "[query](https://example.com/a/b?y)\n"),
        ("<base href=/z/><a href=c>by base</a>", "[by base](https://example.com/z/c)\n"),
        ("<base href=javascript:x><a href=c>bad base</a>", "[bad base](https://example.com/a/c)\n"),
        ("<a href='mailto:a@b.example'>mail</a>", "[mail](mailto:a@b.example)\n"),
        ("<a href='/a b(c'>odd</a>", "[odd](https://example.com/a%20b\\(c)\n"),
        ("<img src=i.png alt=picture>", "![picture](https://example.com/a/i.png)\n"),
        ("<img src=data:image/gif,x data-src=late.png alt=late>", "![late](https://example.com/a/late.png)\n"),
        ("<p>before<embed src=x>after", "beforeafter\n"),
        ("<title>T</title><meta name=description content=d><p>body", "body\n"),
        ("<body style='display:none'><p>shown by a script", "shown by a script\n"),
        ("<?xml version='1.0' encoding='latin-1'?><p>\u00e9", "\u00e9\n"),
    ],
)
def test_markdown_of(html: str, expected: str) -> None:
    assert markdown(html) == expected


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        (
            "<form><nav><a href=/>Home</a></nav><p>a page that is one form</form>",
            "[Home](https://example.com/)\n\na page that is one form\n",
        ),
        ("<a href=/x></a>text", "text\n"),
        ("<a href=/x aria-label='Face book'><svg></svg></a>", "[Face book](https://example.com/x)\n"),
        (
            "<a href=/x title=Mail><img src=i.png></a>",
            "[![Mail](https://example.com/a/i.png)](https://example.com/x)\n",
        ),
        ("<a href='#'>Menu</a>", "Menu\n"),
        ("<a href='#part'>Part</a>", "[Part](https://example.com/a/b?x=1#part)\n"),
        ("<a href=/x>one<br>line</a>", "[one line](https://example.com/x)\n"),
        (
            "<a href=/x><div><div><img src=i.png></div></div><p>one</p><p>line</p></a>",
            "[![](https://example.com/a/i.png) one line](https://example.com/x)\n",
        ),
        ("<a href=/x><h3>Title</h3></a>", "### [Title](https://example.com/x)\n"),
        (
            "<a href=/x title=same>same</a><a href=/y title=more>same</a>",
            '[same](https://example.com/x)[same](https://example.com/y "more")\n',
        ),
        ("<ul><li><a href=/x></a><li> <li>one</ul>", "- one\n"),
        ("<ul><li>a<ul><li>b</ul><li>c</ul>", "- a\n  - b\n- c\n"),
        ("<blockquote><div><p></p></div><p>said</blockquote>", "> said\n"),
        ("<img srcset='small.png 1x, large.png 2x' alt=s>", "![s](https://example.com/a/small.png)\n"),
        ("<img src=p.gif width=1 height=1>text", "text\n"),
        ("<img src='//:0'>text", "text\n"),
        ("<table><tr><td>beside<td><h2>Title</h2></table>", "beside\n\n## Title\n"),
        ("<table><tr><td>above<tr><td>below</table>", "above\n\nbelow\n"),
        (
            "<table><tr><td>beside<td><table><tr><th>a<th>b<tr><td>1<td>2</table></table>",
            "beside\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n",
        ),
        ("<table><tr><th>a<th>b<tr><td><td><tr><td>1<td>2</table>", "| a | b |\n| --- | --- |\n| 1 | 2 |\n"),
        ("<pre>a<br>b</pre>", "```\na\nb\n```\n"),
        ("<pre><div>a</div><div>b</div></pre>", "```\na\nb\n```\n"),
        ("<code>a<br>b</code>", "```\na\nb\n```\n"),
        ("<p>call <code><a href=/f>f(x)</a></code>", "call `f(x)`\n"),
        ("<pre class='hljs language-c++'>x</pre>", "```c++\nx\n```\n"),
        ("<td>text<pre>listing</pre></td>", "text\n\n```\nlisting\n```\n"),
        ("so\u00adft hy\u200bphens", "soft hyphens\n"),
        ("<ruby>\u6f22<rp>(</rp><rt>kan</rt><rp>)</rp></ruby>", "\u6f22(kan)\n"),
        ("a<script></script>_b_<style></style>*c*", "a_b\\_\\*c\\*\n"),
        ("<noscript><div></noscript><p>after<noscript></div></noscript>", "after\n"),
    ],
)
def test_what_pages_do_reads_well(html: str, expected: str) -> None:
    assert markdown(html) == expected


def test_an_item_outside_a_list_is_one() -> None:
    assert markdown("<div><li><label># \u00e9</label>text") == "- \\# \u00e9text\n"


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        # Emphasis flanks as CommonMark 6.2 asks, next to punctuation and in every script.
        ("<p>\u51e7\u306f<strong>\u300c\u98a8\u300d</strong>\u3068", "\u51e7\u306f **\u300c\u98a8\u300d** \u3068\n"),
        ("<p><b>Name:</b>John", "**Name:** John\n"),
        ("<p>Price<b>($5)</b>only", "Price **($5)** only\n"),
        ("<p>Kites<i> rarely </i>fall", "Kites *rarely* fall\n"),
        ("x<b><a href=u>y</a></b>z", "x[**y**](https://example.com/a/u)z\n"),
        ("<b>a</b><span><b>b</b></span>", "**ab**\n"),
        ("<em><em>a</em></em>", "*a*\n"),
        ("<p><em>one<br><br>two</em>", "*one  \ntwo*\n"),
        ("<b>Title<ul><li>a</ul></b>", "**Title**\n\n- **a**\n"),
        ("<p><mark>m</mark>", "m\n"),
        # Blocks stay apart.
        ("<blockquote>a</blockquote><blockquote>b</blockquote>", "> a\n\n> b\n"),
        ("<blockquote><ul><li>one</ul><p>after</blockquote>", "> - one\n>\n> after\n"),
        ("<ul><li>a</ul><ul><li>b</ul>", "- a\n\n* b\n"),
        ("<ol><li>a</ol><ol><li>b</ol>", "1. a\n\n1) b\n"),
        ("<ul><li><p>a<p>b<li>c</ul>", "- a\n\n  b\n\n- c\n"),
        ("<ol><li>a</li><ol><li>b</li></ol><li>c</li></ol>", "1. a\n   1. b\n2. c\n"),
        ("<ol start=7><li>a<li>b</ol>", "7. a\n8. b\n"),
        ("<figure><img src=a><figcaption><p>One.<p>Photo: X</figcaption></figure>",
         "![](https://example.com/a/a)\n\nOne.\n\nPhoto: X\n"),
        ("<dl><dt>T<dd>d</dl>", "**T**\n\nd\n"),
        ("<details><summary>S</summary>text</details>", "**S**\n\ntext\n"),
        ("<p>a<hr><p>b", "a\n\n---\n\nb\n"),
        # Meaning is kept.
        ("<p>H<sub>2</sub>O, 10<sup>-3</sup> m", "H<sub>2</sub>O, 10<sup>-3</sup> m\n"),
        ("<ul><li><input type=checkbox checked> done<li><input type=checkbox> open</ul>", "- [x] done\n- [ ] open\n"),
        ("<table><tr><th>A<th>B<tr><td>1<td><div>one</div><div>two</div></table>",
         "| A | B |\n| --- | --- |\n| 1 | one<br>two |\n"),
        ("<table><caption>cap</caption><tr><th colspan=2>a<th>b<tr><td>1<td>2<td>3|4</table>",
         "cap\n\n| a |  | b |\n| --- | --- | --- |\n| 1 | 2 | 3\\|4 |\n"),
        ("<h2><a class=anchor href=#up aria-hidden=true>#</a>Going up</h2>", "## Going up\n"),
        ("<img data-actualsrc=/w.jpg alt=w>", "![w](https://example.com/w.jpg)\n"),
        ("<img srcset='/a.jpg, /b.jpg 2x'>", "![](https://example.com/a.jpg)\n"),
        ("<p>one\n\ntwo", "one two\n"),
    ],
)  # fmt: skip
def test_markdown_keeps_what_a_reader_sees(html: str, expected: str) -> None:
    assert markdown(html) == expected


@pytest.mark.parametrize(
    ("html", "language"),
    [
        ("<pre class='brush: js; gutter: false'>x</pre>", "js"),
        ("<pre><code class='hljs javascript'>x</code></pre>", "javascript"),
        ("<div class='highlight highlight-source-shell'><pre>x</pre></div>", "shell"),
        ("<pre data-lang=PY>x</pre>", "py"),
        ("<pre><code class=lang-rust>x</code></pre>", "rust"),
        ("<pre class=code>x</pre>", ""),
    ],
)
def test_a_listing_names_its_language(html: str, language: str) -> None:
    assert markdown(html) == f"```{language}\nx\n```\n"


@pytest.mark.parametrize(
    "html",
    [
        "<pre><code><span style='display: block'>a</span><span style='display:block'>b</span></code></pre>",
        "<pre><span class=line>a</span><span class=line>b</span></pre>",
        "<table><tr><td class=gutter><pre>1\n2</pre><td class=code><pre>a\nb</pre></table>",
        "<table><tr><td><pre>1\n2\n</pre><td><pre>a\nb</pre></table>",
        "<pre><span class=line-number>1</span>a\n<span class=line-number>2</span>b</pre>",
    ],
)
def test_a_listing_has_its_lines_and_no_numbers(html: str) -> None:
    assert markdown(html) == "```\na\nb\n```\n"


def test_a_fence_is_longer_than_any_in_the_listing() -> None:
    assert markdown("<pre>```\nx\n````</pre>") == "`````\n```\nx\n````\n`````\n"


@pytest.mark.parametrize(
    ("annotation", "expected"), [("E = m", "So E=m holds.\n"), ("\\frac{E}{m}", "So \\frac{E}{m} holds.\n")]
)
def test_a_formula_stands_once(annotation: str, expected: str) -> None:
    shown = "<span class=katex-html aria-hidden=true>E=m</span>"
    formula = (
        "<math><semantics><mrow><mi>E</mi><mo>=</mo><mi>m</mi></mrow>"
        f"<annotation encoding='application/x-tex'>{annotation}</annotation></semantics></math>"
    )
    assert markdown(f"<p>So <span>{formula}</span>{shown} holds.") == expected


@pytest.mark.parametrize("html", ["", "  \n", "<!-- nothing -->", "<script>code()</script>"])
def test_a_page_without_text_has_empty_markdown(html: str) -> None:
    assert markdown(html) == ""


@pytest.mark.parametrize(
    "html",
    [
        "<a href='javascript:evil()'>x</a>",
        "<a href=' JaVa&#10;scr&#105;pt:evil()'>x</a>",
        "<a href='\x01javascript:evil()'>x</a>",
        "<a href='JAVASCRIPT&colon;evil()'>x</a>",
        "<a href='vbscript:evil()'>x</a>",
        "<a href='data:text/html,evil()'>x</a>",
        "<img src='javascript:evil()'>x",
        "<img src='data:image/png;base64,evil()'>x",
        "<svg><script>evil()</script></svg>x",
        "<iframe src='javascript:evil()'></iframe>x",
        "<blockquote cite='javascript:evil()'>x</blockquote>",
        "<script>evil()</script><style>evil()</style><noscript>evil()</noscript><template>evil()</template>x",
        "<form action='javascript:evil()'><button>evil()</button></form>x",
    ],
)
def test_what_could_run_is_gone_and_the_text_stays(html: str) -> None:
    assert "evil" not in markdown(html)
    assert "x" in markdown(html)


BOMBS = {
    "5,000 nested tags": "<div>" * 5_000 + "the text" + "</div>" * 5_000,
    "200,000 nested tags": "<div>" * 200_000 + "the text",
    "nested headings": "<h1><h2>" * 5_000 + "the text",
    "nested lists": "<ul><li>" * 3_000 + "the text",
    "nested quotes of many lines": "<blockquote>" * 200 + "the text<br>" * 50_000,
    "nested tables": "<table><tr><td>" * 3_000 + "the text",
    "unknown elements": "<x-y>" * 3_000 + "the text",
    "one tag with 100,000 attributes": "<p " + " ".join(f'a{n}="x"' for n in range(100_000)) + ">the text",
    "attributes that hold brackets": "<p " + " ".join(f'a{n}="><"' for n in range(50_000)) + ">the text",
    "200,000 open brackets": "the text" + "<" * 200_000,
    "a tag without end": "the text" + "<a x" * 100_000,
    "one wide row among many": "the text<table><tr><td>" + "x" * 100_000 + "<tr><td>y" * 20_000,
    "lone surrogates": "the text \ud800",
    "characters that no tree can hold": "the text \ufffe \uffff \x01",
    "brackets behind empty elements": "the text [x]" + "<b></b>(" * 50_000,
    "listings": "the text" + "<pre>a<br>b</pre>" * 40_000,
    "links of many lines": "the text" + "<a href=x><h3>t</h3></a><a href=y><div>t</div></a>" * 20_000,
    "a link of 80,000 lines": "the text<a href=x>" + "<div>t</div>" * 80_000,
    "items of nothing": "the text" + ("<ul><li>" * 15 + "</ul>" * 15) * 3_000,
    "a quotation of nothing": "the text" + "<blockquote><div>" * 18 + "<div></div>" * 100_000,
    "images with names": "the text" + "<img src=x alt='a_b' title='t'>" * 50_000,
    "scripts that nothing runs": "the text" + "<noscript><script></script></noscript><noscript>" * 30_000,
    "a link of 40,000 headings": "the text<a href=x>" + "<h1>t</h1>" * 40_000,
    "images in 60,000 links": "the text" + "<a href=x><img src=y></a>" * 60_000,
    "items beside quotations": "the text<ul>" + "<li>t" * 60_000 + "</ul>" + "<blockquote>t</blockquote>" * 60_000,
    "listings beside headings in a table": "the text<table><tr><td>" + "<pre>t</pre>" * 60_000 + "<h1>t</h1>" * 60_000,
    "a row of two kinds of cells": "the text<table><tr>" + "<td>t" * 80_000 + "<th>t" * 80_000,
    "an address of spaces": "the text<a href='" + " " * 300_000 + "x'>y</a>",
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_read_in_time_and_size(name: str) -> None:
    started = time.process_time()
    text = markdown(BOMBS[name])
    assert "the text" in text
    assert len(text) < 2 * len(BOMBS[name]) + 100
    assert time.process_time() - started < 1.5


def test_markdown_is_cut_at_its_limit_and_stays_text() -> None:
    text = markdown("<p>" + "\u00e9" * 1_000, limit=101)
    assert text == "\u00e9" * 50


def test_html_is_the_page_with_newlines_normalised() -> None:
    assert to_html("<p>\r\na\rb\tc\n") == "<p>\na\nb\tc\n"


def test_html_holds_no_control_characters() -> None:
    text = to_html("".join(map(chr, range(0xFF))))
    assert re.findall("[\x00-\x1f\x7f-\x9f]", text) == ["\t", "\n", "\n", "\n"]
