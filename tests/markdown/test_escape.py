"""What a page says is text: read as CommonMark, the Markdown of it holds no HTML, and no link but the page's own."""

from __future__ import annotations

import html
import random
from collections.abc import Iterable, Iterator

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.markdown.reading import markdown

READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
READER.validateLink = lambda url: True  # type: ignore[method-assign]  (it would hide what we look for)
OURS = ("<sup>", "</sup>", "<sub>", "</sub>", "<br>")
"""HTML that the writer itself puts in."""

SAFE = ("http://", "https://", "mailto:", "tel:")


def tokens(found: Iterable[Token]) -> Iterator[Token]:
    for token in found:
        yield token
        yield from tokens(token.children or ())


def dangers(text: str) -> list[str]:
    """HTML, and addresses that may not be followed."""
    found = list(tokens(READER.parse(text)))
    addresses = [str(token.attrGet(name)) for token in found for name in ("href", "src") if token.attrGet(name)]
    return [token.content for token in found if token.type.startswith("html") and token.content not in OURS] + [
        address for address in addresses if not address.lower().startswith(SAFE)
    ]


def spoken(text: str) -> str:
    """What a reader of the Markdown reads."""
    return "".join(token.content for token in tokens(READER.parse(text)) if token.type in ("text", "code_inline"))


@pytest.mark.parametrize(
    "text",
    [
        "<script>evil()</script>",
        "</b>",
        "<!-- comment",
        "<javascript:evil()>",
        "[x](javascript:evil())",
        "![x](data:text/html,evil)",
        "[x]: javascript:evil()",
        "`code`",
        "*stress* and **more**",
        "_stress_ but snake_case",
        "~~struck~~",
        "\\*",
        "\\<script>",
        "&lt;script&gt;",
        "C:\\new\\<b>",
        "2 * 3 < 4 & 5 > 1",
    ],
)
def test_a_text_reads_as_it_stands_on_the_page(text: str) -> None:
    converted = markdown(f"<p>{html.escape(text)}</p>")
    assert dangers(converted) == []
    assert spoken(converted) == text


@pytest.mark.parametrize(
    "page",
    [
        "[x]<span>(javascript:evil())</span>",
        "[x]<script></script>(javascript:evil())",
        "[x]<i></i>(javascript:evil())",
        "[x]\u200b(javascript:evil())",
        "<ruby>[x]<rt>javascript:evil()</rt></ruby>",
        "&lt;\u00adscript>evil()",
        "<p>\\<span>&lt;script>evil()</span>",
        "<abbr title='&lt;script>evil()'>x</abbr>",
        "<img src=i.png alt='&lt;script>evil()'>",
        "<img src=i.png alt='a\n\n&lt;script>evil()'>",
        "<img src=i.png title='a\n\n&lt;script>evil()'>",
        "<a href='https://e.example/\n\n&lt;script>evil()'>x</a>",
        "<a href='https://e.example/](javascript:evil())'>x</a>",
        "<pre class='language-a`b'>&lt;script>evil()</pre>",
        "<s><pre>&lt;script>evil()</pre></s>",
        "<code>a<h2>b</h2>``</code><code>&lt;script>evil()</code>",
        "<math><code>&lt;script>evil()</code></math>",
        "<xmp><script>evil()</script></xmp>",
        "<noframes><script>evil()</script></noframes>",
        "<p \"='&lt;script>evil()'>x",
        '<x"y>&lt;script>evil()',
        "\ufdd5(javascript:evil())[x\\\ufdd5(javascript:evil())",
        "<image src='javascript:evil()'>",
    ],
)
def test_no_trick_makes_markup_of_a_text(page: str) -> None:
    assert dangers(markdown(page)) == []


@pytest.mark.parametrize(
    "line", ["- x", "+ x", "* x", "# x", "1. x", "1) x", "> x", "===", "---", "| --- |", "~~~", "[x]: y"]
)
def test_a_text_stays_a_text_on_every_line(line: str) -> None:
    converted = markdown(f"<p>many lakes<br>{html.escape(line)}")
    assert [token.type for token in READER.parse(converted)] == ["paragraph_open", "inline", "paragraph_close"]
    assert spoken(converted) == f"many lakes{line}"


def test_a_mark_before_a_link_makes_no_image_of_it() -> None:
    assert markdown("Look!<a href=x>here</a>") == "Look\\![here](https://example.com/a/x)\n"


def test_most_punctuation_is_left_alone() -> None:
    text = "Mr. X (32) [1] said: it's 5 - 3 + 1 = 3; 10% of $5 #1 a/b, a_b {c} e|f ~4"
    assert markdown(f"<p>{text}") == f"{text}\n"


TEXTS = [
    *(
        "<script>evil()</script>",
        "[x](javascript:evil())",
        "[x]",
        "(javascript:evil())",
        ": javascript:evil()",
        "[",
        "]",
    ),
    *(
        "`",
        "``",
        "```",
        "~~~",
        "\\",
        "\\\\",
        "<",
        "</b>",
        "<!-- ",
        "<![CDATA[",
        "<?x",
        "&lt;b&gt;",
        "&#60;b>",
        "(",
        ")",
    ),
    *(
        "![y](data:text/html,1)",
        "<javascript:evil()>",
        "word",
        "a b",
        "\n",
        "\n\n",
        "    ",
        "| a | b |\n|---|---|",
        "!",
    ),
    *(
        "* ",
        "- ",
        "1. ",
        "> ",
        "# ",
        "===",
        "---",
        "_x_",
        "\u00a0",
        "\u200b",
        "\ufdd5",
        "\t",
        '"',
        "'",
        "\0",
        "\f",
        "\ufffe",
    ),
]
URLS = [
    *(
        "javascript:evil()",
        " JaVa\tscript:1",
        "data:text/html,<script>",
        "x",
        "#",
        "//:0",
        "https://e.example/)<script>",
    ),
    *(
        "https://e.example/\n\n<script>",
        "\\\\evil\\<b>",
        "x](javascript:1)",
        "`x`",
        "https:x",
        "x 1x, <script> 2x",
        "a\\",
    ),
]
NAMES = [
    *("a", "abbr", "article", "b", "blockquote", "br", "button", "caption", "center", "cite", "code", "dd", "del"),
    *(
        "details",
        "div",
        "dl",
        "dt",
        "em",
        "figure",
        "form",
        "h1",
        "h2",
        "h6",
        "hr",
        "image",
        "img",
        "ins",
        "kbd",
        "label",
    ),
    *("li", "listing", "math", "mark", "noembed", "noframes", "noscript", "ol", "p", "plaintext", "pre", "q", "rt"),
    *(
        "ruby",
        "s",
        "samp",
        "section",
        "span",
        "strong",
        "sub",
        "summary",
        "sup",
        "svg",
        "table",
        "tbody",
        "td",
        "template",
    ),
    *("textarea", "th", "tr", "tt", "ul", "var", "x-y", "xmp", "x<b", 'a"b'),
]
ATTRIBUTES = [
    *("href", "src", "alt", "title", "cite", "class", "aria-label", "srcset", "data-src", "hidden", "style", "role"),
    *("width", '"', "'", "a<b"),
]


def hostile(draw: random.Random, depth: int = 4) -> str:
    """A piece of a page that nobody wrote by hand."""
    if not depth or draw.random() < 0.35:
        text = "".join(draw.choices(TEXTS, k=draw.randint(1, 3)))
        return html.escape(text) if draw.random() < 0.8 else text
    name = draw.choice(NAMES)
    attributes = " ".join(f'{draw.choice(ATTRIBUTES)}="{value(draw)}"' for _ in range(draw.randint(0, 3)))
    inside = "".join(hostile(draw, depth - 1) for _ in range(draw.randint(0, 4)))
    return f"<{name} {attributes}>{inside}" + (f"</{name}>" if draw.random() < 0.85 else "")


def value(draw: random.Random) -> str:
    return html.escape("".join(draw.choices(draw.choice((URLS, TEXTS)), k=draw.randint(1, 2))))


@pytest.mark.parametrize("first", range(0, 1_000, 250))
def test_no_page_becomes_html_or_a_script(first: int) -> None:
    for seed in range(first, first + 250):
        page = hostile(random.Random(seed))
        assert dangers(markdown(page)) == [], page
