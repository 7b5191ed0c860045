from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from app.cli.serving import free_port
from tests.cli.conftest import Call
from tests.site import Site

UTF8 = "text/html; charset=utf-8"
PAGE = "<!doctype html><title>A mill</title><meta name=description content='It turns.'>"


def test_each_url_gets_a_card(call: Call, web: Site) -> None:
    done = call("extract", web.page("/mill", PAGE), web.page("/cow", "<title>A cow</title>"))
    assert done.exit_code == 0
    assert [word in done.stdout for word in ("A mill", "It turns.", "A cow")] == [True] * 3


def test_a_url_that_failed_is_told_and_shows_in_the_exit_status(call: Call, web: Site) -> None:
    done = call("extract", web.page("/mill", PAGE), web.url("/none"))
    assert done.exit_code == 1
    assert "A mill" in done.stdout
    assert "TARGET_HTTP_ERROR" in done.stdout


def test_an_invalid_url_fails_alone(call: Call, web: Site) -> None:
    answer = json.loads(call("extract", "--json", "mill", web.page("/mill", PAGE)).stdout)
    assert [each.get("error", {}).get("code") for each in answer["results"]] == ["INVALID_URL", None]


def test_json_is_what_the_batch_of_the_api_answers(call: Call, web: Site) -> None:
    urls = [web.page("/mill", PAGE), web.url("/none"), web.url("/mill")]
    answer = json.loads(call("extract", "--json", *urls).stdout)
    assert [each["url"] for each in answer["results"]] == urls
    assert answer["summary"] == {"total": 3, "successful": 2, "failed": 1}
    assert set(answer) == {"results", "summary"}


def test_parse_prints_the_same_data_of_the_saved_page(call: Call, web: Site, tmp_path: Path) -> None:
    (tmp_path / "mill.html").write_text(PAGE)
    url = web.page("/mill", PAGE)
    fetched = json.loads(call("extract", "--json", url).stdout)["results"][0]["data"]
    parsed = json.loads(call("parse", str(tmp_path / "mill.html"), "--url", url, "--content-type", UTF8).stdout)
    assert parsed == fetched


def test_urls_may_come_from_a_file_or_from_standard_input(call: Call, web: Site, tmp_path: Path) -> None:
    urls = [web.page("/a", "<title>A</title>"), web.page("/b", "<title>B</title>")]
    (tmp_path / "urls.txt").write_text("\n".join([*urls, "", ""]))
    named = json.loads(call("extract", "--json", "--file", str(tmp_path / "urls.txt")).stdout)
    piped = json.loads(call("extract", "--json", "--file", "-", input="\n".join(urls)).stdout)
    assert [[each["url"] for each in answer["results"]] for answer in (named, piped)] == [urls, urls]


def test_what_was_read_lately_comes_from_the_cache(call: Call, web: Site) -> None:
    url = web.page("/mill", PAGE)
    answers = [json.loads(call("extract", "--json", url).stdout)["results"][0]["cache_hit"] for _ in range(2)]
    assert (answers, len(web.received("/mill"))) == ([False, True], 1)


def test_no_cache_fetches_afresh(call: Call, web: Site) -> None:
    url = web.page("/mill", PAGE)
    for _ in range(2):
        call("extract", "--no-cache", url)
    assert len(web.received("/mill")) == 2


def test_more_urls_than_go_side_by_side_are_all_answered(call: Call, web: Site) -> None:
    urls = [web.page(f"/{number}", f"<title>{number}</title>") for number in range(130)]
    answer = json.loads(call("extract", "--json", "--file", "-", input="\n".join(urls)).stdout)
    assert [each["data"]["title"] for each in answer["results"]] == [str(number) for number in range(130)]


def test_a_page_cannot_steer_the_terminal(call: Call, web: Site) -> None:
    url = web.page("/evil", "<title>[red]bold\x1b[2J&#27;[31m\x07</title>")
    done = call("extract", url, "http://\x1b]0;owned\x07")
    assert "[red]bold" in done.stdout
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f]", done.stdout)


def test_without_a_url_there_is_nothing_to_do(call: Call) -> None:
    done = call("extract")
    assert (done.exit_code, "Give at least one URL" in done.stderr) == (2, True)


def test_the_guard_stands_here_too(call: Call, web: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAGECARD_ALLOW_TARGETS", "10.0.0.0/8")
    done = call("extract", "--json", web.page("/mill", PAGE))
    assert json.loads(done.stdout)["results"][0]["error"]["code"] == "TARGET_NOT_ALLOWED"
    assert web.received("/mill") == []


def test_everything_leaves_by_the_egress_proxy(call: Call, web: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAGECARD_EGRESS_PROXY", f"http://127.0.0.1:{free_port()}")
    done = call("extract", "--json", web.page("/mill", PAGE))
    assert json.loads(done.stdout)["results"][0]["error"]["code"] == "TARGET_UNREACHABLE"
    assert web.received("/mill") == []


def test_html_is_a_card_a_line_and_a_link_for_a_failure(call: Call, web: Site) -> None:
    done = call("extract", "--html", web.page("/mill", PAGE), web.url("/none"), "<mill>")
    card, link, text = done.stdout.splitlines()
    assert done.exit_code == 1
    assert [word in card for word in (">A mill</a>", "It turns.", "<script")] == [True, True, False]
    assert f'<a href="{web.url("/none")}"' in link
    assert "&lt;mill&gt;" in text
    assert "HTTP status 404" in done.stderr


def test_html_and_json_together_are_refused(call: Call) -> None:
    done = call("extract", "--html", "--json", "https://example.com/")
    assert (done.exit_code, "not both" in done.stderr) == (2, True)
