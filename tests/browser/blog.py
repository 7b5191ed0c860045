"""Somebody's page with previews on it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from typing import Any

from tests.browser.world import Server
from tests.site import Site

STRICT = "default-src 'none'; script-src 'self'; connect-src 'self'; img-src *"

PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 5"><rect width="9" height="5" fill="teal"/></svg>'

PATIENCE = 30  # seconds

READY = "[...document.querySelectorAll('link-preview')].every(each => each.state === 'ready')"
SETTLED = "[...document.querySelectorAll('link-preview')].every(each => ['ready', 'failed'].includes(each.state))"

HTML = """<!doctype html>
<html lang="en" dir="{dir}">
<head><meta charset="utf-8"><title>A blog</title><meta name="viewport" content="width=device-width">
<script src="{server}/link-preview.js" data-key="{key}" {attributes}></script></head>
<body><main><h1>Links of the week</h1>{body}</main></body>
</html>"""


def previews(urls: Iterable[str]) -> str:
    return "\n".join(f'<link-preview href="{url}"></link-preview>' for url in urls)


def story(web: Site, path: str, title: str = "A story", **options: Any) -> str:
    """A page that has all that a card shows; its URL."""
    picture = web.page("/picture.svg", PICTURE, content_type="image/svg+xml")
    head = f"""<!doctype html><html lang="en"><head><title>{title}</title>
    <meta property="og:title" content="{title}"><meta property="og:site_name" content="The Paper">
    <meta name="description" content="What the story says."><meta property="og:image" content="{picture}">
    <link rel="icon" href="{picture}"></head><body>Text</body></html>"""
    return web.page(path, head, **options)


def wait_until(page: Any, condition: str) -> None:
    end = time.monotonic() + PATIENCE
    while not page.evaluate(condition):
        assert time.monotonic() < end, f"never came true: {condition}"
        page.wait_for_timeout(20)


class Blog:
    """A page of `web` (another origin than the API's), or with `csp` one of the API's own origin."""

    def __init__(self, page: Any, server: Server, web: Site) -> None:
        self.page, self.server, self.web = page, server, web
        self.calls: list[list[str]] = []
        page.on("request", self._note)

    def _note(self, request: Any) -> None:
        if request.method == "POST" and request.url == f"{self.server.url}/v1/extract/batch":
            self.calls.append(json.loads(request.post_data)["urls"])

    def open(
        self,
        body: str,
        *,
        plan: str = "enterprise",
        key: str | None = None,
        attributes: str = "async",
        dir: str = "ltr",  # noqa: A002  (HTML's name)
        csp: str = "",
    ) -> None:
        origin = self.server.url if csp else self.web.url("")
        key = self.server.publishable_key(origin, plan=plan) if key is None else key
        html = HTML.format(server=self.server.url, key=key, attributes=attributes, body=body, dir=dir)
        if csp:
            # The widget's page on the API's origin, where 'self' is the API.
            headers = {"Content-Security-Policy": csp, "Content-Type": "text/html; charset=utf-8"}
            self.page.route(f"{origin}/blog", lambda route: route.fulfill(body=html, headers=headers))
        else:
            self.web.page("/blog", html)
        self.page.goto(f"{origin}/blog")

    def states(self) -> list[str]:
        return self.page.eval_on_selector_all("link-preview", "all => all.map(each => each.state)")

    def titles(self) -> list[str]:
        return self.page.eval_on_selector_all(
            "link-preview", "all => all.map(each => each.shadowRoot.querySelector('a')?.textContent)"
        )

    def wait_until(self, condition: str) -> None:
        """Playwright's own waiting needs `eval`, which a strict policy forbids to the page."""
        wait_until(self.page, condition)
