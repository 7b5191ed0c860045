"""`GET /v1/validate`: how a link to a page looks elsewhere."""

from __future__ import annotations

import pytest

from tests.api.conftest import Api
from tests.site import Site
from tests.validation.test_pages import FULL, PLATFORMS


def test_a_full_page_has_grade_a_and_a_large_picture_everywhere(api: Api, web: Site) -> None:
    url = web.page("/", FULL)
    data = api.get(f"/v1/validate?url={url}").json["data"]
    assert (data["url"], data["valid"], data["score"], data["grade"]) == (url, True, 100, "A")
    assert {name: preview["layout"] for name, preview in data["previews"].items()} == dict.fromkeys(PLATFORMS, "large")


def test_every_tag_is_checked_by_its_own_name(api: Api, web: Site) -> None:
    checks = api.get(f"/v1/validate?url={web.page('/', '<title>A</title>')}").json["data"]["checks"]
    assert [*checks] == [
        "og:title", "og:description", "og:image", "og:url", "twitter:card", "favicon", "canonical",
    ]  # fmt: skip
    assert checks["og:title"] == {
        "present": False,
        "valid": False,
        "value": None,
        "length": 0,
        "dimensions": None,
        "recommendation": "Add og:title, 70 characters at most.",
    }


def test_robots_txt_of_the_host_is_heeded(api: Api, web: Site) -> None:
    web.page("/robots.txt", "User-agent: LinkedInBot\nDisallow: /\n", content_type="text/plain")
    previews = api.get(f"/v1/validate?url={web.page('/', FULL)}").json["data"]["previews"]
    assert previews["linkedin"]["reasons"][0]["code"] == "robots"
    assert (previews["linkedin"]["layout"], previews["facebook"]["layout"]) == ("none", "large")


def test_an_answer_is_kept_and_fetched_afresh_on_request(api: Api, web: Site) -> None:
    url = web.page("/", FULL)
    for query in ("", "", "&cache=false"):
        assert api.get(f"/v1/validate?url={url}{query}").status_code == 200
    assert len(web.received("/")) == 2


def test_the_card_is_not_changed_by_a_validation_in_the_cache(api: Api, web: Site) -> None:
    url = web.page("/", FULL)
    api.get(f"/v1/validate?url={url}")
    assert "validation" not in api.get(f"/v1/extract?url={url}").json["data"]


def test_callers_cannot_include_the_block(api: Api, web: Site) -> None:
    answer = api.batch(web.page("/", FULL), include=["validation"])
    assert (answer.status_code, answer.json["error"]["code"]) == (400, "INVALID_BODY")


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("", 400, "MISSING_URL"),
        ("?url=nope", 400, "INVALID_URL"),
        ("?url=http://127.0.0.1:1/&size=1", 400, "INVALID_BODY"),
        ("?url=http://127.0.0.1:1/", 502, "TARGET_UNREACHABLE"),
    ],
)
def test_a_request_that_cannot_be_answered_says_why(api: Api, query: str, status: int, code: str) -> None:
    answer = api.get(f"/v1/validate{query}")
    assert (answer.status_code, answer.json["error"]["code"]) == (status, code)


def test_a_file_has_no_tags_to_check(api: Api, web: Site) -> None:
    url = web.page("/a.pdf", "%PDF-1.7", content_type="application/pdf")
    answer = api.get(f"/v1/validate?url={url}")
    assert (answer.status_code, answer.json["error"]["code"]) == (422, "UNSUPPORTED_CONTENT")
