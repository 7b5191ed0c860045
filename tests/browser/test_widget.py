"""The widget in a real browser, on somebody's page, against the real server."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from tests.browser.blog import READY, SETTLED, STRICT, Blog, previews, story
from tests.browser.world import Server
from tests.site import Site

NO_API = "https://nobody.example"


@pytest.fixture
def blog(page: Any, server: Server, web: Site) -> Blog:
    return Blog(page, server, web)


def thirty(web: Site) -> list[str]:
    return [story(web, f"/story/{number}", f"Story {number}") for number in range(30)]


# --- calls


@pytest.mark.parametrize(("plan", "sizes"), [("pro", [25, 5]), ("business", [30]), ("free", [5] * 6)])
def test_thirty_links_make_the_fewest_calls_that_the_named_limit_allows(
    blog: Blog, web: Site, plan: str, sizes: list[int]
) -> None:
    blog.open(previews(thirty(web)), plan=plan, attributes=f'data-limit="{max(sizes)}"')
    blog.wait_until(READY)
    assert [len(call) for call in blog.calls] == sizes
    assert blog.titles() == [f"Story {number}" for number in range(30)]


def test_a_limit_that_nobody_named_is_learned_from_one_refusal_and_remembered(blog: Blog, web: Site) -> None:
    blog.open(previews(thirty(web)), plan="pro")
    blog.wait_until(READY)
    assert [len(call) for call in blog.calls] == [30, 25, 5]
    blog.calls.clear()
    blog.page.reload()
    blog.wait_until(READY)
    assert [len(call) for call in blog.calls] == [25, 5]


def test_the_same_link_many_times_is_asked_for_once(blog: Blog, web: Site) -> None:
    url = story(web, "/a")
    blog.open(previews([url] * 5))
    blog.wait_until(READY)
    assert blog.calls == [[url]]
    assert blog.states() == ["ready"] * 5


def test_a_link_that_is_added_later_is_asked_for_alone_and_a_known_one_not_again(blog: Blog, web: Site) -> None:
    first, second = story(web, "/a", "A"), story(web, "/b", "B")
    blog.open(previews([first]))
    blog.wait_until(READY)
    blog.page.evaluate(
        """urls => { for (const url of urls) {
            const preview = document.createElement("link-preview");
            preview.href = url;
            document.querySelector("main").append(preview);
        } }""",
        [second, first],
    )
    blog.wait_until(READY)
    assert blog.calls == [[first], [second]]
    assert blog.titles() == ["A", "B", "A"]


def test_a_changed_href_changes_the_card(blog: Blog, web: Site) -> None:
    blog.open(previews([story(web, "/a", "A")]))
    blog.wait_until(READY)
    other = story(web, "/b", "B")
    blog.page.evaluate("url => { document.querySelector('link-preview').href = url }", other)
    blog.wait_until("document.querySelector('link-preview').shadowRoot.querySelector('a').textContent === 'B'")
    assert blog.calls[1:] == [[other]]


def test_links_that_were_removed_before_the_call_are_not_asked_for(blog: Blog, web: Site) -> None:
    kept, gone = story(web, "/a"), story(web, "/b")
    blog.open("<p>Nothing yet</p>")
    blog.page.evaluate(
        """([kept, gone]) => { for (const url of [kept, gone]) {
            const preview = document.createElement("link-preview");
            preview.href = url;
            document.querySelector("main").append(preview);
            if (url === gone) preview.remove();
        } }""",
        [kept, gone],
    )
    blog.wait_until(f"{READY} && document.querySelector('link-preview')")
    assert blog.calls == [[kept]]


def test_a_refusal_with_retry_after_is_waited_out(blog: Blog, web: Site) -> None:
    urls = [story(web, f"/story/{number}") for number in range(6)]
    blog.open(previews(urls), plan="tiny", attributes='data-limit="2"')
    blog.wait_until(READY)
    assert blog.states() == ["ready"] * 6


def test_relative_links_are_resolved_by_the_page(blog: Blog, web: Site) -> None:
    url = story(web, "/a")
    blog.open(previews(["a"]))
    blog.wait_until(READY)
    assert blog.calls == [[url]]


# --- painting


def test_fast_cards_are_painted_while_a_slow_page_is_pending_and_a_failed_one_is_a_link(blog: Blog, web: Site) -> None:
    release = threading.Event()

    def slow(wire: Any, request: Any) -> None:
        release.wait(15)
        wire.answer(b"<title>Slow</title>")

    fast, missing = story(web, "/fast", "Fast"), web.url("/missing")
    blog.open(previews([web.route("/slow", slow), fast, missing]))
    blog.wait_until("document.querySelectorAll('link-preview')[1].state === 'ready'")
    blog.wait_until("document.querySelectorAll('link-preview')[2].state === 'failed'")
    assert blog.states() == ["loading", "ready", "failed"]
    release.set()
    blog.wait_until(SETTLED)
    assert blog.titles() == ["Slow", "Fast", missing.removeprefix("http://")]


def test_the_skeleton_is_a_link_already_and_busy(blog: Blog, web: Site) -> None:
    release = threading.Event()
    url = web.route("/slow", lambda wire, request: (release.wait(15), wire.answer(b"<title>Slow</title>")))
    blog.open(f'<link-preview href="{url}">What it is about</link-preview>')
    link = blog.page.locator("link-preview a")
    assert (link.get_attribute("href"), link.text_content()) == (url, "What it is about")
    assert blog.page.locator("link-preview").get_attribute("aria-busy") == "true"
    release.set()
    blog.wait_until(READY)
    assert blog.page.locator("link-preview").get_attribute("aria-busy") == "false"


def test_nothing_moves_when_the_card_replaces_the_skeleton(blog: Blog, web: Site) -> None:
    release = threading.Event()
    body = b"<title>A title that is long enough to fill the first line and to go on in the second one of it</title>"
    body += b'<meta name=description content="%b">' % (b"Words of a description. " * 20)
    url = web.route("/slow", lambda wire, request: (release.wait(15), wire.answer(body)))
    blog.open(previews([url]))
    height = "document.querySelector('link-preview').offsetHeight"
    before = blog.page.evaluate(height)
    release.set()
    blog.wait_until(READY)
    assert abs(blog.page.evaluate(height) - before) <= 1


def test_a_picture_is_lazy_sends_no_referrer_and_has_its_place_before_it_comes(blog: Blog, web: Site) -> None:
    release = threading.Event()
    never = web.route("/never.png", lambda wire, request: release.wait(5))
    blog.open(previews([f"{NO_API}/a"]), key="")
    blog.page.evaluate(
        "image => { document.querySelector('link-preview').data = { title: 'A', image } }",
        never,
    )
    blog.wait_until(READY)
    picture = blog.page.locator("link-preview [part=image]")
    box = picture.bounding_box()
    image = picture.locator("img")
    assert box["width"] / box["height"] == pytest.approx(1.91, abs=0.25)
    assert [image.get_attribute(name) for name in ("loading", "referrerpolicy", "alt")] == [
        "lazy",
        "no-referrer",
        "",
    ]
    release.set()


def test_a_picture_that_does_not_load_leaves_a_card_without_one(blog: Blog, web: Site) -> None:
    url = web.page("/a", f'<title>A</title><meta property="og:image" content="{web.url("/missing.png")}">')
    blog.open(previews([url]))
    blog.wait_until(READY)
    blog.wait_until("!document.querySelector('link-preview').shadowRoot.querySelector('img')")
    assert blog.page.locator("link-preview [part=image]").count() == 0
    assert blog.titles() == ["A"]


# --- failing


def test_the_authors_own_link_is_kept_when_there_is_no_card(blog: Blog, web: Site) -> None:
    blog.open(f'<link-preview><a href="{web.url("/missing")}">In my words</a></link-preview>')
    blog.wait_until(SETTLED)
    assert blog.page.get_by_role("link", name="In my words").is_visible()


@pytest.mark.parametrize("key", ["", "pk_live_" + "A" * 32], ids=["none", "unknown"])
def test_without_a_good_key_every_preview_is_a_link(blog: Blog, web: Site, key: str) -> None:
    url = story(web, "/a")
    blog.open(previews([url]), key=key)
    blog.wait_until(SETTLED)
    assert blog.page.locator("link-preview a").get_attribute("href") == url
    assert web.received("/a") == []


def test_a_key_of_another_site_brings_links_and_fetches_nothing(blog: Blog, web: Site, server: Server) -> None:
    url = story(web, "/a")
    blog.open(previews([url]), key=server.publishable_key(NO_API))
    blog.wait_until(SETTLED)
    assert (blog.states(), web.received("/a")) == (["failed"], [])


def test_without_a_server_every_preview_is_a_link(blog: Blog, web: Site) -> None:
    blog.open(previews([story(web, "/a")]), attributes='data-api="http://127.0.0.1:9/"')
    blog.wait_until(SETTLED)
    assert blog.states() == ["failed"]


@pytest.mark.parametrize("href", ["javascript:alert(1)", "data:text/html,hi", "JAVASCRIPT&#58;alert(1)", "http://["])
def test_what_is_no_web_address_is_neither_asked_for_nor_linked(blog: Blog, href: str) -> None:
    blog.open(f'<link-preview href="{href}"></link-preview><link-preview><a href="{href}">x</a></link-preview>')
    blog.wait_until(SETTLED)
    assert blog.calls == []
    assert blog.page.locator("link-preview[href] a").count() == 0
    assert blog.page.get_by_role("link").count() == 0


# --- keys and modules


def said(blog: Blog) -> list[str]:
    """Every warning of the page, as it comes."""
    warnings: list[str] = []
    blog.page.on("console", lambda message: warnings.append(message.text) if message.type == "warning" else None)
    return warnings


def test_without_a_key_there_is_no_call_but_a_link_and_one_warning(blog: Blog, web: Site) -> None:
    warnings = said(blog)
    blog.open(previews(thirty(web)), key="")
    blog.wait_until(SETTLED)
    assert (blog.calls, blog.states()) == ([], ["failed"] * 30)
    assert [warning for warning in warnings if "no key" in warning] == warnings[:1]


def test_a_wrong_key_is_named_in_one_warning(blog: Blog, web: Site) -> None:
    warnings = said(blog)
    blog.open(previews(thirty(web)), key="ks_live_" + "x" * 32, attributes='data-limit="5"')
    blog.wait_until(SETTLED)
    assert [warning for warning in warnings if "INVALID_API_KEY" in warning] == warnings
    assert len(warnings) == 1


def test_a_key_of_another_origin_is_named_in_one_warning(blog: Blog, web: Site, server: Server) -> None:
    warnings = said(blog)
    blog.open(previews([story(web, "/a")]), key=server.publishable_key("https://another.example"))
    blog.wait_until(SETTLED)
    assert len(warnings) == 1
    assert "ORIGIN_NOT_ALLOWED" in warnings[0]
    assert web.url("") in warnings[0]


def test_as_a_module_it_asks_the_server_that_it_came_from(blog: Blog, web: Site, server: Server) -> None:
    key = server.publishable_key(web.url(""))
    blog.open(
        f"""<script type="module">
            import {{ configure }} from "{server.url}/link-preview.mjs";
            configure({{ key: "{key}" }});
        </script>{previews([story(web, "/a", "By a module")])}""",
        attributes='type="nothing"',
    )
    blog.wait_until(f"window.LinkPreview && {SETTLED}")
    assert (blog.titles(), len(blog.calls)) == (["By a module"], 1)


# --- data of one's own


def test_data_that_is_given_is_shown_without_a_call(blog: Blog) -> None:
    blog.open(previews([f"{NO_API}/a"]), key="")
    blog.page.evaluate("document.querySelector('link-preview').data = {title: 'Given', description: 'Ours'}")
    blog.wait_until(READY)
    assert blog.titles() == ["Given"]


def test_data_that_was_set_before_the_script_ran_is_shown(blog: Blog, server: Server) -> None:
    blog.open("<p>Nothing yet</p>", key="", attributes='type="nothing"')
    blog.page.evaluate(
        """src => {
            const preview = document.createElement("link-preview");
            preview.setAttribute("href", "https://nobody.example/a");
            preview.data = {title: "Early"};
            document.querySelector("main").append(preview);
            document.head.append(Object.assign(document.createElement("script"), {src}));
        }""",
        f"{server.url}/link-preview.js",
    )
    blog.wait_until(READY)
    assert (blog.titles(), blog.calls) == (["Early"], [])


def test_json_inside_of_the_element_is_shown_without_a_call_under_a_strict_policy(blog: Blog) -> None:
    inside = '<script type="application/json">{"title": "Rendered by the server"}</script>'
    blog.open(f'<link-preview href="{NO_API}/a">{inside}</link-preview>', key="", csp=STRICT)
    blog.wait_until(READY)
    assert (blog.titles(), blog.calls) == (["Rendered by the server"], [])


def test_null_data_waits_and_false_gives_up(blog: Blog) -> None:
    blog.open("<p>Nothing yet</p>", key="")
    states = blog.page.evaluate(
        """() => {
            const preview = document.createElement("link-preview");
            preview.href = "https://nobody.example/a";
            preview.data = null;
            document.querySelector("main").append(preview);
            const states = [preview.state];
            preview.data = false;
            return [...states, preview.state];
        }"""
    )
    assert (states, blog.calls) == (["loading", "failed"], [])


def test_what_a_page_says_is_text_and_never_html(blog: Blog) -> None:
    blog.open(previews([f"{NO_API}/a"]), key="")
    hostile = "<img src=x onerror=alert(1)>"
    blog.page.evaluate(
        """text => { document.querySelector('link-preview').data = {
            title: text, description: text, site_name: text, image: 'javascript:alert(1)', meta: {favicon: 'data:,x'},
        } }""",
        hostile,
    )
    blog.wait_until(READY)
    assert blog.titles() == [hostile]
    assert blog.page.locator("link-preview img").count() == 0


def test_events_tell_what_became_of_a_preview(blog: Blog) -> None:
    blog.open("<p>Nothing yet</p>", key="")
    heard = blog.page.evaluate(
        """() => {
            const heard = [];
            const preview = document.createElement("link-preview");
            preview.href = "https://nobody.example/a";
            preview.addEventListener("load", ({detail}) => heard.push(detail.title));
            preview.addEventListener("error", () => heard.push("error"));
            preview.data = {title: "Heard"};
            document.querySelector("main").append(preview);
            preview.data = false;
            return heard;
        }"""
    )
    assert heard == ["Heard", "error"]


def test_a_server_of_ones_own_may_stand_between_and_answer_all_at_once(blog: Blog) -> None:
    envelope = {"success": True, "data": {"results": [{"success": True, "data": {"title": "By proxy"}}]}}
    asked = []

    def proxy(route: Any) -> None:
        asked.append(route.request.headers.get("authorization"))
        route.fulfill(json=envelope)

    blog.page.route("**/cards/v1/extract/batch", proxy)
    blog.open(f'<link-preview href="{NO_API}/a" api="/cards"></link-preview>', key="")
    blog.wait_until(READY)
    assert (blog.titles(), asked) == (["By proxy"], [None])


def test_an_answer_that_breaks_off_leaves_links_for_what_did_not_come(blog: Blog) -> None:
    line = '{"index": 0, "success": true, "data": {"title": "Came"}}\n{"index": 1, "succ'
    blog.page.route("**/v1/extract/batch", lambda route: route.fulfill(body=line, content_type="application/x-ndjson"))
    blog.open(previews([f"{NO_API}/a", f"{NO_API}/b"]), csp=STRICT)
    blog.wait_until(SETTLED)
    assert (blog.states(), blog.titles()) == (["ready", "failed"], ["Came", "nobody.example/b"])


# --- whose page it is


def test_it_works_under_a_strict_policy(blog: Blog, web: Site) -> None:
    blog.open(previews([story(web, "/a", "Strict")]), csp=STRICT)
    blog.wait_until(READY)
    blog.wait_until("document.querySelector('link-preview').shadowRoot.querySelector('[part=image] img').naturalWidth")
    card = blog.page.locator("link-preview [part~=card]")
    assert card.evaluate("each => getComputedStyle(each).display") == "flex"


@pytest.mark.parametrize("scheme", ["light", "dark"], indirect=True)
def test_a_card_is_light_or_dark_as_the_reader_likes_it(blog: Blog, web: Site, scheme: str) -> None:
    blog.open(previews([story(web, "/a")]))
    blog.wait_until(READY)
    ground = blog.page.locator("link-preview [part~=card]").evaluate("each => getComputedStyle(each).backgroundColor")
    assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(27, 28, 31)"}[scheme]


def test_custom_properties_and_parts_style_a_card(blog: Blog, web: Site) -> None:
    style = (
        "<style>link-preview { --link-preview-background: rgb(1, 2, 3) } ::part(title) { color: rgb(4, 5, 6) }</style>"
    )
    blog.open(style + previews([story(web, "/a")]))
    blog.wait_until(READY)
    card, title = blog.page.locator("link-preview [part~=card]"), blog.page.locator("link-preview [part=title]")
    assert card.evaluate("each => getComputedStyle(each).backgroundColor") == "rgb(1, 2, 3)"
    assert title.evaluate("each => getComputedStyle(each).color") == "rgb(4, 5, 6)"


@pytest.mark.parametrize(("dir", "side"), [("ltr", "right"), ("rtl", "left")])
def test_the_picture_is_at_the_end_of_the_line(blog: Blog, web: Site, dir: str, side: str) -> None:  # noqa: A002
    blog.open(previews([story(web, "/a")]), dir=dir)
    blog.wait_until(READY)
    picture = blog.page.locator("link-preview [part=image]").bounding_box()
    body = blog.page.locator("link-preview [part=body]").bounding_box()
    assert ("right" if picture["x"] > body["x"] else "left") == side


@pytest.mark.parametrize(("dir", "side"), [("ltr", "left"), ("rtl", "right")])
@pytest.mark.parametrize("title", ["A story", "قصة"])
def test_all_texts_of_a_card_begin_on_the_side_of_the_page(blog: Blog, dir: str, side: str, title: str) -> None:  # noqa: A002
    blog.open(previews([f"{NO_API}/a"]), key="", dir=dir)
    data = {"title": title, "description": f"{title}.", "site_name": title}
    blog.page.evaluate("data => { document.querySelector('link-preview').data = data }", data)
    blog.wait_until(READY)
    sides = blog.page.evaluate(
        """() => [...document.querySelector("link-preview").shadowRoot.querySelectorAll("[dir=auto]")].map(each => {
            const range = document.createRange();
            range.selectNodeContents(each);
            const body = each.closest("[part=body]").getBoundingClientRect();
            const text = range.getBoundingClientRect();
            return text.left - body.left < body.right - text.right ? "left" : "right";
        })"""
    )
    assert sides == [side] * 3


@pytest.mark.parametrize(("motion", "moving"), [("no-preference", True), ("reduce", False)])
def test_the_skeleton_keeps_still_for_who_wants_it(blog: Blog, motion: str, moving: bool) -> None:
    blog.page.emulate_media(reduced_motion=motion)
    blog.open("<p>Nothing yet</p>", key="")
    animations = blog.page.evaluate(
        """() => {
            const preview = document.createElement("link-preview");
            preview.href = "https://nobody.example/a";
            preview.data = null;
            document.querySelector("main").append(preview);
            return preview.shadowRoot.getAnimations().length;
        }"""
    )
    assert bool(animations) is moving


def test_a_card_is_one_stop_of_the_keyboard_and_enter_follows_it(blog: Blog, web: Site) -> None:
    url = story(web, "/a", "Reached by Tab")
    blog.open(previews([url]))
    blog.wait_until(READY)
    blog.page.keyboard.press("Tab")
    focused = "document.activeElement.shadowRoot.activeElement"
    assert blog.page.evaluate(f"{focused}.textContent") == "Reached by Tab"
    outline = blog.page.locator("link-preview [part~=card]").evaluate("each => getComputedStyle(each).outlineStyle")
    assert outline == "solid"
    blog.page.keyboard.press("Enter")
    blog.page.wait_for_url(url)


def test_a_screen_reader_hears_the_title_as_a_link_and_the_rest_as_text(blog: Blog, web: Site) -> None:
    blog.open(previews([story(web, "/a", "A story")]))
    blog.wait_until(READY)
    assert blog.page.get_by_role("link", name="A story", exact=True).count() == 1
    assert blog.page.get_by_text("What the story says.").count() == 1
    assert blog.page.get_by_role("img").count() == 0


def test_the_whole_card_can_be_clicked(blog: Blog, web: Site) -> None:
    url = story(web, "/a")
    blog.open(previews([url]))
    blog.wait_until(READY)
    box = blog.page.locator("link-preview [part=image]").bounding_box()
    blog.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    blog.page.wait_for_url(url)


def test_the_script_may_be_loaded_twice(blog: Blog, web: Site, server: Server) -> None:
    again = f'<script src="{server.url}/link-preview.js"></script>'
    blog.open(again + previews([story(web, "/a")]))
    blog.wait_until(READY)
    assert len(blog.calls) == 1


def test_configure_gives_the_key_where_the_script_tag_did_not(blog: Blog, web: Site, server: Server) -> None:
    key = server.publishable_key(web.url(""))
    blog.open(previews([story(web, "/a")]), key="")
    blog.wait_until(SETTLED)
    blog.page.evaluate("key => LinkPreview.configure({key})", key)
    blog.wait_until(READY)
    assert blog.states() == ["ready"]
