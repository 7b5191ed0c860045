"""One URL: fetched, read and kept, or a failure that says why; never an exception."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from app.deadline import Deadline
from app.errors import ReadingFailed, TargetError, TargetHttpError, TargetTimeout, TargetUnreachable, leaves
from app.extractor import Extractor, Options, Parts, recall
from app.fetch import TargetUrl, parse_url
from app.page import Page, Wait
from app.results import Failure, Outcome, Success
from app.storage.cache import Cache
from app.storage.database import Database
from app.storage.generations import Generations
from app.storage.stores import SqlStore

URL = "https://example.com/page"


@dataclass
class World:
    """A web that is made up: for each URL a body, a page or what happens instead."""

    extractor: Extractor = field(init=False)
    pages: dict[str, Any] = field(default_factory=dict)
    fetched: list[tuple[str, dict[str, str], str | None]] = field(default_factory=list)
    rendered: list[str] = field(default_factory=list)
    outcomes: list[str] = field(default_factory=list)
    left: dict[str, float] = field(default_factory=dict)

    def fetch(self, url: TargetUrl, deadline: Deadline, **asked: Any) -> Page:
        self.left[str(url)] = deadline.remaining()
        self.fetched.append((str(url), dict(asked.get("headers") or {}), asked.get("proxy")))
        found = self._answer(url)
        target = asked["refresh"](found) if "refresh" in asked else None
        return self._refreshed(url, target) if target and "user@" not in target else found

    def render(self, url: TargetUrl, deadline: Deadline, **asked: Any) -> Page:
        self.rendered.append(str(url))
        return self._answer(url)

    def observe(self, url: TargetUrl, outcome: str, reason: str, fetching: float, reading: float) -> None:
        self.outcomes.append(outcome)

    def extract(self, url: str = URL, *, tenant: str = "a", seconds: float = 30, **options: Any) -> Outcome:
        return self.extractor.extract(parse_url(url), Options(**options), Deadline.after(seconds), tenant)

    def data(self, url: str = URL, **options: Any) -> dict[str, Any]:
        outcome = self.extract(url, **options)
        assert isinstance(outcome, Success), outcome
        return orjson.loads(outcome.data)

    def error(self, url: str = URL, **options: Any) -> TargetError:
        outcome = self.extract(url, **options)
        assert isinstance(outcome, Failure), outcome
        return outcome.error

    def _refreshed(self, asked: TargetUrl, target: str) -> Page:
        return replace(self._answer(parse_url(target)), url=str(asked))

    def _answer(self, url: TargetUrl) -> Page:
        found = self.pages[str(url)]
        found = found() if callable(found) else found
        if isinstance(found, Exception):
            raise found
        return found if isinstance(found, Page) else page(str(url), found)


def page(url: str, body: str = "", status: int = 200, content_type: str = "text/html", **headers: str) -> Page:
    return Page(url, url, status, content_type, body.encode(), headers=headers)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    database = Database(f"sqlite:///{tmp_path / 'shared.sqlite3'}")
    database.create_shared()
    cache = Cache(
        SqlStore(database, size=100),
        recall,
        size=100,
        generations=Generations(tmp_path / "generations"),
        turns=tmp_path / "turns",
    )
    world = World()
    world.extractor = Extractor(
        cache=cache,
        parts=Parts(world.fetch, world.render, 2**20, world.observe),
        cache_ttl=60,
        failure_ttl=30,
        stale_ttl=60,
    )
    yield world
    database.engine.dispose()


def test_a_page_becomes_a_card(world: World) -> None:
    world.pages[URL] = "<title>A</title>"
    outcome = world.extract()
    assert isinstance(outcome, Success)
    assert (orjson.loads(outcome.data)["title"], outcome.http_status, outcome.cache_hit) == ("A", 200, False)
    assert 55 < outcome.expires_at - outcome.fetched_at <= 60


def test_a_card_is_kept(world: World) -> None:
    world.pages[URL] = "<title>A</title>"
    first, again = world.extract(), world.extract(tenant="b")
    assert isinstance(first, Success)
    assert isinstance(again, Success)
    assert (first.cache_hit, again.cache_hit, first.data) == (False, True, again.data)
    assert len(world.fetched) == 1


@pytest.mark.parametrize("leaf", [leaf for leaf in leaves(TargetError) if leaf not in (TargetHttpError, ReadingFailed)])
def test_a_failure_is_kept_with_all_that_it_says(world: World, leaf: type[TargetError]) -> None:
    world.pages[URL] = leaf("The message", reason="for the log alone")
    for error in (world.error(), world.error()):
        assert (type(error), error.message, error.retryable) == (leaf, "The message", leaf.retryable)
    assert len(world.fetched) == 1


@pytest.mark.parametrize("status", [404, 503])
def test_a_failed_status_is_kept_with_its_number(world: World, status: int) -> None:
    world.pages[URL] = page(URL, status=status)
    for error in (world.error(), world.error()):
        assert (error.code, error.details) == ("TARGET_HTTP_ERROR", {"http_status": status})
        assert error.retryable == (status == 503)
    assert len(world.fetched) == 1


def test_what_ended_because_time_was_up_is_not_kept(world: World) -> None:
    world.pages[URL] = TargetTimeout()
    assert world.error(seconds=0).code == "TARGET_TIMEOUT"
    world.pages[URL] = "<title>A</title>"
    assert world.data()["title"] == "A"


PASSING = [
    TargetTimeout(),
    TargetUnreachable(),
    page(URL, status=503),
    page(URL, status=429),
    page(URL, status=403, **{"cf-mitigated": "challenge"}),
    page(URL, "<title>Just a moment...</title>", **{"cf-mitigated": "challenge"}),
]


@pytest.mark.parametrize("failure", PASSING, ids=lambda each: str(getattr(each, "status", each)))
def test_a_refresh_that_fails_takes_the_card_from_nobody(world: World, failure: Any) -> None:
    world.pages[URL] = "<title>A</title>"
    world.data()
    world.pages[URL] = failure
    assert world.error(fresh=True).code.startswith("TARGET_")
    again = world.extract(tenant="b")
    assert isinstance(again, Success)
    assert (again.cache_hit, again.stale) == (True, False)


@pytest.mark.parametrize("failure", PASSING, ids=lambda each: str(getattr(each, "status", each)))
def test_an_older_card_stands_in_for_a_failure(world: World, failure: Any) -> None:
    world.pages[URL] = "<title>A</title>"
    world.data()
    world.pages[URL] = failure
    stale = world.extract(max_age=0)
    assert isinstance(stale, Success)
    assert (orjson.loads(stale.data)["title"], stale.cache_hit, stale.stale) == ("A", True, True)


def test_a_page_that_is_gone_is_told_as_gone(world: World) -> None:
    world.pages[URL] = "<title>A</title>"
    world.data()
    world.pages[URL] = page(URL, status=410)
    assert world.error(max_age=0).details == {"http_status": 410}
    assert world.error().details == {"http_status": 410}


def test_a_place_in_a_queue_is_not_kept(world: World) -> None:
    world.pages[URL] = TargetTimeout(reason="queue")
    assert world.error().code == "TARGET_TIMEOUT"
    world.pages[URL] = "<title>A</title>"
    assert world.data(tenant="b")["title"] == "A"


OEMBED = "https://o.example/"
LINKED = f'<title>A</title><link rel="alternate" type="application/json+oembed" href="{OEMBED}">'
ANSWER = '{"type": "photo", "version": "1.0", "title": "B", "url": "https://o.example/b.png", "width": 1, "height": 1}'


@pytest.mark.parametrize(
    ("seconds", "failure"), [(2, TargetTimeout()), (0.9, TargetTimeout()), (30, TargetTimeout(reason="queue"))]
)
def test_a_card_that_its_askers_time_cut_short_is_not_kept(world: World, seconds: float, failure: Exception) -> None:
    wanted = {"include": frozenset({"oembed"})}
    world.pages |= {URL: LINKED, OEMBED: failure}
    assert world.data(seconds=seconds, **wanted)["oembed"] is None
    world.pages[OEMBED] = page(OEMBED, ANSWER, content_type="application/json")
    assert world.data(tenant="b", **wanted)["oembed"]["title"] == "B"


def test_a_card_that_its_asker_hung_up_on_is_not_kept(world: World) -> None:
    wanted, deadline = Options(include=frozenset({"oembed"})), Deadline.after(30)

    class HangUp(TargetTimeout):
        def __init__(self) -> None:
            super().__init__()
            deadline.cancel()

    world.pages |= {URL: LINKED, OEMBED: lambda: HangUp()}
    world.extractor.extract(parse_url(URL), wanted, deadline, "a")
    world.pages[OEMBED] = page(OEMBED, ANSWER, content_type="application/json")
    assert world.data(include=wanted.include)["oembed"]["title"] == "B"


@pytest.mark.parametrize("failure", [TargetTimeout(), TargetUnreachable(), page(OEMBED, status=404)])
def test_a_card_whose_oembed_failed_in_its_full_time_is_kept(world: World, failure: Any) -> None:
    wanted = {"include": frozenset({"oembed"})}
    world.pages |= {URL: LINKED, OEMBED: failure}
    world.data(**wanted)
    again = world.extract(**wanted)
    assert isinstance(again, Success)
    assert again.cache_hit


def test_a_mistake_of_ours_is_a_failure_of_this_url_alone_and_is_not_kept(world: World) -> None:
    world.pages[URL] = ZeroDivisionError("a mistake")
    error = world.error()
    assert (error.code, error.status, error.retryable) == ("INTERNAL_ERROR", 500, True)
    assert "mistake" not in error.message
    world.pages[URL] = "<title>A</title>"
    assert world.data()["title"] == "A"
    assert world.outcomes == ["crashed", "ok"]


def test_a_mistake_of_ours_takes_the_card_from_nobody(world: World) -> None:
    world.pages[URL] = "<title>A</title>"
    world.data()
    world.pages[URL] = RecursionError("a mistake")
    assert world.error(fresh=True).code == "INTERNAL_ERROR"
    for options in ({}, {"max_age": 0}):
        assert world.data(**options)["title"] == "A"


def test_a_mistake_of_ours_is_logged_with_its_traceback_and_host(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []
    monkeypatch.setattr(
        "app.extractor.extractor.log.exception", lambda event, **more: told.append((event, more)), raising=False
    )
    world.pages["https://example.com/?secret"] = KeyError("a mistake")
    world.error("https://example.com/?secret")
    assert told == [("extraction crashed", {"host": "example.com"})]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (page(URL, status=204), "UNSUPPORTED_CONTENT"),
        (page(URL, content_type="application/zip"), "UNSUPPORTED_CONTENT"),
        (page(URL, status=403, **{"cf-mitigated": "challenge"}), "TARGET_BLOCKED"),
        (page(URL, status=200, **{"cf-mitigated": "challenge"}), "TARGET_BLOCKED"),
        (page(URL, status=500), "TARGET_HTTP_ERROR"),
    ],
)
def test_an_answer_that_has_no_card_is_a_failure(world: World, answer: Page, code: str) -> None:
    world.pages[URL] = answer
    assert world.error().code == code
    assert world.outcomes == [code]


def test_a_page_that_says_nothing_is_a_success(world: World) -> None:
    world.pages[URL] = "<p></p>"
    assert world.data()["title"] is None


@pytest.mark.parametrize(
    "options",
    [
        {"include": frozenset({"json_ld"})},
        {"headers": (("X-A", "1"),)},
        {"proxy": "DE"},
        {"render": Wait()},
        {"render": Wait(until="load")},
        {"formats": frozenset({"html"})},
        {"formats": frozenset(), "metadata": True},
    ],
)
def test_whatever_changes_the_answer_is_kept_apart(world: World, options: dict[str, Any]) -> None:
    world.pages[URL] = "<title>A</title>"
    outcomes = [world.extract(), world.extract(**options), world.extract(), world.extract(**options)]
    assert [outcome.cache_hit for outcome in outcomes if isinstance(outcome, Success)] == [False, False, True, True]


def test_what_came_with_a_tenants_headers_is_that_tenants_alone(world: World) -> None:
    world.pages[URL] = "<title>A</title>"
    asked = [world.extract(tenant=tenant, headers=(("Cookie", "1"),)) for tenant in "abab"]
    assert [each.cache_hit for each in asked if isinstance(each, Success)] == [False, False, True, True]


def test_a_page_that_sends_its_readers_elsewhere_is_followed(world: World) -> None:
    world.pages[URL] = '<meta http-equiv="refresh" content="0; url=/real">'
    world.pages["https://example.com/real"] = "<title>Real</title>"
    data = world.data()
    assert (data["title"], data["url"], data["resolved_url"]) == ("Real", URL, "https://example.com/real")


@pytest.mark.parametrize(
    "target", ["ftp://example.com/", "javascript:alert(1)", "http://user@example.com/", "http://["]
)
def test_a_page_that_sends_its_readers_nowhere_is_read_itself(world: World, target: str) -> None:
    world.pages[URL] = f'<title>A</title><meta http-equiv="refresh" content="0; url={target}">'
    assert world.data()["title"] == "A"


PAUSES = {
    "120": 120,
    "0": 0,
    "9" * 4_000: 86_400,
    "Thu, 01 Jan 1970 00:00:00 GMT": 0,
    "Fri, 31 Dec 2199 23:59:59 GMT": 86_400,
}


@pytest.mark.parametrize(("value", "seconds"), PAUSES.items())
def test_the_pause_that_a_target_asks_for_is_told(world: World, value: str, seconds: int) -> None:
    world.pages[URL] = page(URL, status=503, **{"retry-after": value})
    for error in (world.error(), world.error()):
        assert error.details == {"http_status": 503, "retry_after": seconds}


@pytest.mark.parametrize("value", ["", "soon", "-1", "1.5", "Thu, 99 Foo", "\u0661", "\xb2"])
def test_a_pause_that_cannot_be_read_is_not_told(world: World, value: str) -> None:
    world.pages[URL] = page(URL, status=503, **{"retry-after": value})
    assert world.error().details == {"http_status": 503}


def test_a_page_that_renders_to_a_refresh_is_rendered_once_more(world: World) -> None:
    world.pages[URL] = '<meta http-equiv="refresh" content="0; url=/real">'
    world.pages["https://example.com/real"] = "<title>Real</title>"
    data = world.data(render=Wait())
    assert (data["title"], data["url"], world.rendered) == ("Real", URL, [URL, "https://example.com/real"])


def test_a_refresh_may_stand_in_a_header(world: World) -> None:
    world.pages[URL] = page(URL, refresh="0; url=/real")
    world.pages["https://example.com/real"] = "<title>Real</title>"
    assert world.data()["title"] == "Real"


@pytest.mark.parametrize("body", ["", " \n\t", "\ufeff"])
@pytest.mark.parametrize("content_type", ["text/html", "", "html", "text/plain; charset=utf-8"])
def test_an_answer_without_content_is_no_success(world: World, body: str, content_type: str) -> None:
    world.pages[URL] = page(URL, body, content_type=content_type)
    assert world.error().details == {"reason": "empty"}


@pytest.mark.parametrize("content_type", ["html", "text", "utf-8", "charset=utf-8", "texthtml", "www/unknown", "*/*"])
def test_a_type_that_is_none_is_sniffed(world: World, content_type: str) -> None:
    world.pages[URL] = page(URL, "<!doctype html><title>A</title>", content_type=content_type)
    assert world.data()["title"] == "A"


def test_a_page_that_was_cut_off_by_time_is_read_and_not_kept(world: World) -> None:
    world.pages[URL] = replace(page(URL, "<title>A</title>"), truncated=True, late=True)
    assert world.data()["title"] == world.data()["title"] == "A"
    assert len(world.fetched) == 2


@pytest.mark.parametrize(("seconds", "most"), [(30, 4), (2, 1)])
def test_oembed_has_no_more_than_half_of_the_time_that_is_left(world: World, seconds: float, most: float) -> None:
    link = '<link rel="alternate" type="application/json+oembed" href="https://o.example/">'
    world.pages |= {URL: f"<title>A</title>{link}", "https://o.example/": TargetTimeout()}
    world.extract(include=frozenset({"oembed"}), seconds=seconds)
    assert most - 0.5 < world.left["https://o.example/"] <= most


def test_oembed_that_fails_costs_nothing_but_itself(world: World) -> None:
    link = '<link rel="alternate" type="application/json+oembed" href="https://o.example/">'
    world.pages[URL] = f"<title>A</title>{link}"
    world.pages["https://o.example/"] = TargetTimeout()
    data = world.data(include=frozenset({"oembed"}))
    assert (data["title"], data["oembed"]) == ("A", None)


@pytest.mark.parametrize("formats", [frozenset({"markdown"}), frozenset({"html"}), frozenset({"markdown", "html"})])
def test_a_job_gets_the_formats_that_it_asks_for(world: World, formats: frozenset[str]) -> None:
    world.pages[URL] = "<title>A</title><p>Text"
    data = world.data(formats=formats)
    assert {name for name, value in data.items() if value is not None} == formats
    assert set(data) == {"markdown", "html", "metadata"}


def test_a_page_is_rendered_where_that_is_asked_for(world: World) -> None:
    world.pages[URL] = "<title>A</title>"
    world.data(render=Wait())
    assert (world.rendered, world.fetched) == ([URL], [])


def test_nothing_is_fetched_when_time_is_up(world: World) -> None:
    assert world.error(seconds=0).code == "TARGET_TIMEOUT"
    assert world.fetched == []


YOUTUBE = "https://www.youtube.com/watch?v=abc"
OF_YOUTUBE = "https://www.youtube.com/oembed?format=json&url=https%3A%2F%2Fwww.youtube.com%2Fwatch%3Fv%3Dabc"
FRAME = '<iframe src="https://www.youtube.com/embed/abc" width="560" height="315" allow="autoplay"></iframe>'


def test_the_player_of_a_provider_is_on_the_card_and_in_its_oembed(world: World) -> None:
    answer = orjson.dumps({"type": "video", "title": "A film", "html": FRAME + "\n"}).decode()
    world.pages |= {YOUTUBE: "<title>YouTube</title>", OF_YOUTUBE: page(OF_YOUTUBE, answer)}
    data = world.data(YOUTUBE, include=frozenset({"oembed"}))
    assert (data["title"], data["embed"]["url"]) == ("A film", "https://www.youtube.com/embed/abc")
    assert data["oembed"]["html"] == data["embed"]["html"]


def test_a_page_that_names_a_providers_endpoint_as_its_own_gets_no_player(world: World) -> None:
    link = f'<title>A</title><link rel="alternate" type="application/json+oembed" href="{OF_YOUTUBE}">'
    answer = orjson.dumps({"type": "video", "title": "A film", "html": FRAME}).decode()
    world.pages |= {URL: link, OF_YOUTUBE: page(OF_YOUTUBE, answer)}
    data = world.data(include=frozenset({"oembed"}))
    assert (data["embed"], data["oembed"]["html"]) == (None, None)
