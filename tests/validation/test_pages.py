"""Thirty pages: the grade of each, and the layout of its preview on each platform."""

from __future__ import annotations

import pytest

from app.metadata import Document, read_metadata
from app.page import Page
from app.validation import Validation, validate_page

URL = "https://www.example.com/story"
TITLE = '<meta property="og:title" content="A harbour at dawn">'
DESCRIPTION = '<meta property="og:description" content="Boats leave before the sun is up.">'
IMAGE = '<meta property="og:image" content="https://www.example.com/cover.jpg">'
VECTOR = '<meta property="og:image:type" content="image/svg+xml">'
ADDRESS = f'<meta property="og:url" content="{URL}">'
TYPE = '<meta property="og:type" content="article">'
CARD = '<meta name="twitter:card" content="summary_large_image">'
SUMMARY = CARD.replace("summary_large_image", "summary")
ICON = '<link rel="icon" href="/icon.png">'
CANONICAL = f'<link rel="canonical" href="{URL}">'
FULL = TITLE + DESCRIPTION + IMAGE + ADDRESS + TYPE + CARD + ICON + CANONICAL
STYLE = "<style>" + "a{color:red}" * 3_000 + "</style>"  # 36 KB

PLATFORMS = ("x", "facebook", "linkedin", "slack", "discord", "bluesky", "mastodon", "whatsapp", "imessage")
LAYOUTS = {"large": "L", "small": "S", "text": "T", "none": "-"}


def size(width: int, height: int) -> str:
    return f'<meta property="og:image:width" content="{width}"><meta property="og:image:height" content="{height}">'


def full_with(image: str) -> str:
    return FULL.replace(IMAGE, image)


# Layouts stand in the order of PLATFORMS: Large, Small, Text, - for none.
PAGES = {
    "all tags": (FULL, "A", "LLLLLLLLL"),
    "all tags and a size": (full_with(IMAGE + size(1200, 630)), "A", "LLLLLLLLL"),
    "summary": (FULL.replace(CARD, SUMMARY), "A", "SLLSSLLLL"),
    "without twitter:card": (FULL.replace(CARD, ""), "A", "SLLSSLLLL"),
    "without twitter:card and og:type": (FULL.replace(CARD + ICON, "").replace(TYPE, ""), "B", "-LLSSLLLL"),
    "an unknown twitter:card": (FULL.replace(CARD, CARD.replace("summary_large_image", "big")), "A", "SLLSSLLLL"),
    "without og:url": (FULL.replace(ADDRESS, ""), "A", "LLLLLLLLL"),
    "without an icon": (FULL.replace(ICON, ""), "A", "LLLLLLLLL"),
    "without og:image": (full_with(""), "C", "TTTTTTTTT"),
    "without og:title": (FULL.replace(TITLE, ""), "B", "LLLLLLLLL"),
    "without og:description": (FULL.replace(DESCRIPTION, ""), "B", "LLLLLLLLL"),
    "a relative picture": (full_with('<meta property="og:image" content="/cover.jpg">'), "B", "TTTTTLLTT"),
    "a picture without its scheme": (full_with(IMAGE.replace("https:", "")), "B", "TTTTTLLTT"),
    "an SVG": (full_with('<meta property="og:image" content="https://a.example/b.svg?v=1">'), "B", "TTTTTTTTT"),
    "an SVG by its type": (full_with(IMAGE + VECTOR), "B", "TTTTTTTTT"),
    "a tiny picture": (full_with(IMAGE + size(100, 100)), "B", "TTSLLLSSL"),
    "a small picture": (full_with(IMAGE + size(250, 200)), "A", "SSSLLLLSL"),
    "a middling picture": (full_with(IMAGE + size(450, 300)), "A", "LSLLLLLLL"),
    "an upright picture": (full_with(IMAGE + size(800, 1200)), "A", "LLLLLLSLL"),
    "a huge picture": (full_with(IMAGE + size(5000, 2600)), "A", "TLLLLLLLL"),
    "a banner": (full_with(IMAGE + size(2000, 400)), "A", "LLLLLLLTL"),
    "a picture for X alone": (
        full_with('<meta name="twitter:image" content="https://www.example.com/x.jpg">'), "C", "LTTLLTTTT",
    ),
    "tags after a long style": (STYLE + FULL, "A", "LLL-LLLLL"),
    "a title alone": ("<title>A harbour</title>", "F", "-TTTTTTTT"),
    "an empty page": ("<p>Hello", "F", "---------"),
    "empty tags": ('<meta property="og:title" content=" "><meta property="og:image" content="">', "F", "---------"),
    "Open Graph alone": (TITLE + DESCRIPTION + IMAGE, "D", "-LLSSLLLL"),
    "X alone": (
        '<meta name="twitter:title" content="A"><meta name="twitter:image" content="https://a.example/b.jpg">' + CARD,
        "F", "L--LL----",
    ),
    "a long title": (FULL.replace("A harbour at dawn", "A harbour " * 12), "A", "LLLLLLLLL"),
    "addresses that are relative": (FULL.replace(f'"{URL}"', '"/story"'), "A", "LLLLLLLLL"),
}  # fmt: skip


def check(head: str, **known: object) -> Validation:
    document = Document(Page(URL, URL, 200, "text/html", f"<!doctype html><head>{head}</head><body>".encode()))
    return validate_page(document, read_metadata(document), **known)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_its_grade(name: str) -> None:
    head, grade, _ = PAGES[name]
    assert check(head).grade == grade


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_its_layout_on_each_platform(name: str) -> None:
    head, _, layouts = PAGES[name]
    previews = check(head).previews
    assert "".join(LAYOUTS[getattr(previews, platform).layout] for platform in PLATFORMS) == layouts


def test_there_are_thirty_pages() -> None:
    assert len(PAGES) == 30


@pytest.mark.parametrize(
    ("name", "platform", "part", "code"),
    [
        ("without twitter:card and og:type", "x", "page", "missing"),
        ("without og:image", "facebook", "image", "missing"),
        ("a relative picture", "facebook", "image", "relative"),
        ("an SVG", "discord", "image", "format"),
        ("a tiny picture", "facebook", "image", "too_small"),
        ("a small picture", "linkedin", "image", "too_small"),
        ("a huge picture", "x", "image", "too_large"),
        ("a banner", "whatsapp", "image", "too_wide"),
        ("tags after a long style", "slack", "title", "too_late"),
        ("a long title", "discord", "title", "too_long"),
        ("summary", "slack", "card", "missing"),
        ("all tags", "imessage", "description", "not_shown"),
    ],
)
def test_a_preview_says_why(name: str, platform: str, part: str, code: str) -> None:
    reasons = getattr(check(PAGES[name][0]).previews, platform).reasons
    assert (part, code) in {(reason.part, reason.code) for reason in reasons}


def test_a_full_page_has_no_warning() -> None:
    told = check(full_with(IMAGE + size(1200, 630)))
    assert (told.valid, told.score, told.warnings, told.recommendations) == (True, 100, (), ())


def test_x_prefers_its_own_tags_and_facebook_does_not_read_them() -> None:
    previews = check(FULL + '<meta name="twitter:title" content="For X">').previews
    assert (previews.x.title, previews.facebook.title) == ("For X", "A harbour at dawn")


def test_slack_takes_the_tag_that_comes_first() -> None:
    assert check('<meta name="twitter:title" content="First">' + FULL).previews.slack.title == "First"
    assert check(FULL + '<meta name="twitter:title" content="Last">').previews.slack.title == "A harbour at dawn"


def test_a_long_title_is_cut_as_the_platform_cuts_it() -> None:
    title = check(PAGES["a long title"][0]).previews.x.title
    assert title is not None
    assert (len(title) <= 70, title[-1]) == (True, "…")


def test_a_relative_picture_is_joined_where_the_platform_joins_it() -> None:
    assert check(PAGES["a relative picture"][0]).previews.mastodon.image == "https://www.example.com/cover.jpg"


def test_robots_txt_keeps_out_the_crawlers_that_obey_it() -> None:
    previews = check(FULL, robots="User-agent: Twitterbot\nDisallow: /\n").previews
    assert (previews.x.layout, previews.x.reasons[0].code, previews.facebook.layout) == ("none", "robots", "large")


def test_a_heavy_picture_is_not_shown_by_the_platforms_that_limit_it() -> None:
    previews = check(FULL, image_bytes=3_000_000).previews
    assert (previews.whatsapp.image, previews.mastodon.image) == (None, None)
    assert previews.facebook.image == "https://www.example.com/cover.jpg"


@pytest.mark.parametrize(
    ("head", "warning"),
    [
        (FULL + '<meta name="robots" content="noindex">', "The page asks search engines not to index it."),
        (FULL.replace(f'href="{URL}"', 'href="https://a.example/"'), "og:url and the canonical address differ"),
        (PAGES["a relative picture"][0], "og:image is not as platforms need it."),
    ],
)
def test_a_fault_is_warned_of(head: str, warning: str) -> None:
    assert any(told.startswith(warning) for told in check(head).warnings)


def test_a_check_tells_value_length_and_size() -> None:
    checks = check(full_with(IMAGE + size(1200, 630))).checks
    assert (checks.og_title.value, checks.og_title.length) == ("A harbour at dawn", 17)
    assert checks.og_image.dimensions is not None
    assert (checks.og_image.dimensions.width, checks.og_image.dimensions.height) == (1200, 630)


def test_the_best_advice_comes_first() -> None:
    assert check("<p>Hello").recommendations[0].startswith("Add og:image")
