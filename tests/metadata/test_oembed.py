from __future__ import annotations

import json

import pytest

from app.metadata import Oembed, find_oembed, needs_oembed, read_metadata, read_oembed, with_oembed
from tests.metadata.reading import document

ANSWER = {"type": "video", "version": "1.0", "title": "A film", "author_name": "Ann Archer", "provider_name": "YouTube",
          "thumbnail_url": "//i.example/t.jpg", "width": 480, "html": "<iframe></iframe>"}  # fmt: skip


def test_json_is_preferred_to_xml() -> None:
    page = document(
        '<link rel="alternate" type="text/xml+oembed" href="/o.xml">'
        '<link rel="alternate" type="application/json+oembed" href="/o?url=a&amp;format=json">'
    )
    assert find_oembed(page) == "https://example.com/o?url=a&format=json"


def test_alternative_is_taken_for_alternate() -> None:
    page = document('<link rel="alternative" type="text/xml+oembed" href="/o.xml">')
    assert find_oembed(page) == "https://example.com/o.xml"


def test_a_page_without_oembed_has_none() -> None:
    assert find_oembed(document("<title>x</title>")) is None
    assert not needs_oembed(document("<title>x</title>"))


@pytest.mark.parametrize(
    "url",
    [
        "https://www.youtube.com/watch?v=abc", "https://youtu.be/abcdefghijk", "https://vimeo.com/12345",
        "https://x.com/ann/status/1", "https://www.tiktok.com/@ann/video/1", "https://open.spotify.com/track/1",
        "https://soundcloud.com/ann/song", "https://www.flickr.com/photos/ann/1", "https://www.reddit.com/r/a/comments/1/b/",
    ],
)  # fmt: skip
def test_providers_whose_pages_say_nothing(url: str) -> None:
    page = document("", url)
    assert needs_oembed(page)
    assert (find_oembed(page) or "").startswith("https://")


def test_an_answer_is_read_and_made_absolute() -> None:
    read = read_oembed(json.dumps(ANSWER).encode(), "https://example.com/o")
    assert read is not None
    assert read.fields["thumbnail_url"] == "https://i.example/t.jpg"
    assert read.fields["width"] == 480


def test_an_xml_answer_is_read() -> None:
    body = b'<?xml version="1.0" encoding="utf-8"?><oembed><type>photo</type><title>A &amp; B</title></oembed>'
    read = read_oembed(body, "https://example.com/")
    assert read is not None
    assert read.fields == {"type": "photo", "title": "A & B"}


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"null", b"{}", b"{", b'"x"', b"<html>", b"<oembed>", b"\xff\xfe", b"[" * 100_000,
     b'{"type":"x"' + b" " * 70_000 + b"}",
     b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><oembed><title>&e;</title></oembed>'],
)  # fmt: skip
def test_what_is_no_answer(body: bytes) -> None:
    assert read_oembed(body, "https://example.com/") is None


def test_a_generic_page_is_filled() -> None:
    card = read_metadata(document("<title>- YouTube</title>", "https://www.youtube.com/watch?v=abc"))
    oembed = read_oembed(json.dumps(ANSWER).encode(), "https://www.youtube.com/")
    assert oembed is not None
    filled = with_oembed(card, oembed, needed=True)
    assert (filled.title, filled.image, filled.meta.author) == ("A film", "https://i.example/t.jpg", "Ann Archer")


def test_what_the_page_says_stands() -> None:
    html = '<meta property="og:title" content="My film"><meta property="og:image" content="https://e.example/i.jpg">'
    card = read_metadata(document(html, "https://www.youtube.com/watch?v=abc"))
    filled = with_oembed(card, Oembed({"title": "Another", "thumbnail_url": "https://i.example/t.jpg"}), needed=True)
    assert (filled.title, filled.image) == ("My film", "https://e.example/i.jpg")


def test_a_generic_answer_does_not_replace_what_a_page_says() -> None:
    """Mastodon's answers have the title "New status by …" and a frame of the instance."""
    html = """<title>Ann (@ann@social.example): "Kites fly high"</title>
    <meta property="og:title" content="Ann (@ann@social.example)">
    <meta property="og:description" content="Kites fly high">
    <meta property="og:image" content="https://social.example/avatar.png">
    <link rel="alternate" type="application/json+oembed" href="/api/oembed?url=x">"""
    page = document(html, "https://social.example/@ann/1")
    answer = {"type": "rich", "title": "New status by ann", "author_name": "ann", "provider_name": "social.example",
              "thumbnail_url": "https://social.example/other.png",
              "html": '<iframe src="https://social.example/@ann/1/embed" width="400"></iframe>'}  # fmt: skip
    oembed = read_oembed(json.dumps(answer).encode(), "https://social.example/api/oembed", page.page.final_url)
    card = read_metadata(page)
    assert oembed is not None
    assert oembed.fields["html"] is None
    assert with_oembed(card, oembed, needed=needs_oembed(page)) == card


def test_a_page_of_the_registry_without_a_link_has_the_endpoint_of_its_provider() -> None:
    found = find_oembed(document("<title>x</title>", "https://www.ted.com/talks/a"))
    assert (found or "").startswith("https://www.ted.com/services/v1/oembed.json?format=json&url=https%3A%2F%2F")
