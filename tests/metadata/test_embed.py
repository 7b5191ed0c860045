"""Players of provider answers and of pages: built from judged parts, or left out."""

from __future__ import annotations

import json

import pytest
from lxml.html import fragments_fromstring

from app.metadata import read_metadata, read_oembed
from app.metadata.encode import _shrink
from app.metadata.model import Embed
from app.metadata.registry import Registry
from app.settings.providers import Endpoint, Provider
from tests.metadata.reading import document

ENDPOINT = "https://api.example.com/oembed"
PAGE = "https://www.example.com/watch/1"
YOUTUBE = "https://www.youtube.com/watch?v=abc"

REGISTRY = Registry(
    [
        Provider("Films", "https://www.example.com", (Endpoint(ENDPOINT, ("https://*.example.com/watch/*",)),)),
        Provider("Sounds", "https://example.org", (Endpoint("https://cdn.example.net/oembed"),)),
        Provider("Ann's pages", "https://ann.github.io", (Endpoint("https://ann.github.io/oembed"),)),
    ]
)


def player(html: object, page_url: str = PAGE, endpoint: str = ENDPOINT, **more: object) -> Embed | None:
    body = json.dumps({"type": "video", "title": 'A "film" <b>', "html": html, **more}).encode()
    read = read_oembed(body, endpoint, page_url, REGISTRY)
    assert read is not None
    assert read.fields.get("html") == (read.player.html if read.player else None)
    return read.player


def attributes(embed: Embed | None) -> dict[str, str]:
    """Attributes of the markup, which must be one `<iframe>` and nothing else."""
    assert embed is not None
    [frame] = fragments_fromstring(embed.html)
    assert (frame.tag, frame.text, frame.tail, len(frame)) == ("iframe", None, None, 0)
    return dict(frame.attrib)


HONEST = {
    "a subdomain": (' <iframe src="https://player.example.com/1?a=1&amp;b=2"></iframe>\n', PAGE),
    "without a scheme": ('<iframe src="//www.example.com/1?a=1&b=2"></iframe>', PAGE),
    "a path alone": ('<iframe src="/1?a=1&b=2"></iframe>', PAGE),
    "another host of the provider": ("<iframe src=https://cdn.example.net/1?a=1&b=2></iframe>", "https://example.org/x"),
    "a page on another subdomain": ("<iframe src=https://example.com/1?a=1&b=2></iframe>", "https://m.example.com/x"),
    "capitals": ("<IFRAME SRC='HTTPS://Player.Example.com/1?a=1&b=2' ALLOWFULLSCREEN></IFRAME>", PAGE),
    "the port of https": ("<iframe src=https://player.example.com:443/1?a=1&b=2></iframe>", PAGE),
    "a comment beside it": ("<!-- ours --><iframe src=https://player.example.com/1?a=1&b=2></iframe>", PAGE),
    "unclosed": ("<iframe src=https://player.example.com/1?a=1&b=2>", PAGE),
    "its own domain on shared ground": ("<iframe src=https://ann.github.io/1?a=1&b=2></iframe>", "https://ann.github.io/"),
}  # fmt: skip

HOSTILE = {
    "a stranger": ("<iframe src=https://example.edu/1></iframe>", PAGE),
    "a suffix that looks alike": ("<iframe src=https://www.example.com.example.edu/1></iframe>", PAGE),
    "a prefix that looks alike": ("<iframe src=https://notexample.com/1></iframe>", PAGE),
    "a user that looks like a host": ("<iframe src=https://www.example.com@example.edu/1></iframe>", PAGE),
    "a backslash": ("<iframe src=https://example.edu\\@www.example.com/1></iframe>", PAGE),
    "without https": ("<iframe src=http://www.example.com/1></iframe>", PAGE),
    "another port": ("<iframe src=https://www.example.com:8443/1></iframe>", PAGE),
    "a script's address": ("<iframe src=javascript:alert(1)></iframe>", PAGE),
    "a script's address with a tab": ("<iframe src='java\tscript:alert(1)'></iframe>", PAGE),
    "data": ("<iframe src='data:text/html,<script>alert(1)</script>'></iframe>", PAGE),
    "a blob": ("<iframe src=blob:https://www.example.com/1></iframe>", PAGE),
    "no address": ("<iframe></iframe>", PAGE),
    "srcdoc alone": ("<iframe srcdoc='<script>alert(1)</script>'></iframe>", PAGE),
    "a script beside it": ("<iframe src=https://www.example.com/1></iframe><script>alert(1)</script>", PAGE),
    "a script alone": ("<script src=https://www.example.com/1></script>", PAGE),
    "a quotation": ("<blockquote class=film><a href=https://www.example.com/1>A</a></blockquote>", PAGE),
    "a picture within": ("<iframe src=https://www.example.com/1><img src=x onerror=alert(1)></iframe>", PAGE),
    "two": ("<iframe src=https://www.example.com/1></iframe><iframe src=https://www.example.com/2></iframe>", PAGE),
    "text before it": ("text <iframe src=https://www.example.com/1></iframe>", PAGE),
    "within a link": ("<a href=//example.edu><iframe src=https://www.example.com/1></iframe></a>", PAGE),
    "an object": ("<object data=https://www.example.com/1></object>", PAGE),
    "an embed": ("<embed src=https://www.example.com/1>", PAGE),
    "svg": ("<svg onload=alert(1)><iframe src=https://www.example.com/1></iframe></svg>", PAGE),
    "a template": ("<template><iframe src=https://www.example.com/1></iframe></template>", PAGE),
    "nothing": ("", PAGE),
    "a number": (7, PAGE),
    "a list": (["<iframe src=https://www.example.com/1></iframe>"], PAGE),
    "a page that poses as a provider": ("<iframe src=https://www.example.com/1></iframe>", "https://example.edu/watch/1"),
    "a page of another provider": ("<iframe src=https://www.example.com/1></iframe>", "https://example.org/x"),
    "a player of another provider": ("<iframe src=https://example.org/1></iframe>", PAGE),
    "a neighbour on shared ground": ("<iframe src=https://ann.github.io/1></iframe>", "https://eve.github.io/"),
    "one who is not in the registry": ("<iframe src=https://films.example.edu/1></iframe>", "https://films.example.edu/x"),
    "an address": ("<iframe src=https://127.0.0.1/1></iframe>", "https://127.0.0.1/x"),
}  # fmt: skip


def test_the_table_has_forty_answers() -> None:
    assert len(HONEST) + len(HOSTILE) >= 40


@pytest.mark.parametrize(("html", "page_url"), HONEST.values(), ids=HONEST)
def test_a_player_on_a_page_of_its_own_provider_is_rebuilt(html: str, page_url: str) -> None:
    built = attributes(player(html, page_url))
    assert built["src"].lower().startswith("https://")
    assert built["src"].endswith("/1?a=1&b=2")
    assert (built["title"], built["loading"]) == ('A "film" <b>', "lazy")
    assert built["referrerpolicy"] == "strict-origin-when-cross-origin"


@pytest.mark.parametrize(("html", "page_url"), HOSTILE.values(), ids=HOSTILE)
def test_any_other_markup_and_any_other_player_is_left_out(html: object, page_url: str) -> None:
    assert player(html, page_url) is None


def test_html_that_is_no_text_is_no_field() -> None:
    read = read_oembed(b'{"type": "video", "html": ["<script>"]}', ENDPOINT, PAGE, REGISTRY)
    assert read is not None
    assert "<" not in json.dumps(read.fields)


@pytest.mark.parametrize(
    "attribute",
    ['onload="alert(1)"', 'srcdoc="<script>alert(1)</script>"', "style=position:fixed", "name=top", "id=x", "class=y"],
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


@pytest.mark.parametrize(
    ("html", "sides", "expected"),
    [
        ("<iframe src=/1 width=480 height=270px></iframe>", {}, (480, 270, 1.7778)),
        ("<iframe src=/1></iframe>", {"width": 640, "height": 480}, (640, 480, 1.3333)),
        ("<iframe src=/1 width=100% height=152></iframe>", {}, (None, 152, None)),
        ("<iframe src=/1 width=-1 height=99999></iframe>", {"width": True}, (None, None, None)),
        ("<iframe src=/1></iframe>", {"width": "1e9", "height": [1]}, (None, None, None)),
        ("<iframe src=/1></iframe>", {"width": "560px", "height": 315.0}, (560, 315, 1.7778)),
    ],
)
def test_sides_are_pixels_or_nothing(html: str, sides: dict[str, object], expected: tuple[object, ...]) -> None:
    embed = player(html, **sides)
    assert embed is not None
    assert (embed.width, embed.height, embed.aspect_ratio) == expected


def test_the_card_names_the_provider_of_the_registry_and_not_of_the_answer() -> None:
    embed = player("<iframe src=/1></iframe>", provider_name="Another <script>")
    assert embed is not None
    assert (embed.provider, embed.kind, embed.url) == ("Films", "iframe", "https://api.example.com/1")


# --- a page's own tags


@pytest.mark.parametrize(
    "html",
    [
        '<meta name="twitter:player" content="https://www.youtube.com/embed/abc">'
        '<meta name="twitter:player:width" content="1280"><meta name="twitter:player:height" content="720">',
        '<meta property="og:video" content="https://www.youtube.com/embed/abc">'
        '<meta property="og:video:type" content="text/html">'
        '<meta property="og:video:width" content="1280"><meta property="og:video:height" content="720">',
        '<script type="application/ld+json">{"@type": "VideoObject", "name": "A",'
        '"embedUrl": "https://www.youtube.com/embed/abc", "width": 1280, "height": 720}</script>',
    ],
)
def test_a_page_of_a_provider_names_its_player(html: str) -> None:
    embed = read_metadata(document(f"<title>A film</title>{html}", YOUTUBE)).embed
    assert embed is not None
    assert (embed.url, embed.provider, embed.title) == ("https://www.youtube.com/embed/abc", "YouTube", "A film")
    assert (embed.width, embed.height, attributes(embed)["width"]) == (1280, 720, "1280")
    assert attributes(embed)["allow"] == "autoplay; encrypted-media; fullscreen; picture-in-picture"


PLAYER = '<meta name="twitter:player" content="{}">'


@pytest.mark.parametrize(
    ("html", "url"),
    [
        (PLAYER.format("https://www.youtube.com/embed/abc"), "https://example.edu/watch?v=abc"),
        (PLAYER.format("https://example.edu/embed/abc"), YOUTUBE),
        (PLAYER.format("http://www.youtube.com/embed/abc"), YOUTUBE),
        (PLAYER.format("javascript:alert(1)"), YOUTUBE),
        (PLAYER.format("https://example.edu/embed"), "https://example.edu/page"),
        ('<meta property="og:site_name" content="YouTube">' + PLAYER.format("https://example.edu/e"), "https://example.edu/"),
        ('<meta property="og:video" content="https://www.youtube.com/a.mp4">'
         '<meta property="og:video:type" content="video/mp4">', YOUTUBE),
    ],
)  # fmt: skip
def test_a_page_has_no_player_but_one_of_its_own_known_provider(html: str, url: str) -> None:
    assert read_metadata(document(html, url)).embed is None


def test_a_title_cannot_leave_its_attribute() -> None:
    title = "&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"
    page = document(f"<title>{title}</title>" + PLAYER.format("https://www.youtube.com/embed/a'b"), YOUTUBE)
    built = attributes(read_metadata(page).embed)
    assert (built["src"], built["title"]) == ("https://www.youtube.com/embed/a'b", '"><script>alert(1)</script>')


def test_a_player_is_whole_on_a_card_that_had_to_shrink() -> None:
    page = document("<title>A</title>" + PLAYER.format("https://www.youtube.com/embed/" + "a" * 2_000), YOUTUBE)
    card = read_metadata(page)
    assert _shrink(card, 2, 300).embed == card.embed
