"""Authors: declared, or in a byline of the page's own."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.metadata import read_metadata
from tests.metadata.reading import document

STORY = "<p>Kites fly when the wind is right and the string is long enough to let them go up into the sky above.</p>"


def author(html: str) -> str | None:
    return read_metadata(document(f"<title>A plain page about kites</title>{html}")).meta.author


def declared(value: Any, **node: Any) -> str | None:
    work = {"@type": "Article", "author": value, **node}
    return author(f'<script type="application/ld+json">{json.dumps(work)}</script>')


@pytest.mark.parametrize(
    "value",
    [
        {"@type": "Person", "givenName": "Ida", "familyName": "Roe"},
        {"@type": "Person", "alternateName": "Ida Roe"},
        {"@type": "Person", "name": {"@value": "Ida Roe"}},
        {"@list": [{"@type": "Person", "name": "Ida Roe"}]},
        {"@type": "Person", "name": '<a href="/ida">Ida Roe</a>'},
        {"@type": "Person", "name": 'By <a href="/ida">Ida Roe</a>'},
        "<span>Ida Roe</span>",
    ],
)
def test_spellings_of_a_name_in_json_ld(value: Any) -> None:
    assert declared(value) == "Ida Roe"


def test_an_id_names_a_node_wherever_it_stands() -> None:
    nodes = [
        {"@type": "Article", "author": {"@id": "#ida"}},
        {"@type": "WebSite", "copyrightHolder": {"@type": "Person", "@id": "#ida", "name": "Ida Roe"}},
    ]
    scripts = (f'<script type="application/ld+json">{json.dumps(node)}</script>' for node in nodes)
    assert author("".join(scripts)) == "Ida Roe"


def test_names_of_bibliographies_are_turned() -> None:
    metas = '<meta name="citation_author" content="Roe, Ida"><meta name="citation_author" content="Kay, Sam">'
    assert author(metas) == "Ida Roe, Sam Kay"
    assert author('<meta name="citation_authors" content="Roe, Ida; Kay, Sam">') == "Ida Roe, Sam Kay"
    assert author('<meta name="citation_author" content="Ida Roe, Jr.">') == "Ida Roe, Jr."


def test_names_of_other_tags_stay_in_their_order() -> None:
    assert author('<meta name="author" content="Ida Roe, Sam Kay">') == "Ida Roe, Sam Kay"


@pytest.mark.parametrize(
    "html",
    [
        '<ol class="reviews"><li class="review"><b class="woocommerce-review__author">Happy Buyer</b></li></ol>',
        '<div itemprop="review" itemscope><span itemprop="author">Happy Buyer</span></div>',
        '<blockquote class="testimonial"><cite class="testimonial-author">Happy Buyer</cite></blockquote>',
        '<div class="comments"><div class="reply"><a class="username" href="/users/7">Loud Mouth</a></div></div>',
        '<div id="disqus_thread"><span class="author">Loud Mouth</span></div>',
        '<section class="related"><article><h3><a href="/o">Other</a></h3><span class="byline">By Otto Writer</span>'
        "</article></section>",
        '<template><span class="author">Ghost Writer</span></template>',
        '<dialog><span class="author">Ghost Writer</span></dialog>',
        '<button data-clipboard-text=\'<meta name="author" content="Your Name">\'>Copy</button>',
        '<div class="title-authors"><p><a href="https://rights.example/x">Get rights and content</a></p></div>',
    ],
)
def test_who_did_not_write_the_page_is_no_author(html: str) -> None:
    assert author(f"<h1>A plain page about kites</h1>{STORY}{html}") is None


@pytest.mark.parametrize(
    "node",
    [
        {"@type": "Product", "name": "Kite", "review": {"@type": "Review", "author": "Happy Buyer"}},
        {"@type": "Review", "reviewBody": "Fine.", "author": {"@type": "Person", "name": "Happy Buyer"}},
    ],
)
def test_a_customer_in_json_ld_is_no_author(node: Any) -> None:
    assert author(f'<script type="application/ld+json">{json.dumps(node)}</script>') is None


def test_the_author_of_an_editorial_review_is_one() -> None:
    assert declared("Ida Roe", **{"@type": "Review", "headline": "A kite in the test"}) == "Ida Roe"


@pytest.mark.parametrize(
    "byline",
    [
        '<div class="teaser-meta"><span class="byline">By Ida Roe</span></div>',
        '<span data-testid="byline">By Ida Roe</span>',
        '<div data-component="byline"><a href="/authors/ida">Ida Roe</a></div>',
        '<a class="username" href="/users/7">Ida Roe</a>',
        "<author>Ida Roe</author>",
        '<article><address>By <a href="/ida">Ida Roe</a></address></article>',
        '<link rel="author" title="Ida Roe" href="/ida">',
    ],
)
def test_bylines(byline: str) -> None:
    assert author(f"<h1>A plain page about kites</h1>{byline}{STORY}") == "Ida Roe"


def test_the_name_begins_a_box_about_the_author() -> None:
    box = f'<div class="author-box"><h4>Ida Roe</h4><p>{"She flies kites and writes about them. " * 9}</p></div>'
    assert author(f"<h1>A plain page about kites</h1>{STORY}{box}") == "Ida Roe"


def test_all_marked_authors_of_a_byline_are_given() -> None:
    byline = "<p>By <span itemprop=author>Ida Roe</span> and <span itemprop=author>Sam Kay</span></p>"
    assert author(f"<h1>A plain page about kites</h1>{byline}{STORY}") == "Ida Roe, Sam Kay"


@pytest.mark.parametrize(
    "begun",
    [
        "<span>Thread starter</span> <a href=/members/ida.7/ class=username>Ida Roe</a>",
        "<p>Started by Ida Roe</p>",
        "<p>Started by: <b>Ida Roe</b></p>",
    ],
)
def test_the_author_of_a_thread_is_the_member_who_began_it(begun: str) -> None:
    answer = "<div class=message><h4 itemprop=author><span itemprop=name>Tom Ash</span></h4>So do I.</div>"
    assert author(f"<h1>A plain page about kites</h1>{begun}{STORY}{answer}") == "Ida Roe"


@pytest.mark.parametrize(
    ("label", "name", "expected"),
    [
        ("Written by", "Ida Roe", "Ida Roe"),
        ("Verfasst von", "Ida Roe", "Ida Roe"),
        ("Est. reading time", "5 minutes", None),
        ("Written by", "admin", None),
    ],
)
def test_labelled_data_of_a_card_names_the_author(label: str, name: str, expected: str | None) -> None:
    data = f'<meta name="twitter:label1" content="{label}"><meta name="twitter:data1" content="{name}">'
    assert author(f"{data}<h1>A plain page about kites</h1>{STORY}") == expected


@pytest.mark.parametrize("text", ["Written by Ida Roe", "Verfasst von Ida Roe"])
def test_a_box_below_the_text_names_the_author(text: str) -> None:
    page = f"<h1>A plain page about kites</h1>{STORY * 90}"
    assert author(f"{page}<h3>{text}</h3>") == "Ida Roe"
    assert author(f"{page}<nav><h3>{text}</h3></nav>") is None


@pytest.mark.parametrize(
    "byline",
    [
        "<p class=post-author>Eingestellt von <b>Ida Roe</b></p>",
        "<div class=byline><span>via</span> <a href=/~ida>Ida Roe</a></div>",
        "<div class=meta><i>| By </i><b>Ida Roe</b></div>",
        "<div class=meta><b>Authors:</b> Ida Roe</div>",
        "<td><a class=bigusername href=member.php?u=7>Ida Roe</a></td>",
    ],
)
def test_a_label_is_no_name(byline: str) -> None:
    assert author(f"<h1>A plain page about kites</h1>{byline}{STORY}") == "Ida Roe"
