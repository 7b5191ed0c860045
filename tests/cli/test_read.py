"""`pagecard read`: the main content of a page as Markdown."""

from __future__ import annotations

from tests.api.test_read import PAGE, SENTENCE
from tests.cli.conftest import Call
from tests.site import Site


def test_the_text_comes_after_its_head(call: Call, web: Site) -> None:
    url = web.page("/story", PAGE)
    done = call("read", url)
    assert done.exit_code == 0
    assert done.stdout.startswith(f"# A harbour at dawn\n\nAda Example · 2026-05-26\n\n<{url}>\n\n")
    assert SENTENCE.strip() in done.stdout


def test_links_and_pictures_can_be_left_out(call: Call, web: Site) -> None:
    text = call("read", web.page("/story", PAGE), "--no-links", "--no-images").stdout
    assert not any(address in text for address in ("/map", "/boat.jpg"))


def test_a_failure_is_told_and_ends_with_1(call: Call, web: Site) -> None:
    done = call("read", web.url("/none"))
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("pagecard: TARGET_HTTP_ERROR: ")
