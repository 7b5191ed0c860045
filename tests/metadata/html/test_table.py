"""What readers ask of the token table."""

from __future__ import annotations

import pytest

from app.metadata.html import flags
from app.metadata.html.table import START, TokenTable, read_table


def table(html: str) -> TokenTable:
    return read_table(html.encode())


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>a <b>b</b>c\n d", "a bc d"),
        ("<div><p>a</p><p>b</p>c<br>d</div>", "a b c d"),
        ("<div>a<span hidden>b</span><script>c</script><noscript>d</noscript><svg><text>e</text></svg>f</div>", "af"),
        ("<p hidden>a<b>b", "ab"),
        ("<p>a&nbsp;&amp;&nbsp;b &copy c", "a & b © c"),
        ("<p>a<!-- b -->c", "ac"),
        ("<p>" + "ab " * 100, "ab ab ab a"),
        ("<p>  ", ""),
    ],
)
def test_text(html: str, text: str) -> None:
    page = table(html)
    assert page.text(page.first("div", "p"), limit=10) == text[:10]


@pytest.mark.parametrize("inside", ["a", "<p>a</p>", "<div>a", "<img><i>a</i>"])
def test_text_that_leaves_the_noscript_of_a_head_is_still_unseen(inside: str) -> None:
    page = table(f"<noscript>{inside}</noscript><p>b")
    assert page.text_between(0, len(page)) == "b"


def test_text_without_parts_of_the_page() -> None:
    page = table("<div>a<nav>b</nav><p>c<aside>d</aside></div>")
    assert page.text(0) == "a b c d"
    assert page.text(0, without=flags.NOT_OWN) == "a c"


def test_raw_text() -> None:
    page = table("<title>a  &amp; b</title><script> &amp; </script><style></style>")
    assert [page.raw_text(page.first(name)) for name in ("title", "script", "style")] == ["a  & b", " &amp; ", ""]


def test_elements_by_name() -> None:
    page = table("<p><a><p><template><a></template><svg><a/></svg><my-x><a>")
    assert [page.name(row) for row in page.all("p", "a", "svg", "my-x")] == ["p", "a", "p", "svg", "my-x", "a"]
    assert page.all("nothing") == []
    assert page.first("nothing") == -1


def test_elements_by_attribute() -> None:
    page = table("<p ID=a><template><i id=b></template><svg id=c><b id><u class=id>")
    assert [page.name(row) for row in page.having("id")] == ["p", "b"]


def test_a_row_by_position() -> None:
    page = table("<p>ab<i>")
    assert [page.at(position) for position in range(-1, 9)] == [-1, 0, 0, 0, 1, 1, 2, 2, 2, 2]


def test_ancestors() -> None:
    page = table("<div><p><b><i>")
    row = page.first("i")
    assert [page.name(ancestor) for ancestor in page.ancestors(row)] == ["b", "p", "div"]
    assert page.name(page.inside(row, "div", "p")) == "p"
    assert page.inside(row, "nav") == -1
    assert page.depth(row) == 3


def test_attributes_of_several_html_tags_are_those_of_one_element() -> None:
    page = table("<html lang=en><body class=a><html lang=de dir=ltr><body class=b id=c><template><html a=b></template>")
    assert page.merged("html") == {"lang": "en", "dir": "ltr"}
    assert page.merged("body") == {"class": "a", "id": "c"}


def test_the_body_begins_after_the_head() -> None:
    assert table("<head><title>a</title></head><body><p>").body == 3
    assert table("<title>a</title>b").body == 2
    assert table("<title>a</title>").body == 2


def test_seen_texts() -> None:
    page = table("<body>a <p hidden>b</p> <i>c</i><style>d</style>")
    assert [page.run(row) for row in page.texts(0, len(page))] == ["a ", "c"]


def test_blocks() -> None:
    page = table("<div><span><my-x><li><svg><p>")
    assert [page.name(row) for row in range(len(page)) if page.kind(row) == START and page.is_block(row)] == [
        *("div", "li", "p"),
    ]
