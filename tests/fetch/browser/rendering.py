"""A renderer for tests: it may reach the tests' own web and nothing else."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

from app.fetch import Resolver
from app.fetch.browser.renderer import Renderer
from app.settings import Settings
from tests.fetch.conftest import POLICY
from tests.site import Names

LIMIT = 200_000  # bytes of a page

CHROMIUM = os.environ.get("PAGECARD_CHROMIUM")  # which of several to test with

_missing = Renderer.unavailable_reason(Settings(chromium=CHROMIUM))
_skip_without = pytest.mark.skipif(_missing is not None, reason=str(_missing))
NEEDS_BROWSER = [pytest.mark.browser, _skip_without]  # for the `pytestmark` of a module


def needs_browser(test: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a test that starts a browser; skip it where there is none."""
    marked: Callable[..., Any] = pytest.mark.browser(_skip_without(test))
    return marked


def new_renderer(**changes: Any) -> Renderer:
    settings: dict[str, Any] = {
        "policy": POLICY,
        "resolver": Resolver(Names({"named.example": ["127.0.0.1"], "proxy.example": ["127.0.0.1"]}), pool_size=4),
        "chromium": CHROMIUM,
        "cdp_url": None,
        "max_bytes": LIMIT,
        "user_agent": "Pagecard-test",
        "accept_language": "en-US, en",
    }
    return Renderer(**{**settings, **changes})
