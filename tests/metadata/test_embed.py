"""Players of oEmbed answers: rebuilt from judged parts, or left out."""

from __future__ import annotations

import json

import pytest

from app.metadata import read_oembed
from app.metadata.html.table import read_table

ENDPOINT = "https://www.example.com/oembed"
PAGE = "https://example.org/1"


def player(html: object, endpoint: str = ENDPOINT) -> str | None:
    body = json.dumps({"type": "video", "title": 'A "film" <b>', "html": html}).encode()
    read = read_oembed(body, "application/json", endpoint, PAGE)
    assert read is not None
    return read["html"]


def attributes(html: str | None) -> dict[str, str]:
    assert html is not None
    assert html.startswith("<iframe ")
    return read_table(html.encode()).attributes(0)


@pytest.mark.parametrize(
    "src",
    [
        "https://player.example.com/1?a=1&amp;b=2",
        "//www.example.com/1?a=1&b=2",
        "https://cdn.example.org/1?a=1&b=2",
    ],
)
def test_a_player_of_the_provider_or_of_the_page_is_rebuilt(src: str) -> None:
    built = attributes(player(f' <iframe width="480" height=270px src="{src}" allowfullscreen></iframe>\n'))
    assert built["src"].endswith("/1?a=1&b=2")
    assert (built["width"], built["height"], built["title"]) == ("480", "270", 'A "film" <b>')
    assert (built["loading"], built["allow"]) == ("lazy", "fullscreen")


@pytest.mark.parametrize(
    "html",
    [
        "<iframe src=https://example.net/1></iframe>",
        "<iframe src=https://example.com.example.net/1></iframe>",
        "<iframe src=https://www.example.com@example.net/1></iframe>",
        "<iframe src=http://www.example.com/1></iframe>",
        "<iframe src=javascript:alert(1)></iframe>",
        "<iframe></iframe>",
        "<iframe src=https://www.example.com/1></iframe><script>alert(1)</script>",
        "<script src=https://www.example.com/1></script>",
        "<blockquote>x</blockquote>",
        "<iframe src=https://www.example.com/1><img src=x onerror=alert(1)></iframe>",
        "<iframe src=https://www.example.com/1></iframe><iframe src=https://www.example.com/2></iframe>",
        "text <iframe src=https://www.example.com/1></iframe>",
        "",
        7,
    ],
)
def test_any_other_markup_is_left_out(html: object) -> None:
    assert player(html) is None


@pytest.mark.parametrize(
    "attribute", ['onload="alert(1)"', 'srcdoc="<script>alert(1)</script>"', "style=position:fixed"]
)
def test_attributes_that_act_are_left_out(attribute: str) -> None:
    built = attributes(player(f"<iframe {attribute} src=https://www.example.com/1></iframe>"))
    assert built.keys() == {"src", "title", "sandbox", "loading", "referrerpolicy"}


def test_features_are_those_of_a_player() -> None:
    built = attributes(player('<iframe src=/1 allow="camera; autoplay *; Fullscreen; usb"></iframe>'))
    assert built["allow"] == "autoplay; fullscreen"


def test_a_player_cannot_leave_its_sandbox() -> None:
    built = attributes(player("<iframe src=/1 sandbox=allow-top-navigation></iframe>"))
    assert "allow-top-navigation" not in built["sandbox"]


def test_hosts_under_one_public_suffix_are_strangers() -> None:
    assert player("<iframe src=https://a.co.uk/1></iframe>", "https://b.co.uk/oembed") is None
