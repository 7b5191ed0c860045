"""Every error of the tree, provoked over HTTP."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import patch

import pytest
from werkzeug.test import TestResponse

from app.errors import PagecardError, leaves
from app.plans import PLANS, Plan
from app.settings import Settings
from app.storage.schema import api_keys
from tests.api.conftest import ORIGIN, Api
from tests.site import Site

PAGE = "https://example.com/"
BATCH = "/v1/extract/batch"
JOBS = "/v1/batch"
FORBIDDEN = "http://10.0.0.1/"


@dataclass(frozen=True, slots=True)
class World:
    api: Api
    web: Site
    make_api: Callable[[Settings], Api]

    def with_settings(self, **changes: Any) -> Api:
        return self.make_api(replace(self.api.services.settings, **changes))

    def on_plan(self, plan: Plan) -> Api:
        return self.with_settings(plans={**PLANS, plan.name: plan}).on_plan(plan.name)

    def change_keys(self, **columns: Any) -> None:
        with self.api.services.primary.write() as connection:
            connection.execute(api_keys.update().values(**columns))

    def read(self, url: str) -> TestResponse:
        return self.api.get("/v1/extract", query_string={"url": url})


@pytest.fixture
def world(api: Api, web: Site, make_api: Callable[[Settings], Api]) -> World:
    return World(api, web, make_api)


PROVOCATIONS: dict[str, Callable[[World], TestResponse]] = {}


def provokes(provoke: Callable[[World], TestResponse]) -> Callable[[World], TestResponse]:
    PROVOCATIONS[provoke.__name__.upper()] = provoke
    return provoke


# The request fails -----------------------------------------------------------------------------------------------


@provokes
def missing_api_key(world: World) -> TestResponse:
    return world.api.client.get("/v1/usage")


@provokes
def invalid_api_key(world: World) -> TestResponse:
    return world.api.client.get("/v1/usage", headers={"X-Api-Key": "ks_live_" + "a" * 32})


@provokes
def api_key_revoked(world: World) -> TestResponse:
    world.api.services.keys.revoke(world.api.key)
    return world.api.get("/v1/usage")


@provokes
def api_key_expired(world: World) -> TestResponse:
    other = world.api.on_plan("free", kind="test")
    world.change_keys(created_at=time.time() - 31 * 86_400)
    return other.get("/v1/usage")


@provokes
def origin_not_allowed(world: World) -> TestResponse:
    return world.api.on_plan("free", kind="publishable", origins=[ORIGIN]).get("/v1/usage")


@provokes
def invalid_body(world: World) -> TestResponse:
    return world.api.post(BATCH, {})


@provokes
def missing_url(world: World) -> TestResponse:
    return world.api.get("/v1/extract")


@provokes
def invalid_url(world: World) -> TestResponse:
    return world.api.batch("javascript:alert(1)")


@provokes
def batch_too_large(world: World) -> TestResponse:
    return world.api.batch(*[PAGE] * 101)


@provokes
def rendering_unavailable(world: World) -> TestResponse:
    api = world.with_settings(chromium="/nowhere/chromium")
    return api.post(JOBS, {"urls": [PAGE], "render_js": True})


@provokes
def proxy_unavailable(world: World) -> TestResponse:
    return world.api.post(JOBS, {"urls": [PAGE], "proxy": {"country": "DE", "type": "datacenter"}})


@provokes
def not_found(world: World) -> TestResponse:
    return world.api.get("/v2/extract")


@provokes
def job_not_found(world: World) -> TestResponse:
    return world.api.get(f"{JOBS}/9d7b2c8e-8a4b-4c10-9af3-65f4f8f6c019")


@provokes
def method_not_allowed(world: World) -> TestResponse:
    return world.api.delete(BATCH)


@provokes
def job_finished(world: World) -> TestResponse:
    job = world.api.post(JOBS, {"urls": [world.web.url("/a")]}).json["status_url"]
    world.api.delete(job)
    return world.api.delete(job)


@provokes
def idempotency_conflict(world: World) -> TestResponse:
    headers = {"Idempotency-Key": "once"}
    world.api.post(JOBS, {"urls": [world.web.url("/a")]}, headers=headers)
    return world.api.post(JOBS, {"urls": [world.web.url("/b")]}, headers=headers)


@provokes
def payload_too_large(world: World) -> TestResponse:
    return world.api.post(BATCH, data=b" " * (2**20 + 1), headers={"Content-Type": "application/json"})


@provokes
def unsupported_media_type(world: World) -> TestResponse:
    return world.api.post(BATCH, data=b"urls=a", headers={"Content-Type": "application/x-www-form-urlencoded"})


@provokes
def rate_limit_exceeded(world: World) -> TestResponse:
    api = world.on_plan(Plan("one", batch_limit=5, per_minute=1, burst=1))
    api.get("/v1/extract")
    return api.get("/v1/extract")


@provokes
def quota_exceeded(world: World) -> TestResponse:
    api = world.on_plan(Plan("one", batch_limit=5, per_month=1))
    api.batch(world.web.page("/a", "<title>A</title>"))
    return api.batch(world.web.page("/b", "<title>B</title>"))


@provokes
def internal_error(world: World) -> TestResponse:
    with world.api.services.primary.write() as connection:
        connection.exec_driver_sql("DROP TABLE usage")
    return world.api.get("/v1/usage")


@provokes
def overloaded(world: World) -> TestResponse:
    return world.with_settings(pool_size=1).batch(*[world.web.url(f"/{number}") for number in range(50)])


# One URL fails ---------------------------------------------------------------------------------------------------


@provokes
def storage_full(world: World) -> TestResponse:
    with world.api.services.primary.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count=1")  # as many as there are: the file cannot grow
    return world.api.post(JOBS, {"urls": [f"{PAGE}?{number:0200}" for number in range(50)]})


@provokes
def target_not_allowed(world: World) -> TestResponse:
    return world.read(FORBIDDEN)


@provokes
def response_too_large(world: World) -> TestResponse:
    with patch("app.results.MAX_ANSWER", 100):
        return world.read(world.web.page("/page", "<title>A</title>"))


@provokes
def unsupported_content(world: World) -> TestResponse:
    return world.read(world.web.page("/archive", b"PK\3\4", content_type="application/zip"))


@provokes
def target_unreachable(world: World) -> TestResponse:
    return world.read(world.web.route("/reset", lambda wire, request: wire.reset()))


@provokes
def target_http_error(world: World) -> TestResponse:
    return world.read(world.web.url("/nothing"))


@provokes
def target_blocked(world: World) -> TestResponse:
    wall = world.web.page("/wall", "<title>Just a moment...</title>", headers={"cf-mitigated": "challenge"})
    return world.read(wall)


@provokes
def too_many_redirects(world: World) -> TestResponse:
    return world.read(world.web.route("/loop", lambda wire, request: wire.redirect("/loop?again")))


@provokes
def target_timeout(world: World) -> TestResponse:
    silent = world.web.route("/silent", lambda wire, request: wire.silence())
    return world.with_settings(fetch_timeout=0.2).get("/v1/extract", query_string={"url": silent})


@pytest.mark.parametrize("code", PROVOCATIONS)
def test_an_error_is_answered_with_its_code_and_status(world: World, code: str) -> None:
    answer = PROVOCATIONS[code](world)
    statuses = {leaf.code: leaf.status for leaf in leaves(PagecardError)}
    assert (answer.json["error"]["code"], answer.status_code) == (code, statuses[code])


def test_every_error_of_the_tree_is_provoked() -> None:
    assert set(PROVOCATIONS) == {leaf.code for leaf in leaves(PagecardError)}


def test_a_mistake_of_ours_shows_nothing(world: World) -> None:
    answer = internal_error(world)
    assert answer.json["error"] == {"code": "INTERNAL_ERROR", "message": "Something went wrong on our side"}
    assert not any(word in answer.text.lower() for word in ("traceback", "sqlite", "usage", "select", ".py"))


def test_a_refused_target_is_refused_without_its_address(world: World) -> None:
    answer = target_not_allowed(world)
    assert "10.0.0.1" not in answer.text
