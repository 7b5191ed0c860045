"""The playground, the reference and the widget as files over HTTP."""

from __future__ import annotations

import gzip
import re
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.api import envelope, openapi, site
from app.api.site import ASSETS, STATIC
from app.settings import Settings

PAGES = ("/", "/docs")
WIDGETS = ("/link-preview.js", "/link-preview.mjs")
CLIENT = ("/client.js", "/client.d.ts")
PATHS = (*PAGES, *WIDGETS, *CLIENT, *(f"/static/{name}" for name in ASSETS if not name.endswith(".html")))

STRICT = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "* data:",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    """The rooms that need no store."""
    app = Flask("site", static_folder=None)
    app.extensions["pagecard"] = SimpleNamespace(settings=Settings())
    envelope.install(app)
    app.register_blueprint(site.blueprint)
    app.register_blueprint(openapi.blueprint)
    return app.test_client()


def policy(header: str) -> dict[str, str]:
    return dict(directive.strip().split(" ", 1) for directive in header.split(";"))


@pytest.mark.parametrize("path", PATHS)
def test_every_file_needs_no_key_and_can_be_asked_again_cheaply(client: FlaskClient, path: str) -> None:
    first = client.get(path)
    again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert first.status_code == 200
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize("path", PATHS)
def test_who_asks_for_another_version_gets_the_one_there_is(client: FlaskClient, path: str) -> None:
    assert client.get(path, headers={"If-Match": '"another"'}).status_code == 200


@pytest.mark.parametrize("path", PATHS)
def test_every_file_is_compressed_for_who_takes_it(client: FlaskClient, path: str) -> None:
    plain = client.get(path)
    packed = client.get(path, headers={"Accept-Encoding": "gzip, deflate, br"})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert "Accept-Encoding" in packed.headers["Vary"]


@pytest.mark.parametrize("path", PATHS)
def test_every_file_says_its_type_and_is_not_sniffed(client: FlaskClient, path: str) -> None:
    suffix = {"/": ".html", "/docs": ".html"}.get(path, Path(path).suffix)
    script = "text/javascript"
    expected = {".html": "text/html", ".css": "text/css", ".js": script, ".mjs": script, ".svg": "image/svg+xml"}
    expected[".ts"] = "application/typescript"
    answer = client.get(path)
    assert answer.mimetype == expected[suffix]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", PAGES)
def test_a_page_allows_our_own_files_and_nothing_inline(client: FlaskClient, path: str) -> None:
    assert policy(client.get(path).headers["Content-Security-Policy"]) == STRICT


@pytest.mark.parametrize("path", PAGES)
def test_a_page_refers_to_files_that_are_there(client: FlaskClient, path: str) -> None:
    text = client.get(path).text
    files = {f"/{ref}" for ref in re.findall(r'(?:src|href)="([\w./-]+)"', text) if ref not in ("./", "docs")}
    assert files
    assert {file: client.get(file).status_code for file in files} == dict.fromkeys(files, 200)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_no_inline_script_or_style(client: FlaskClient, path: str) -> None:
    text = client.get(path).text
    assert re.findall(r"<style|<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=", text) == []


@pytest.mark.parametrize("name", sorted(ASSETS))
def test_no_file_loads_anything_from_another_server(name: str) -> None:
    text = (STATIC / name).read_text(encoding="utf-8")
    loads = (
        r"""(?:src|href|from|action)\s*=?\s*["'](?:https?:)?//|url\(\s*["']?(?:https?:)?//|@import|import\(["']http"""
    )
    for example in ('src="https://cards.example/link-preview.js"', 'from "https://cards.example/link-preview.mjs"'):
        text = text.replace(example, "")  # how the widget's head says it is used
    assert re.findall(loads, text.replace('href="https://example.com/story"', "")) == []


def test_the_widget_has_at_most_8_kib_compressed_and_comes_without_its_comments(client: FlaskClient) -> None:
    answer = client.get("/link-preview.js", headers={"Accept-Encoding": "gzip"})
    assert len(answer.data) <= 8 * 1024
    assert gzip.decompress(answer.data).startswith(b"/*! Pagecard link previews. MIT licence. */(()=>{")


@pytest.mark.parametrize("path", [*WIDGETS, *CLIENT])
def test_what_other_sites_load_may_be_loaded_and_kept_for_a_while(client: FlaskClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "max-age=3600" in headers["Cache-Control"]


@pytest.mark.parametrize("path", ["/static/nothing.js", "/static/playground.html", "/static/../site.py", "/static/"])
def test_what_is_no_file_of_ours_is_not_found_in_the_envelope(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.json["error"]["code"]) == (404, "NOT_FOUND")


def test_a_page_takes_no_post(client: FlaskClient) -> None:
    answer = client.post("/")
    assert (answer.status_code, answer.json["error"]["code"]) == (405, "METHOD_NOT_ALLOWED")


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no node on PATH")
def test_the_module_can_be_imported_on_a_server() -> None:
    """Node has no custom elements, as a server that renders pages has none."""
    told = "import(process.argv[1]).then(widget => { widget.configure({ key: 'k' }); console.log(widget.LinkPreview) })"
    command = ["node", "--input-type=module", "-e", told, (STATIC / "link-preview.mjs").as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "undefined\n"), done.stderr
