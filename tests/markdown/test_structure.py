"""Emphasis, links and lists of a page in its Markdown: a CommonMark reader gets the elements of the page back."""

from __future__ import annotations

import html as html_module
import random
import re
from collections.abc import Iterable, Iterator

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from app.markdown.tables import MAX_COLUMNS
from tests.markdown.reading import markdown

READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def rendered(html: str) -> str:
    """HTML of the Markdown of a page, without line ends between tags."""
    return READER.render(markdown(html)).replace(">\n", ">").replace("\n<", "<")


@pytest.mark.parametrize(
    "html",
    [
        "<p><em>foo <strong>bar</strong> baz</em></p>",
        "<p><em>foo<strong>bar</strong>baz</em></p>",
        "<p><strong>foo<em>bar</em>baz</strong></p>",
        "<p><strong><em>foo</em> bar</strong></p>",
        "<p><em>foo <strong>bar</strong></em></p>",
        "<p><strong>Birds (<em>Aves</em>, syn. <em>Ornis</em>)</strong></p>",
        "<p><strong>foo &quot;<em>bar</em>&quot; foo</strong></p>",
        '<p><em>foo <a href="https://e.example/u">bar</a></em></p>',
        '<p><strong>foo <a href="https://e.example/u"><em>bar</em></a> baz</strong></p>',
        '<p><a href="https://e.example/u">link <em>foo <strong>bar</strong> <code>#</code></em></a></p>',
        "<p><em>foo<br />bar</em></p>",
        "<p><s>old <em>price</em></s> new</p>",
        '<p><strong>a <img src="https://e.example/i.png" alt="b" /> c</strong></p>',
        '<p><a href="https://e.example/u">Foo*bar]</a></p>',
        '<p><a href="https://e.example/u">link [bar</a></p>',
        '<p><a href="https://e.example/u">C:\\[x\\</a></p>',
        '<p><img src="https://e.example/i.png" alt="[foo](uri2)" /></p>',
        "<ol><li><a href=\"https://e.example/u\">agent [beta]:</a> more</li></ol>",
        "<p><code>bar </code>baz</p>",
        "<p><code> a</code></p>",
        "<p><code> `` </code></p>",
        "<p>[<em>x</em>]: y</p>",
        "<p>a&amp;<em>lt;</em></p>",
        "<p><strong><em>class</em> f( <em>*</em>, <em>x</em>)</strong></p>",
        '<p>\\\\!<a href="https://e.example/u">x</a></p>',
        "<h2>#</h2>",
        "<h2>C #</h2>",
        "<h2>C#</h2>",
        "<ul><li>Foo</li><li><hr /></li></ul>",
        "<ul><li><p>a</p></li><li><p>b</p></li></ul>",
        "<ul><li>a<ol><li>b</li></ol></li></ul>",
        "<ul><li>a<blockquote><p>b</p></blockquote></li><li>c</li></ul>",
    ],
)  # fmt: skip
def test_the_elements_of_a_page_come_back(html: str) -> None:
    assert rendered(html) == html


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p><b>Name:</b><i>John</i>", "**Name:** *John*\n"),
        ("<p>W<b>or</b><i>ds</i>", "Words\n"),
        ("<p>x<s><b>y</b></s>z", "x ~~**y**~~ z\n"),
        ("<p>Is it<b>(so)</b>?", "Is it **(so)**?\n"),
        ("<p><code>a</code><code>b</code>", "`ab`\n"),
        ("<p>Look!<b><a href=x>here</a></b>", "Look\\![**here**](https://example.com/a/x)\n"),
    ],
)
def test_delimiters_that_touch_stay_apart(html: str, expected: str) -> None:
    assert markdown(html) == expected


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        # Nothing that stands in a list is lost.
        ("<ul><div>x</div><div><a href=/u>y</a></div><li>z</ul>", "- x\n- [y](https://example.com/u)\n- z\n"),
        ("<ul>text<li>z</ul>", "- text\n- z\n"),
        # A list that begins with another number than 1 cannot interrupt a paragraph.
        ("<ul><li>a<ol start=7><li>b</ol></ul>", "- a\n\n  7. b\n"),
        # A switch of a menu is no task, and a text no check box.
        ("<ul><li><input type=checkbox id=nav-1><label>Menu</label></ul>", "- Menu\n"),
        ("<ul><li><input type=checkbox class=task-list-item-checkbox disabled checked>Done</ul>", "- [x] Done\n"),
        ("<ul><li>[x] a text</ul>", "- \\[x] a text\n"),
    ],
)
def test_lists_keep_their_texts(html: str, expected: str) -> None:
    assert markdown(html) == expected


def test_a_wide_span_widens_no_other_row() -> None:
    row = "<tr>" + "<td colspan=20>x" * 100
    lines = markdown(f"<table>{row}<tr><td>y</table>").splitlines()
    assert max(line.count("|") for line in lines) <= 2 * MAX_COLUMNS


TEXTS = [*"abc()*_!1~`[]<>&#:$.,|+-", "a ", " b", "lt;", "x*y", "**", "`` ", "\u3001", '"', "http://x.example", "\\"]
TAGS = [*("b", "b", "i", "i", "a href=u", "a href=u", "code", "sup", "span", "br", "img src=i.png")]


def inline(draw: random.Random, depth: int = 3) -> str:
    """A piece of a line with styles, links and code in one another."""
    if not depth or draw.random() < 0.45:
        return html_module.escape("".join(draw.choices(TEXTS, k=draw.randint(1, 3))))
    tag = draw.choice(TAGS)
    inside = "".join(inline(draw, depth - 1) for _ in range(draw.randint(1, 3)))
    return f"<{tag}>" if tag.startswith(("br", "img")) else f"<{tag}>{inside}</{tag.split()[0]}>"


def texts(found: Iterable[Token]) -> Iterator[str]:
    for token in found:
        if token.type in ("text", "code_inline", "fence"):
            yield token.content
        elif token.type != "image":
            yield from texts(token.children or ())


@pytest.mark.parametrize("element", ["p", "h2", "li"])
def test_no_mark_of_ours_is_read_as_text(element: str) -> None:
    for seed in range(700):
        line = "".join(inline(random.Random(1_000 * seed + part)) for part in range(3))
        said = html_module.unescape(re.sub("<[^>]*>", "", line))
        read = "".join(texts(READER.parse(markdown(f"<{element}>{line}</{element}>"))))
        assert "".join(read.split()) == "".join(said.split()), line
