"""The playground in a real browser, against the real server."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from typing import Any

import pytest

from tests.browser.blog import story, wait_until
from tests.browser.world import Server
from tests.site import Site

DONE = "!document.querySelector('#go').disabled"


@pytest.fixture
def playground(page: Any, server: Server) -> Any:
    page.goto(server.url)
    page.fill("#key", server.key())
    return page


def ask(page: Any, *urls: str) -> None:
    page.fill("#urls", "\n".join(urls))
    page.click("#go")


def shown_json(page: Any) -> Any:
    return json.loads(page.locator("#json").text_content())


def test_a_newcomer_sees_an_example(page: Any, server: Server) -> None:
    page.goto(server.url)
    assert page.locator("link-preview[state=ready]").count() == 2
    assert shown_json(page)["success"] is True


def test_the_key_of_the_first_start_is_taken_from_the_address_and_kept(page: Any, server: Server, web: Site) -> None:
    page.goto(f"{server.url}/#key={server.key()}")
    assert page.evaluate("location.href") == f"{server.url}/"
    page.reload()
    ask(page, story(web, "/a", "A"))
    wait_until(page, DONE)
    assert shown_json(page)["success"] is True


def test_cards_appear_one_by_one(playground: Any, web: Site) -> None:
    release = threading.Event()

    def slow(wire: Any, request: Any) -> None:
        release.wait(15)
        wire.answer(b"<title>Slow</title>")

    ask(playground, web.route("/slow", slow), story(web, "/fast", "Fast"))
    wait_until(playground, "document.querySelectorAll('link-preview')[1]?.state === 'ready'")
    assert playground.locator("#cards > li").nth(0).get_attribute("class") == "waiting"
    assert playground.get_by_role("link", name="Fast").is_visible()
    release.set()
    wait_until(playground, DONE)
    assert playground.get_by_role("link", name="Slow").is_visible()


def test_the_json_beside_a_card_is_what_the_server_said(playground: Any, web: Site) -> None:
    first, second = story(web, "/a", "A"), story(web, "/b", "B")
    ask(playground, first, second)
    wait_until(playground, DONE)
    playground.get_by_role("button", name=f"Show the JSON of {second}").click()
    shown = shown_json(playground)
    assert (shown["url"], shown["data"]["title"], shown["cache_hit"]) == (second, "B", False)


def test_the_second_time_a_card_comes_from_the_cache_unless_it_is_to_be_fresh(playground: Any, web: Site) -> None:
    url = story(web, "/a")
    tags = []
    for fresh in (False, False, True):
        playground.set_checked("#fresh", fresh)
        ask(playground, url)
        wait_until(playground, DONE)
        tags.append(playground.locator("#cards .tag").text_content())
    assert tags == ["fetched", "from the cache", "fetched"]


def test_the_summary_counts_and_times(playground: Any, web: Site) -> None:
    ask(playground, story(web, "/a"), web.url("/missing"))
    wait_until(playground, DONE)
    summary = playground.locator("#summary").text_content()
    assert summary.startswith("1 of 2 cards · first after ")
    assert "all after" in summary


def test_a_failed_link_says_what_went_wrong(playground: Any, web: Site) -> None:
    ask(playground, web.url("/missing"), "ftp://example.com/")
    wait_until(playground, DONE)
    texts = playground.locator(".failed").all_text_contents()
    assert "HTTP status 404" in texts[0]
    assert "TARGET_HTTP_ERROR" in texts[0]
    assert "INVALID_URL" in texts[1]


def test_a_link_without_a_scheme_is_taken_for_https(playground: Any) -> None:
    ask(playground, "127.0.0.1:9/a")
    wait_until(playground, DONE)
    assert playground.locator(".failed .mono").first.text_content() == "https://127.0.0.1:9/a"


@pytest.mark.parametrize(("key", "code"), [("", "MISSING_API_KEY"), ("ks_live_" + "A" * 32, "INVALID_API_KEY")])
def test_a_wrong_key_is_told_with_what_to_do(page: Any, server: Server, key: str, code: str) -> None:
    page.goto(server.url)
    page.fill("#key", key)
    ask(page, "https://example.com/")
    wait_until(page, DONE)
    alert = page.locator("#problem .alert").text_content()
    assert code in alert
    assert "pagecard keys create" in alert or "API key" in alert


def test_too_many_links_can_be_cut_to_what_the_plan_takes(page: Any, server: Server, web: Site) -> None:
    page.goto(server.url)
    page.fill("#key", server.key("free"))
    ask(page, *[story(web, f"/{number}") for number in range(7)])
    wait_until(page, DONE)
    page.get_by_role("button", name="Keep the first 5").click()
    page.click("#go")
    wait_until(page, DONE)
    assert page.locator("link-preview[state=ready]").count() == 5


def test_stop_keeps_what_came_and_drops_the_rest(playground: Any, web: Site) -> None:
    release = threading.Event()
    slow = web.route("/slow", lambda wire, request: release.wait(15))
    ask(playground, slow, story(web, "/fast", "Fast"))
    wait_until(playground, "document.querySelectorAll('link-preview')[1]?.state === 'ready'")
    playground.click("#stop")
    wait_until(playground, DONE)
    release.set()
    assert playground.locator("#cards > li").count() == 1
    assert playground.locator("#problem .alert").count() == 0


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
def test_the_copied_curl_command_does_the_same(playground: Any, web: Site) -> None:
    playground.context.grant_permissions(["clipboard-read", "clipboard-write"])
    url = story(web, "/it's", "Quoted")
    playground.fill("#urls", url)
    playground.click("#tab-curl")
    shown = playground.locator("#curl").text_content()
    playground.get_by_role("button", name="Copy", exact=True).click()
    command = playground.evaluate("navigator.clipboard.readText()")
    lines = subprocess.run(command + " -s", shell=True, capture_output=True, text=True, check=True, timeout=30)
    assert json.loads(lines.stdout.splitlines()[0])["data"]["title"] == "Quoted"
    assert playground.input_value("#key") in command
    assert playground.input_value("#key") not in shown


def test_the_key_is_kept_for_this_tab_alone(playground: Any, server: Server) -> None:
    key = playground.input_value("#key")
    assert playground.evaluate("JSON.stringify(sessionStorage)") == json.dumps({"api-key": key}, separators=(",", ":"))
    assert key not in playground.evaluate("JSON.stringify(localStorage)")
    playground.goto(f"{server.url}/docs")
    assert playground.input_value("#key") == key
    other = playground.context.new_page()
    other.goto(server.url)
    assert other.input_value("#key") == ""


def test_the_theme_can_be_chosen_and_stays(playground: Any) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    light = playground.evaluate(ground)
    playground.click("#theme")
    playground.click("#theme")
    dark = playground.evaluate(ground)
    playground.reload()
    assert light != dark
    assert playground.evaluate(ground) == dark


def test_it_works_by_keyboard_alone(playground: Any, web: Site) -> None:
    playground.focus("#urls")
    playground.keyboard.type(story(web, "/a", "Typed"))
    playground.keyboard.press("Control+Enter")
    wait_until(playground, f"{DONE} && document.querySelector('.fetched')")
    playground.focus("#tab-json")
    playground.keyboard.press("ArrowRight")
    playground.keyboard.press("ArrowRight")
    assert playground.locator("#view-embed").is_visible()
    assert web.url("/a") in playground.locator("#embed").text_content()


def test_nothing_is_wider_than_a_telephone(playground: Any, web: Site) -> None:
    ask(playground, story(web, "/a", "A" * 200), web.url("/missing/" + "b" * 200))
    wait_until(playground, DONE)
    playground.set_viewport_size({"width": 360, "height": 740})
    assert playground.evaluate("document.documentElement.scrollWidth") == 360


def test_on_a_telephone_nobody_is_taken_to_the_json_but_who_asks_for_it(page: Any, server: Server, web: Site) -> None:
    page.set_viewport_size({"width": 390, "height": 740})
    page.goto(server.url)
    assert page.evaluate("scrollY") == 0
    page.get_by_role("button", name="Show the JSON of").first.click()
    wait_until(page, "scrollY > 500")
