"""Cards of feeds and text files: their own title, bounded, and nothing expanded or loaded."""

from __future__ import annotations

import time

import pytest

from app.metadata import Metadata, has_card, is_html, read_metadata
from app.metadata.feed import MAX_FEED
from tests.metadata.reading import file

URL = "https://example.com/feed"
ITEMS = "<item><title>An entry</title><description>No</description></item>" * 5
RSS = f"""<?xml version="1.0" encoding="utf-8"?><!-- a --><?xml-stylesheet href="a.xsl"?>
<rss version="2.0" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel><itunes:title>Other</itunes:title><title>News &amp;amp; &lt;b&gt;more&lt;/b&gt;</title><link>https://example.com/</link>
<description><![CDATA[<p>All of <i>it</i></p>]]></description><language>en-GB</language><dc:creator>Ada</dc:creator>
<image><url>/logo.png</url><title>No</title></image>{ITEMS}</channel></rss>"""
RDF = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/">
<channel><title>News &amp; more</title><description>All of it</description></channel>
<image><url>/logo.png</url></image><item><title>No</title></item></rdf:RDF>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en-GB">
<title type="html">News &amp;amp; &lt;b&gt;more&lt;/b&gt;</title>
<subtitle>All of it</subtitle><logo>/logo.png</logo><author><name>Ada</name><uri>https://a.example</uri></author>
<entry><title>No</title><author><name>Eve</name></author></entry></feed>"""
JSON_FEED = """{"version": "https://jsonfeed.org/version/1.1", "title": "News & more", "description": "All of it",
"icon": "/logo.png", "language": "en-GB", "authors": [{"name": "Ada"}], "items": []}"""


def card(body: str | bytes, content_type: str, url: str = URL) -> Metadata:
    document = file(body.encode() if isinstance(body, str) else body, content_type, url)
    assert has_card(document.page)
    assert not is_html(document.page)
    return read_metadata(document)


FEEDS = [
    (RSS, "application/rss+xml", "application/rss+xml"),
    (RSS, "application/xml; charset=utf-8", "application/rss+xml"),
    (RSS, "text/xml", "application/rss+xml"),
    (RSS, "text/html; charset=utf-8", "application/rss+xml"),
    (RSS, "text/plain", "application/rss+xml"),
    (RSS, "", "application/rss+xml"),
    (RSS.partition("</item>")[0], "application/rss+xml", "application/rss+xml"),
    (RDF, "application/rdf+xml", "application/rdf+xml"),
    (RDF, "application/xml", "application/rdf+xml"),
    (ATOM, "application/atom+xml", "application/atom+xml"),
    (ATOM, "application/xml", "application/atom+xml"),
    (JSON_FEED, "application/feed+json", "application/feed+json"),
    (JSON_FEED, "application/json", "application/feed+json"),
]


@pytest.mark.parametrize(("body", "content_type", "kind"), FEEDS)
def test_a_feed_is_called_by_its_title(body: str, content_type: str, kind: str) -> None:
    told = card(body, content_type)
    assert (told.title, told.kind, told.type) == ("News & more", "website", "feed")
    assert [(feed.url, feed.type, feed.title) for feed in told.feeds] == [(URL, kind, "News & more")]


@pytest.mark.parametrize("body", [RSS, ATOM, JSON_FEED, RDF])
def test_a_feed_says_more_than_its_title(body: str) -> None:
    told = card(body, "application/json" if body == JSON_FEED else "application/xml")
    assert (told.description, told.image) == ("All of it", "https://example.com/logo.png")
    if body != RDF:
        assert (told.meta.author, told.meta.language) == ("Ada", "en-GB")


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("<rss><channel><title>Caf\xe9</title>".encode("latin-1"), "application/rss+xml; charset=iso-8859-1"),
        (
            '<?xml version="1.0" encoding="iso-8859-1"?><rss><channel><title>Caf\xe9</title>'.encode("latin-1"),
            "text/xml",
        ),
        ("<rss><channel><title>Caf\xe9</title>".encode("utf-16"), "application/rss+xml"),
    ],
)
def test_a_feed_of_any_encoding(body: bytes, content_type: str) -> None:
    assert card(body, content_type).title == "Caf\xe9"


@pytest.mark.parametrize("body", ["", "<rss>", "<rss><channel/></rss>", "no xml", "<<<", "<rss><channel><title/>"])
def test_a_feed_without_a_title_is_called_by_its_file(body: str) -> None:
    assert card(body, "application/rss+xml", "https://example.com/dir/news.xml").title == "news.xml"


@pytest.mark.parametrize(
    "body", ["[]", "{}", '{"title": 5, "authors": [1], "icon": {}}', '{"authors": []}', "[" * 100_000, '{"a"']
)
def test_a_broken_json_feed_is_called_by_its_file(body: str) -> None:
    assert card(body, "application/feed+json", "https://example.com/news.json").title == "news.json"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("{}", "application/json"),
        ('{"a": 1}', "application/json"),
        ("<svg/>", "application/xml"),
        ("<!-- <rss> --><html>", "text/xml"),
        ("<rssx>", "text/xml"),
        ("a,b", "text/csv"),
    ],
)
def test_other_data_has_no_card(body: str, content_type: str) -> None:
    assert not has_card(file(body.encode(), content_type).page)


LAUGHS = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(12))


@pytest.mark.parametrize(
    "dtd",
    [
        f'<!DOCTYPE rss [<!ENTITY l0 "ha">{LAUGHS}]>',
        '<!DOCTYPE rss [<!ENTITY l12 SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE rss SYSTEM "http://127.0.0.1:1/a.dtd">',
        f'<!DOCTYPE rss [<!ENTITY l12 "{"ha" * 10_000}">]>',
    ],
)
@pytest.mark.parametrize("channel", ["<title>A&l12;</title>", '<title>A</title><image href="&l12;"/>'])
def test_no_entity_is_expanded(dtd: str, channel: str) -> None:
    begun = time.thread_time()
    told = card(f"{dtd}<rss><channel>{channel}</channel></rss>", "application/rss+xml")
    assert told.title in ("A", "A&l12;", "feed")
    assert len(str(told)) < 5_000
    assert "root:" not in str(told)
    assert time.thread_time() - begun < 0.5


PIECES = ["<a>", "<title>A", "<item/>", "<title>" + "&amp;" * 50 + "</title>", "<!--", "<a b='c' d='e'/>", "&lt;"]


@pytest.mark.parametrize("piece", PIECES)
def test_a_hostile_feed_costs_little(piece: str) -> None:
    body = ("<rss><channel>" + piece * (2 * 2**20 // len(piece))).encode()
    begun = time.thread_time()
    card(body, "application/rss+xml")
    assert time.thread_time() - begun < 0.5


def test_the_title_stands_in_the_bytes_that_are_parsed() -> None:
    late = "<rss><channel>" + "<item/>" * (MAX_FEED // 7) + "<title>Late</title></channel></rss>"
    assert card(late, "application/rss+xml").title == "feed"


# Text files -----------------------------------------------------------------------------------------------------------

README = """---
layout: page
---
![badge](https://example.com/a.svg)

# The *Project* [site](https://example.com) #

> quoted

It does `this` and
**that**.

More.
"""


@pytest.mark.parametrize("content_type", ["text/markdown", "text/x-markdown; charset=utf-8", "text/plain"])
def test_markdown_is_called_by_its_first_heading(content_type: str) -> None:
    told = card(README, content_type, "https://example.com/README.md")
    assert (told.title, told.description, told.kind) == ("The Project site", "It does this and that.", "document")


@pytest.mark.parametrize(
    ("body", "title"),
    [
        ("Title\n=====\ntext", "Title"),
        ("```\n# no\n```\n## Yes", "Yes"),
        ('---\ntitle: "Told"\n---\n# Other', "Told"),
        ("no heading", "README.md"),
        ("#no heading", "README.md"),
        ("# C#", "C#"),
    ],
)
def test_headings_of_markdown(body: str, title: str) -> None:
    assert card(body, "text/markdown", "https://example.com/README.md").title == title


@pytest.mark.parametrize(
    ("url", "body", "title"),
    [
        ("https://example.com/rfc/rfc9111.txt", "\n\nHTTP Caching\n", "rfc9111.txt"),
        ("https://example.com/notes", "\n\nHTTP Caching\n\nText", "HTTP Caching"),
        ("https://example.com/", "a" * 300, "example.com"),
        ("https://example.com/notes", "HTTP\x0bCaching", "notes"),
    ],
)
def test_plain_text_is_called_by_its_file_or_first_line(url: str, body: str, title: str) -> None:
    if "\x0b" in body:
        assert not has_card(file(body.encode(), "text/plain", url).page)
    else:
        assert card(body, "text/plain; charset=utf-8", url).title == title


@pytest.mark.parametrize("content_type", ["", "text", "unknown/unknown", "text/plain"])
def test_text_without_a_type_is_text(content_type: str) -> None:
    told = card("Words of it", content_type, "https://example.com/a.txt")
    assert (told.title, told.description, told.content.type) == ("a.txt", "Words of it", "text/plain")


@pytest.mark.parametrize("piece", ["#", "# a #", "[", "[a](", "*", "_", "---\n", "a: ", "`", "\n", "```\n", "<!"])
def test_hostile_text_costs_little(piece: str) -> None:
    body = (piece * (2 * 2**20 // len(piece))).encode()
    begun = time.thread_time()
    card(b"a" + body, "text/markdown")
    assert time.thread_time() - begun < 0.5
