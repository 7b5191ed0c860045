"""A selector is judged as a browser judges it."""

from __future__ import annotations

import json
import time

import pytest

from app.deadline import Deadline
from app.fetch import parse_url
from app.fetch.browser.selector import check_selector, wants_media
from app.page import Wait
from tests.fetch.browser.rendering import needs_browser, new_renderer
from tests.site import Site

SELECTORS = (
    *("#a", "a > b", "a:has(> img)", ":is(a, b)", "a::before", "::before", ".x:valid", "a:not(.b)", "a:not(.b"),
    *("a[href='x']", "a[href='x", '[data-x="1"]', "[data-x=1]", "[lang=en i]", "div[", "a[b!=c]", "a]", "]["),
    *("//div", "text=foo", "css=a", "a b >> c", "a >", "> a", "a,", ",", "..x", "###", "#1", "\\31 23", "é", "my-el"),
    *("a:contains('x')", ":foo", ":nth-child(2n+1 of li)", "a:nth-child(foo)", "*|a", "input:checked:focus-visible"),
    *("html body /* c */ p", "INPUT[type=TEXT]", "a{", "@media", "a;b", "body>*", "a+b~c", ":root", ":popover-open"),
    *(":-webkit-autofill", ":fullscreen", ":modal", ":user-invalid", "p:lang(en)", "p:dir(rtl)", "::part(x)", ""),
)


def accepts(selector: str) -> bool:
    try:
        check_selector(selector)
    except ValueError:
        return False
    return True


@needs_browser
def test_it_is_judged_as_a_browser_judges_it(web: Site) -> None:
    script = """<pre></pre><script>
        document.querySelector("pre").textContent = JSON.stringify(SELECTORS.map(selector => {
            try { document.querySelector(selector); return true } catch { return false }
        }));
    </script>"""
    url = web.page("/", script.replace("SELECTORS", json.dumps(SELECTORS)))
    renderer = new_renderer()
    html = renderer.fetch(parse_url(url), Deadline.after(30), wait=Wait("load")).body.decode()
    renderer.close()
    verdicts = json.loads(html.partition("<pre>")[2].partition("</pre>")[0])
    browsers = dict(zip(SELECTORS, verdicts, strict=True))
    assert {selector: accepts(selector) for selector in SELECTORS} == browsers


@pytest.mark.parametrize("selector", ["a," * 2_047 + "a", ":is(a," * 600, "[a" * 1_300, "(" * 4_096, '"' * 4_096])
def test_a_long_selector_is_judged_quickly(selector: str) -> None:
    started = time.process_time()
    accepts(selector)
    assert time.process_time() - started < 2.0


def test_a_selector_has_a_limit() -> None:
    with pytest.raises(ValueError, match="4,096 characters"):
        check_selector("a" * 4_097)


@pytest.mark.parametrize(
    ("selector", "wants"),
    [("img.loaded", True), ("main > video", True), (".img", False), ("#image", False), ("imgs", False), (None, False)],
)
def test_a_selector_that_names_an_image_wants_images(selector: str | None, wants: bool) -> None:
    assert wants_media(selector) is wants
