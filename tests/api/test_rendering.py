"""Jobs whose pages are written by scripts, from the request to the result."""

from __future__ import annotations

from typing import Any

import pytest

from app.jobs.embedded import Supervisor
from app.jobs.item_pool import ItemPool
from app.jobs.result_writer import ResultWriter
from tests.api.conftest import Api
from tests.fetch.browser.rendering import needs_browser
from tests.site import Site

WRITTEN = """<title>Loading</title><div id=app>Please wait</div><script>
setTimeout(async () => {
    const name = await (await fetch("/name")).text();
    document.title = name;
    document.head.insertAdjacentHTML("beforeend", `<meta property="og:description" content="About ${name}">`);
    document.getElementById("app").innerHTML = `<h1 class=done>${name}</h1><p>Written by a script.</p>`;
}, 50);
</script>"""


@pytest.fixture
def url(web: Site) -> str:
    web.page("/name", "Ada Lovelace", content_type="text/plain")
    return web.page("/", WRITTEN)


def result_of(api: Api, url: str, monkeypatch: pytest.MonkeyPatch, **fields: Any) -> Any:
    """What a job says of its one URL, worked off here and now."""
    monkeypatch.setattr(Supervisor, "start", lambda self: None)
    asked = {"urls": [url], "formats": ["markdown", "html"], "include_metadata": True, **fields}
    job_id = api.post("/v1/batch", asked).json["job_id"]
    tools = api.services.job_dependencies()
    ledger = ResultWriter(tools.queue, "owner")
    for rendered in (False, True):
        with ItemPool(tools.queue, "owner", tools.run, ledger, size=4, rendered=rendered) as crew:
            crew.work()
    return api.get(f"/v1/batch/{job_id}").json["results"][0]


@needs_browser
def test_markdown_html_and_metadata_come_from_the_rendered_page(
    api: Api, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = result_of(api, url, monkeypatch, render_js=True)
    data = result["data"]
    assert (result["status"], result["metadata"]["http_status"]) == ("completed", 200)
    assert "# Ada Lovelace" in data["markdown"]
    assert "<p>Written by a script.</p>" in data["html"]
    assert (data["metadata"]["title"], data["metadata"]["open_graph"]["description"]) == (
        "Ada Lovelace",
        "About Ada Lovelace",
    )


def test_without_rendering_they_do_not(api: Api, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = result_of(api, url, monkeypatch)["data"]
    assert "Please wait" in data["markdown"]
    assert "Ada" not in data["markdown"] + data["html"].replace("/name", "")
    assert data["metadata"]["title"] == "Loading"


@needs_browser
def test_the_wait_is_as_the_job_says(api: Api, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    wait = {"wait_until": "commit", "wait_for": "h1.done", "wait_timeout": 10}
    data = result_of(api, url, monkeypatch, render_js=True, wait_config=wait)["data"]
    assert "# Ada Lovelace" in data["markdown"]


@needs_browser
def test_a_page_that_may_not_be_reached_may_not_be_rendered(
    api: Api, web: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = result_of(api, "http://10.0.0.1/", monkeypatch, render_js=True)
    assert (result["status"], result["error_code"]) == ("failed", "TARGET_NOT_ALLOWED")


@pytest.mark.parametrize("selector", ["div[", "", "a >", "//div", "text=Buy", "a:contains('x')"])
def test_a_selector_that_is_no_css_is_refused(api: Api, selector: str) -> None:
    response = api.post("/v1/batch", {"urls": ["https://a.example/"], "wait_config": {"wait_for": selector}})
    assert (response.status_code, response.json["error"]["code"]) == (400, "INVALID_BODY")
    assert "wait_for" in str(response.json["error"]["details"]["errors"])
