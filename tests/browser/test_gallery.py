"""Twelve kinds of cards in a real browser: layouts, players, places that are kept, and whose servers are asked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.browser.blog import READY, Blog, previews, wait_until
from tests.browser.gallery import ORDER, Gallery
from tests.browser.test_accessibility import violations
from tests.browser.world import Server
from tests.site import Site

STRICTER = "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self'"
SHIFTS = """window.shift = 0;
new PerformanceObserver(list => { for (const each of list.getEntries()) shift += each.value })
    .observe({ type: "layout-shift", buffered: true });"""
ALL_BUT_THE_SLOW = "document.querySelectorAll('link-preview[state=loading]').length === 1"
OVERFLOW = "document.documentElement.scrollWidth - innerWidth"
PLAYER = {"url": "https://player.example/1", "aspect_ratio": 1.7778, "height": 720}
HASH = "1QcSHQRnh493V4dIh4eXh1h4kJUI"  # of the reference implementation's sunrise.jpg


@pytest.fixture
def gallery(web: Site) -> Iterator[Gallery]:
    gallery = Gallery(web)
    yield gallery
    gallery.released.set()


@pytest.fixture
def blog(page: Any, server: Server, web: Site) -> Blog:
    page.add_init_script(SHIFTS)
    return Blog(page, server, web)


def give(blog: Blog, **data: Any) -> None:
    """Open a page with one card of this data, under a policy that lets pictures come from its own origin alone."""
    blog.open(previews(["https://nobody.example/a"]), key="", csp=STRICTER)
    blog.page.evaluate("data => { document.querySelector('link-preview').data = data }", {"title": "A", **data})
    blog.wait_until(READY)


def inside(blog: Blog, selector: str) -> Any:
    return blog.page.locator(f"link-preview {selector}")


@pytest.mark.parametrize(
    ("scheme", "kind", "width", "dir"),
    [
        ("light", "list", 1280, "ltr"),
        ("dark", "grid", 1280, "rtl"),
        ("dark", "list", 390, "ltr"),
        ("light", "grid", 390, "rtl"),
    ],
    indirect=["scheme"],
)
def test_every_kind_of_card_takes_its_place_and_is_accessible(
    blog: Blog, gallery: Gallery, axe: str, kind: str, width: int, dir: str  # noqa: A002
) -> None:  # fmt: skip
    blog.page.set_viewport_size({"width": width, "height": 844})
    blog.open(gallery.body(kind), dir=dir, attributes="")
    blog.wait_until(ALL_BUT_THE_SLOW)
    blog.page.wait_for_timeout(300)
    states = dict(zip(ORDER, blog.states(), strict=True))
    assert {name for name, state in states.items() if state != "ready"} == {"failed", "slow"}
    assert blog.page.evaluate("shift") < 0.02
    assert blog.page.evaluate(OVERFLOW) <= 0
    assert violations(blog.page, axe) == []


def test_the_layout_is_that_of_the_card(blog: Blog, gallery: Gallery) -> None:
    blog.open(gallery.body("list"), attributes="")
    blog.wait_until(ALL_BUT_THE_SLOW)
    layouts = blog.page.eval_on_selector_all(
        "link-preview", "all => all.map(each => each.shadowRoot.firstChild.getAttribute('part').split(' ')[1])"
    )
    assert dict(zip(ORDER, layouts, strict=True)) == {
        **dict.fromkeys(("article", "video", "arabic", "english"), "large"),
        **dict.fromkeys(("product", "logo", "audio"), "small"),
        **dict.fromkeys(("pdf", "bare", "dead", "failed"), "none"),
        "slow": "skeleton",
    }
    facts = inside(blog, "[part=facts]").all_text_contents()
    assert facts == ["Ida Roe·May 26, 2026", "€49.90·In stock", "▶ 30:34", "PDF·1.2 MB"]
    assert inside(blog, "[part=mark]").all_text_contents() == ["3:32"]
    fits = blog.page.eval_on_selector_all("link-preview", "all => all.slice(0, 3).map(each =>"
                                          "getComputedStyle(each.shadowRoot.querySelector('[part=image] img')).objectFit)")  # fmt: skip  # noqa: E501
    assert fits == ["cover", "scale-down", "scale-down"]


def test_cards_of_a_row_have_one_height(blog: Blog, gallery: Gallery) -> None:
    blog.open(gallery.body("grid"), attributes="")
    blog.wait_until(ALL_BUT_THE_SLOW)
    heights = blog.page.eval_on_selector_all(
        "link-preview", "all => all.slice(-4).map(each => each.shadowRoot.firstChild.offsetHeight)"
    )
    assert len(heights) == 4
    assert max(heights) - min(heights) <= 1


@pytest.mark.parametrize("info", [{"width": 1200, "height": 630, "thumbhash": HASH, "dominant_color": "#aa5533"}, {}])
def test_pictures_of_the_proxy_work_where_no_other_origin_is_allowed(blog: Blog, info: dict[str, Any]) -> None:
    asked: list[str] = []
    blog.page.on("request", lambda request: asked.append(urlsplit(request.url).netloc))
    proxied = {"proxy_url": "/static/example-harbour.svg", **info}
    give(
        blog, image="https://nobody.example/p.jpg", meta={"favicon": "https://nobody.example/i.ico"}, image_info=proxied
    )
    blog.wait_until("document.querySelector('link-preview').shadowRoot.querySelector('img').naturalWidth")
    blog.wait_until("!document.querySelector('link-preview').shadowRoot.querySelector('canvas')")
    assert set(asked) == {urlsplit(blog.server.url).netloc}


def test_a_picture_that_the_proxy_could_not_read_is_not_asked_for_elsewhere(blog: Blog) -> None:
    give(blog, image="https://nobody.example/p.jpg", image_info=None)
    assert inside(blog, "img").count() == 0
    assert inside(blog, "[part=tile]").text_content() == "N"


def test_a_blurred_picture_is_there_until_the_picture_is(blog: Blog) -> None:
    blog.page.route("**/never.png", lambda route: None)
    info = {"proxy_url": "/never.png", "width": 1200, "height": 630, "thumbhash": HASH}
    give(blog, image="https://nobody.example/p.jpg", image_info=info)
    corners = inside(blog, "canvas").evaluate(
        "each => [[0, 0], [31, 31]].map(([x, y]) => [...each.getContext('2d').getImageData(x, y, 1, 1).data])"
    )
    assert [corner[3] for corner in corners] == [255, 255]
    assert corners[0] != corners[1]


def test_a_player_is_loaded_on_click_alone(blog: Blog, page: Any) -> None:
    asked: list[str] = []
    page.route("https://player.example/**", lambda route: (asked.append(route.request.url), route.fulfill(body="film")))
    blog.open(previews(["https://nobody.example/a"]), key="")
    page.evaluate(
        "data => { document.querySelector('link-preview').data = data }",
        {"title": "A film", "kind": "video", "media": {"duration": 212}, "embed": PLAYER},
    )
    blog.wait_until(READY)
    assert (asked, inside(blog, "iframe").count()) == ([], 0)
    page.get_by_role("button", name="Play: A film").click()
    frame = inside(blog, "iframe")
    wait_until(page, "document.querySelector('link-preview').shadowRoot.querySelector('iframe')")
    assert frame.get_attribute("src") == "https://player.example/1?autoplay=1"
    assert "allow-top-navigation" not in frame.get_attribute("sandbox")
    page.wait_for_timeout(200)
    assert asked == ["https://player.example/1?autoplay=1"]


@pytest.mark.parametrize("url", ["javascript:alert(1)", "http://player.example/1", None, 7, "/1", "https://["])
def test_a_player_that_is_no_https_address_has_no_button(blog: Blog, url: Any) -> None:
    give(blog, kind="video", embed={**PLAYER, "url": url})
    assert inside(blog, "button").count() == 0


def test_links_of_a_class_become_cards_and_are_links_without_the_script(blog: Blog, gallery: Gallery) -> None:
    url = gallery.urls["bare"]
    body = f'<p>See <a class="link-preview" href="{url}" target="_blank" rel="author">the manual</a>.</p>'
    blog.open(body, attributes='type="nothing"')
    assert blog.page.get_by_role("link", name="the manual").is_visible()
    blog.open(body)
    blog.wait_until(f"document.querySelector('link-preview') && {READY}")
    link = inside(blog, "[part=title]")
    assert [link.get_attribute(name) for name in ("href", "target", "rel")] == [url, "_blank", "author"]
    assert blog.titles() == ["Configuration"]


def test_a_card_gives_up_the_place_of_another_width(blog: Blog, gallery: Gallery) -> None:
    blog.page.set_viewport_size({"width": 390, "height": 844})
    blog.open(previews([gallery.urls["bare"]]))
    blog.wait_until(READY)
    before = inside(blog, "[part~=card]").evaluate("each => each.offsetHeight")
    blog.page.set_viewport_size({"width": 1280, "height": 844})
    blog.wait_until(f"document.querySelector('link-preview').offsetHeight < {before} / 2")


def test_forced_colours_and_paper_keep_the_card_readable(blog: Blog) -> None:
    give(blog, kind="video", embed=PLAYER)
    blog.page.emulate_media(forced_colors="active")
    assert inside(blog, "[part=tile]").evaluate("each => getComputedStyle(each).borderTopWidth") == "1px"
    blog.page.emulate_media(media="print", forced_colors="none")
    assert not inside(blog, "button").is_visible()
    assert inside(blog, "[part=title]").is_visible()
