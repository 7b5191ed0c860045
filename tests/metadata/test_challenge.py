from __future__ import annotations

import pytest

from app.metadata import read_challenge
from tests.metadata.reading import document

CLOUDFLARE = "<title>Just a moment...</title><script>window._cf_chl_opt={}</script>"


@pytest.mark.parametrize("status", [200, 403, 503])
def test_a_challenge_page_is_known_whatever_its_status(status: int) -> None:
    assert read_challenge(document(CLOUDFLARE, status=status)) == "cloudflare"


@pytest.mark.parametrize(
    ("headers", "wall"),
    [
        ({"cf_mitigated": "challenge"}, "cloudflare"),
        ({"x_amzn_waf_action": "captcha"}, "aws-waf"),
    ],
)
def test_a_header_that_only_walls_send_is_enough(headers: dict[str, str], wall: str) -> None:
    assert read_challenge(document("<title>Any</title>", **headers)) == wall


@pytest.mark.parametrize(
    "title", ["Access Denied", "Just a moment...", "Attention Required! | Cloudflare", "Robot Check"]
)
def test_a_wall_title_with_a_status_that_refuses_is_a_wall(title: str) -> None:
    assert read_challenge(document(f"<title>{title}</title>", status=403)) is not None


@pytest.mark.parametrize(
    "title", ["Access Denied", "Just a moment: a novel", "Attention required at crossings", "Captcha"]
)
def test_an_article_with_such_a_title_is_a_page(title: str) -> None:
    assert read_challenge(document(f"<title>{title}</title><p>A long story.</p>")) is None


def test_a_page_that_only_loads_a_bot_manager_is_a_page() -> None:
    page = document('<title>News</title><script src="/cdn-cgi/challenge-platform/scripts/jsd/main.js"></script>')
    assert read_challenge(page) is None


def test_an_ordinary_error_is_no_wall() -> None:
    assert read_challenge(document("<title>Not found</title>", status=404)) is None
