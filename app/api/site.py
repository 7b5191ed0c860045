"""Pages for people: the playground, the API reference, and the widget that other sites load.

Rule 1: the files are a fixed set, read once; any other name is not found.
Rule 2: pages run under a policy that allows our own files and nothing inline; pictures may come from anywhere.
Rule 3: no file refers to another server.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from flask import Blueprint, Response, request
from rjsmin import jsmin

from app.api.envelope import conditional
from app.errors import NotFound

blueprint = Blueprint("site", __name__)

STATIC = Path(__file__).parent.parent / "static"

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".ts": "application/typescript; charset=utf-8",
    ".svg": "image/svg+xml",
}

WIDGET_FILE = "link-preview.js"

PAGE_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src * data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)

# Revalidated each time, mostly to a 304: a page and its script are always of one version.
OURS = {"Cache-Control": "no-cache", "Referrer-Policy": "no-referrer"}
PAGE = {**OURS, "Content-Security-Policy": PAGE_POLICY, "Cross-Origin-Opener-Policy": "same-origin"}

# For other sites: any origin may load it, also with `integrity` or under COEP.
WIDGET = {
    "Cache-Control": "public, max-age=3600, stale-while-revalidate=86400",
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file, plain and compressed."""

    type: str
    body: bytes
    compressed: bytes
    etag: str

    @classmethod
    def read(cls, path: Path) -> Asset:
        """Read and compress a file, the widget without its comments: other people's readers wait for it."""
        body = path.read_bytes()
        if path.name == WIDGET_FILE:
            body = jsmin(body, keep_bang_comments=True)
        return cls(TYPES[path.suffix], body, gzip.compress(body, mtime=0), hashlib.sha256(body).hexdigest()[:20])


ASSETS: Mapping[str, Asset] = {path.name: Asset.read(path) for path in sorted(STATIC.iterdir()) if path.suffix in TYPES}


@blueprint.get("/")
def playground() -> Response:
    """Serve the playground."""
    return _serve("playground.html", PAGE)


@blueprint.get("/docs")
def docs() -> Response:
    """Serve the API reference."""
    return _serve("docs.html", PAGE)


@blueprint.get("/link-preview.js")
def widget() -> Response:
    """Serve the widget as a classic script."""
    return _serve(WIDGET_FILE, WIDGET)


@blueprint.get("/link-preview.mjs")
def widget_module() -> Response:
    """Serve the widget as a module."""
    return _serve("link-preview.mjs", WIDGET)


@blueprint.get("/client.js")
def client() -> Response:
    """Serve the client as a module. Deno finds its types by the header."""
    return _serve("client.js", {**WIDGET, "X-TypeScript-Types": "./client.d.ts"})


@blueprint.get("/client.d.ts")
def client_types() -> Response:
    """Serve the types of the client."""
    return _serve("client.d.ts", WIDGET)


@blueprint.get("/static/<name>")
def asset(name: str) -> Response:
    """Serve a file that a page refers to. Pages are found at their own paths alone."""
    if name not in ASSETS or name.endswith(".html"):
        raise NotFound
    return _serve(name, OURS)


def _serve(name: str, headers: Mapping[str, str]) -> Response:
    asset = ASSETS[name]
    packed = request.accept_encodings["gzip"] > 0
    response = Response(asset.compressed if packed else asset.body, headers=headers)
    response.headers["Content-Type"] = asset.type
    if packed:
        response.content_encoding = "gzip"
    response.vary.add("Accept-Encoding")
    response.set_etag(asset.etag, weak=True)
    return conditional(response)
