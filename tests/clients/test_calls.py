"""The clients, packed as they would be published, against the real service: the same calls, the same outcomes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import importlib
import inspect
import json
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.cli.serving import free_port
from tests.api.conformance import described
from tests.clients.conftest import CACHED, Running, npm_install, run
from tests.site import Request, Site, Wire

pytestmark = pytest.mark.server

HERE = Path(__file__).parent
TITLE = "<title>A story</title>"

Call = Callable[..., Any]


@pytest.fixture(params=["js", "sync", "async"])
def call(request: pytest.FixtureRequest, running: Running) -> Call:
    """Run a case of calls.mjs or calls.py, and return what it tells."""
    if request.param == "js":
        return in_node(request.getfixturevalue("modules"), running)
    environ = {"PYTHONPATH": str(request.getfixturevalue("wheel"))}
    return caller(running, [sys.executable, HERE / "calls.py", request.param], HERE, environ)


@pytest.fixture
def js(modules: Path, running: Running) -> Call:
    return in_node(modules, running)


def in_node(modules: Path, running: Running) -> Call:
    if shutil.which("node") is None:
        pytest.skip("there is no node on PATH")
    shutil.copy(HERE / "calls.mjs", modules.parent)
    return caller(running, ["node", "calls.mjs"], modules.parent, {})


def caller(running: Running, command: list[str | Path], folder: Path, environ: dict[str, str]) -> Call:
    def call(case: str, *urls: str, key: str | None = None, server: str | None = None) -> Any:
        target = server or running.url, running.key() if key is None else key
        return json.loads(run([*command, case, *target, *urls], folder, environ))

    return call


def test_a_card_has_a_title(call: Call, web: Site) -> None:
    assert call("card", web.page("/a", TITLE)) == "A story"


def test_blocks_are_included_by_name(call: Call, web: Site) -> None:
    assert set(call("included", web.page("/a", TITLE))) == {"json_ld", "sources"}


def test_a_failed_card_is_an_error_with_its_code_status_and_id(call: Call, web: Site) -> None:
    error = call("card", web.url("/gone"))["error"]
    assert error | {"details": error["details"]["http_status"]} == {
        "kind": "api", "code": "TARGET_HTTP_ERROR", "status": 502, "retryable": False, "details": 404, "id": True,
        "after": None,
    }  # fmt: skip


def test_cards_come_in_groups_that_the_plan_takes_each_url_once(call: Call, web: Site) -> None:
    urls = [web.page(f"/{number}", f"<title>{number}</title>") for number in range(7)]
    results = call("cards", *urls, "htp://nothing")
    assert sorted(each["index"] for each in results) == list(range(8))
    assert {each["index"]: each["data"]["title"] for each in results if each["success"]} == {
        number: str(number) for number in range(7)
    }
    assert [each["error"]["code"] for each in results if not each["success"]] == ["INVALID_URL"]
    assert len([each for each in web.requests if each.path != "/favicon.ico"]) == 7


def test_a_fast_page_comes_before_a_slow_one(call: Call, web: Site) -> None:
    urls = [web.page("/slow", TITLE, latency=1), web.page("/fast", TITLE)]
    assert [each["index"] for each in call("cards", *urls)] == [1, 0]


def test_an_invalid_url_can_fail_the_request(call: Call) -> None:
    error = call("refused", "htp://nothing")["error"]
    assert (error["code"], error["details"]["invalid_urls"][0]["index"]) == ("INVALID_URL", 0)


def test_a_wrong_key_is_refused(call: Call) -> None:
    error = call("cards", "http://127.0.0.1/", key="ks_live_" + "a" * 32)["error"]
    assert (error["kind"], error["code"], error["status"], error["retryable"]) == ("api", "INVALID_API_KEY", 401, False)


def test_the_limit_of_a_plan_is_told(call: Call) -> None:
    assert call("usage") == 3


def test_a_loop_can_be_left(call: Call, web: Site) -> None:
    begun = time.monotonic()
    assert call("left", web.page("/fast", TITLE), web.page("/slow", TITLE, latency=4)) == "A story"
    assert time.monotonic() - begun < 3


def test_a_call_can_be_aborted(js: Call, web: Site) -> None:
    assert js("aborted", web.page("/slow", TITLE, latency=3)) == ["AbortError", True]


def test_silence_is_a_timeout(call: Call, web: Site) -> None:
    error = call("hasty", web.page("/slow", TITLE, latency=2))["error"]
    assert (error["kind"], error["code"], error["retryable"]) == ("network", "TIMEOUT", True)


def test_a_service_that_is_away_is_a_network_error(call: Call) -> None:
    error = call("card", "http://example.com", server=f"http://127.0.0.1:{free_port()}")["error"]
    assert (error["kind"], error["code"], error["id"]) == ("network", "CONNECTION_FAILED", False)


def test_a_busy_service_is_asked_again_after_it_says(call: Call, web: Site, running: Running) -> None:
    begun = time.monotonic()
    assert call("patient", web.page("/a", TITLE), key=running.key("slow")) == ["A story", "A story"]
    assert time.monotonic() - begun >= 1  # a second per token


def test_a_longer_wait_than_wanted_is_thrown(call: Call, web: Site, running: Running) -> None:
    error = call("impatient", web.page("/a", TITLE), key=running.key("slow"))["error"]
    assert (error["code"], error["retryable"]) == ("RATE_LIMIT_EXCEEDED", True)
    assert error["after"] >= 1


def test_a_job_is_made_watched_and_read(call: Call, web: Site) -> None:
    assert call("jobs", web.page("/a", TITLE), web.url("/gone")) == {
        "accepted": 2, "last": "completed", "listed": True, "again": "JOB_FINISHED", "second": 1,
        "results": [[0, "completed", "A story"], [1, "failed", "TARGET_HTTP_ERROR"]],
    }  # fmt: skip


def test_what_a_cut_stream_has_not_told_is_asked_again(call: Call, web: Site) -> None:
    """A service that hangs up after one line, the first time."""
    asked: list[list[str]] = []

    def cut(wire: Wire, request: Request) -> None:
        asked.append(json.loads(request.body)["urls"])
        card = {"url": "http://example.com/", "resolved_url": "http://example.com/"}
        lines = [{"index": i, "url": url, "success": True, "data": card} for i, url in enumerate(asked[-1])]
        lines = lines[:1] if len(asked) == 1 else [*lines, {"summary": {}, "meta": {}}]
        wire.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nConnection: close\r\n\r\n")
        wire.send(b"".join(json.dumps(line).encode() + b"\n" for line in lines))

    web.route("/v1/extract/batch", cut)
    results = call("cards", "a", "b", "c", server=web.url("/"))
    assert [(each["index"], each["url"]) for each in results] == [(0, "a"), (1, "b"), (2, "c")]
    assert asked == [["a", "b", "c"], ["b", "c"]]


def test_a_text_is_asked_for_as_json_by_the_names_of_the_api(call: Call, web: Site) -> None:
    body = json.dumps({"success": True, "data": {"markdown": "# A"}, "meta": {}})
    web.page("/v1/read", body, content_type="application/json")
    assert call("read", "http://example.com/?a=b&c", server=web.url("/")) == {"markdown": "# A"}
    asked = web.requests[-1]
    assert asked.query == {"url": "http://example.com/?a=b&c", "max_chars": "5", "links": "false"}
    assert asked.headers["accept"] == "application/json"


@pytest.mark.parametrize(
    ("case", "options"), [("image", "w600,h315,cover,webp,q80,max976k"), ("plainImage", "-")], ids=["sized", "plain"]
)
def test_an_address_of_a_picture_is_signed(call: Call, case: str, options: str) -> None:
    url = "https://example.com/ü?>>"
    path = f"{options}/{base64.urlsafe_b64encode(url.encode()).decode().rstrip('=')}"
    digest = hmac.new(b"a secret", path.encode(), hashlib.sha256).digest()
    signature = base64.urlsafe_b64encode(digest).decode()[:22]
    assert call(case, url, server="http://127.0.0.1:1/deep") == f"http://127.0.0.1:1/deep/v1/image/{signature}/{path}"


def test_the_two_python_clients_have_the_same_calls(wheel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(wheel)
    client = importlib.import_module("pagecard_client")
    for one, other in ((client.Pagecard, client.AsyncPagecard), (client.Jobs, client.AsyncJobs)):
        assert calls(one) == calls(other)


def calls(kind: type) -> dict[str, list[str]]:
    """Public methods of a class with their parameters."""
    public = {name: each for name, each in vars(kind).items() if callable(each) and not name.startswith("_")}
    return {name: list(inspect.signature(each).parameters) for name, each in public.items()}


def test_the_types_are_those_of_the_api(modules: Path, tmp_path: Path) -> None:
    """What the API answers with, by its own document, fits the types of the client, under strict."""
    brought = npm_install(CACHED / "pagecard-types", "openapi-typescript@7.13.0", "typescript@5.9.3")
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "openapi.json").write_text(json.dumps(described()))
    (tmp_path / "node_modules").symlink_to(modules)
    shutil.copy(HERE / "types.ts", tmp_path)
    run([brought / ".bin" / "openapi-typescript", "openapi.json", "-o", "schema.d.ts"], tmp_path)
    strict = ["--strict", "--exactOptionalPropertyTypes", "--noEmit", "--target", "es2022"]
    strict += ["--lib", "es2023,dom,dom.asynciterable"]
    run(
        [brought / ".bin" / "tsc", *strict, "--module", "nodenext", "types.ts"],
        tmp_path,
    )
