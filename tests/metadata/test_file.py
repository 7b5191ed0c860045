from __future__ import annotations

import pytest

from app.metadata import has_card, is_html, read_metadata
from tests.metadata.reading import file


@pytest.mark.parametrize(
    ("body", "content_type", "kind"),
    [
        (b"", "image/png", "image"),
        (b"", "VIDEO/mp4; codecs=x", "video"),
        (b"", "audio/mpeg", "audio"),
        (b"", "application/pdf", "document"),
        (b"%PDF-1.7", "", "document"),
        (b"%PDF-1.7", "application/octet-stream", "document"),
        (b"\x89PNG\r\n\x1a\n", "text/plain", "image"),
        (b"\xff\xd8\xff\xe0", "", "image"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "", "image"),
        (b"\0\0\0\x18ftypmp42", "", "video"),
        (b"ID3\x04", "", "audio"),
    ],
)
def test_files_that_have_a_card(body: bytes, content_type: str, kind: str) -> None:
    document = file(body, content_type)
    assert has_card(document.page)
    assert not is_html(document.page)
    assert read_metadata(document).type == kind


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"{}", "application/json"),
        (b"words\0", "text/plain"),
        (b"words", "application/octet-stream"),
        (b"PK\x03\x04", ""),
        (b"", ""),
        (b"<a>", "text/css"),
    ],
)
def test_files_that_have_none(body: bytes, content_type: str) -> None:
    assert not has_card(file(body, content_type).page)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"x", "text/html"),
        (b"x", "application/xhtml+xml; charset=utf-8"),
        (b"\n <!DOCTYPE html><p>", ""),
        (b"<HTML>", "text/plain"),
        (b"\xef\xbb\xbf<!-- x -->", "application/octet-stream"),
    ],
)
def test_what_is_html(body: bytes, content_type: str) -> None:
    assert is_html(file(body, content_type).page)


def test_an_image_is_its_own_picture() -> None:
    card = read_metadata(file(content_type="image/png", url="https://example.com/dir/A%20cat.png"))
    assert (card.title, card.image) == ("A cat.png", "https://example.com/dir/A%20cat.png")
    assert card.content.type == "image/png"


@pytest.mark.parametrize(
    ("disposition", "title"),
    [
        ('attachment; filename="report.pdf"', "report.pdf"),
        ("inline; filename=report.pdf", "report.pdf"),
        ("attachment; filename=\"x.pdf\"; filename*=UTF-8''%C3%BCber.pdf", "über.pdf"),
        ('attachment; filename="../../etc/report.pdf"', "report.pdf"),
        ("attachment", "a b.bin"),
    ],
)
def test_a_file_is_called_what_its_server_calls_it(disposition: str, title: str) -> None:
    document = file(content_type="application/pdf", content_disposition=disposition)
    assert read_metadata(document).title == title
