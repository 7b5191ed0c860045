"""The compiled scanner and the one in Python give one answer, whatever the markup is."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.metadata.html import metas, tags, text_runs
from app.metadata.html.metas import MAX_METAS
from app.metadata.html.scan import COMPILED
from app.metadata.html.tags import MAX_ATTRIBUTES, MAX_TAGS, Tag
from tests.metadata.test_properties import PAGES

if not COMPILED:
    pytest.skip("the scanner was not compiled: there is no C compiler", allow_module_level=True)

from app.metadata.html import scanner

pytestmark = pytest.mark.slow

NAMES = (*tags.ELEMENTS, *tags.RAW_TEXT, *text_runs.INVISIBLE, "title", "metas", "p", "!--", "!")
PIECES = (
    *(f"<{name}" for name in NAMES), *(f"</{name}" for name in NAMES), "<", ">", "/", "/>", " ", "\n", "\x0b", "=", '"',
    "'", "-", "--", "-->", "--!>", "<!-->", "<!--->", ' type="application/ld+json"', " TYPE=application/LD+json ", "a",
    "&amp", "&#43;", "&",
    ' a="b"', " a='b'", " a=b", " a", ' A="é"',
    ' property="og:title" content="x"', "{}", "é", "\ud800", "ld+json", "+", "<script ld+json",
)  # fmt: skip
markups = st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=40).map("".join)


def as_written_or_shouted(markup: str, shout: bool) -> bytes:
    return (markup.upper() if shout else markup).encode("utf-8", "surrogatepass")


@settings(max_examples=1_500, deadline=None)
@example("<meta", False)
@example("<title>a</title", False)
@example("<script type=application/ld+json x='</script>'>{}</script >", False)
@example("<noscript><noscript></noscript><!--</noscript>--></noscript>", False)
@given(markups, st.booleans())
def test_tags(markup: str, shout: bool) -> None:
    body = as_written_or_shouted(markup, shout)
    assert scanner.read_tags(body) == tags.read_tags(body)


@settings(max_examples=1_500, deadline=None)
@given(markups, st.booleans(), st.integers(0, 60))
def test_attributes(markup: str, shout: bool, position: int) -> None:
    body = as_written_or_shouted(markup, shout)
    position = min(position, len(body))
    assert scanner.read_attributes(body, position) == tags.read_attributes(body, position)


meta_names = st.sampled_from(("content", "value", "property", "name", "itemprop", "http-equiv", "class"))
meta_values = (
    st.sampled_from(("", " ", "og:title", "OG:Title", "dc:date DC.Date", " a\u2003b ", "É", "d", "\x1ca")) | st.text()
)
meta_tags = st.builds(lambda attributes: Tag("meta", attributes, 0, 0), st.dictionaries(meta_names, meta_values))


@settings(max_examples=1_500, deadline=None)
@given(st.lists(meta_tags, max_size=6))
def test_metas(tags: list[Tag]) -> None:
    assert scanner.read_metas(tags) == metas.read_metas(tags)


@pytest.mark.parametrize("names", ["a", "a " * 3])
def test_many_metas(names: str) -> None:
    tags = [Tag("meta", {"name": names, "content": str(number)}, 0, 0) for number in range(MAX_METAS + 5)]
    found, by_name = scanner.read_metas(tags)
    assert (found, by_name) == metas.read_metas(tags)
    assert len(found) == len(by_name["a"]) == MAX_METAS


@settings(max_examples=1_500, deadline=None)
@example("a<script", False, 0, 60)
@example("a<!--->b<!---!>c<!--d--!>e", False, 0, 60)
@example("\u00a0a\u2003<b>\u00a0</b>\x1c\u0085<i>", False, 0, 60)
@example("a<svg:b>c</svg:b><style-x>d<STYLE>e</style", False, 0, 60)
@given(markups, st.booleans(), st.integers(0, 20), st.none() | st.integers(0, 200))
def test_pieces(markup: str, shout: bool, start: int, end: int | None) -> None:
    body = as_written_or_shouted(markup, shout)
    assert list(scanner.raw_pieces(body, start, end)) == list(text_runs.raw_pieces(body, start, end))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(PAGES), st.integers(0, 2_000), st.integers(0, 60), st.binary(max_size=8))
def test_damaged_pages(html: bytes, start: int, length: int, noise: bytes) -> None:
    start %= len(html) + 1
    damaged = html[:start] + noise + html[start + length :]
    assert scanner.read_tags(damaged) == tags.read_tags(damaged)
    assert list(scanner.raw_pieces(damaged)) == list(text_runs.raw_pieces(damaged))


@pytest.mark.parametrize(
    "markup",
    [
        "<p " + " ".join(f"a{n}=b" for n in range(MAX_ATTRIBUTES + 5)) + ">",
        "<meta " + "a=b " * 30_000 + ">",
        "<script " + "a" * 2_000 + " type=application/ld+json>{}</script>",
        "<meta a=b>" * (MAX_TAGS + 5),
        "<script></script>" * (MAX_TAGS + 5) + "<meta a=b>",
        "<!---->" * (MAX_TAGS - 1) + "<title>a</title><title>b</title>",
        "<noscript>" * (MAX_TAGS + 5) + "</noscript>",
        "<meta content='" + '"' * 200_000,
    ],
    ids=lambda markup: f"{markup[:8]}…{len(markup)}",
)
def test_what_is_too_much(markup: str) -> None:
    assert scanner.read_tags(markup.encode()) == tags.read_tags(markup.encode())
