"""Markdown of hostile pages of 2 MiB: depth and width of every construct, in bounded time and memory."""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Iterator

import pytest

from app.markdown import to_markdown
from app.metadata.html.table import read_table

pytestmark = pytest.mark.slow

PAGE = 2 * 2**20
CPU = 1.5
"""Seconds of CPU that a page may take."""

MEMORY = 256 * 2**20
"""Bytes that a page may take."""

CONSTRUCTS = (
    "blockquote", "ul><li", "ol><li", "li", "table><tr><td", "table><tr><th>h<td", "code", "pre", "a href=x",
    "a href=x><h2", "a href=x><div", "b><i", "s", "h1", "dl><dt", "details><summary", "figure><figcaption", "sup",
    "ruby><rt", "math", "math><annotation encoding=tex", "p", "div", "span", "noscript", "svg", "img src=x alt=y",
)  # fmt: skip


def filled(unit: str, before: str = "") -> str:
    """A page that is `before`, then `unit` over and over."""
    return before + unit * ((PAGE - len(before)) // len(unit))


def spans() -> str:
    """A row of the widest cells, and many rows below it."""
    return filled("<tr><td>y", "<table><tr>" + "<td colspan=20>x" * 100)


PAGES = {
    **{f"never shut: {name}": filled(f"<{name}>t") for name in CONSTRUCTS},
    **{f"many paragraphs, 230 deep: {name}": filled("<p>t", f"<{name}>" * 230) for name in CONSTRUCTS},
    "line numbers, 500 deep": filled("<pre>1\n2</pre>", "<div>" * 500),
    "links without a name": filled("<a href=x>"),
    "pictures in a link": filled("<img src=a>", "<a href=x>"),
    "bold over links": filled("<a href=u>y</a> ", "<s><b><i>"),
    "styles that alternate": filled("<b>a</b><i>b</i><s>c</s>"),
    "lists right in lists": filled("<ul><li>b</ul>", "<ul><li>a"),
    "texts right in a list": filled("<div>x</div><ul>y</ul>", "<ul>"),
    "a listing of many lines, 12 deep": filled("x\n", "<ul><li>" * 12 + "<pre>"),
    "wide spans": spans(),
    "stars": filled("*"),
    "brackets": filled("["),
    "a page that is hidden": filled("<blockquote><ul><li>x", "<body hidden>"),
    "scripts that nothing runs": filled("</noscript ", "<noscript><script></script></noscript><noscript>"),
}


@pytest.fixture(autouse=True)
def frozen() -> Iterator[None]:
    """Leave what the tests have loaded out of garbage collection, as a worker does."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.parametrize("name", PAGES)
def test_a_hostile_page_is_written_in_time(name: str) -> None:
    markup = PAGES[name].encode()
    started = time.process_time()
    text = to_markdown(read_table(markup), "https://example.com/")
    assert time.process_time() - started < CPU
    assert len(text.encode()) <= PAGE


def test_a_wide_table_is_written_in_little_memory() -> None:
    markup = spans().encode()
    tracemalloc.start()
    try:
        to_markdown(read_table(markup), "https://example.com/")
        assert tracemalloc.get_traced_memory()[1] < MEMORY
    finally:
        tracemalloc.stop()
