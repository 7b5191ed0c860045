"""`@pagecard/element`, packed as it would be published: HTML for servers, components, and a program of Vite's."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from app.cli.serving import free_port
from tests.browser.world import find_chromium, running_chromium
from tests.clients.conftest import CACHED, Running, environ_of, example, npm_install, run
from tests.servers import listens, until
from tests.site import Site

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("node") is None, reason="there is no node on PATH"),
]

HERE = Path(__file__).parent
FRAMEWORKS = (
    "react@19.2.0",
    "react-dom@19.2.0",
    "@types/react@19.2.2",
    "@types/react-dom@19.2.2",
    "vue@3.5.24",
    "svelte@5.43.5",
    "vite@7.2.2",
    "typescript@5.9.3",
)
TITLE = "<title>A &lt;b&gt; story</title>"
HOSTILE = {"url": "http://example.com/?a&b", "title": '</a></script><script>alert(1)</script>"'}
SAFE = "&lt;/a&gt;&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;&quot;"


@pytest.fixture(scope="module")
def frameworks(modules: Path) -> Path:
    """The folder of a program that has our packages, React, Vue, Svelte, Vite and TypeScript installed."""
    brought = npm_install(CACHED / "pagecard-frameworks", *FRAMEWORKS)
    for each in brought.iterdir():
        if not (modules / each.name).exists():
            (modules / each.name).symlink_to(each)
    return modules.parent


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    pytest.importorskip("playwright")
    if find_chromium() is None:
        pytest.skip("there is no Chromium on PATH (Debian: apt-get install chromium)")
    with running_chromium() as browser:
        yield browser


def in_node(folder: Path, program: str, *arguments: str) -> str:
    (folder / "program.mjs").write_text(program)
    return run(["node", "program.mjs", *arguments], folder).strip()


def test_a_server_makes_a_link_and_escapes_all_that_a_page_says(modules: Path) -> None:
    program = 'import { render } from "@pagecard/element/server"; console.log(render(JSON.parse(process.argv[2])))'
    url = "http://example.com/?a&amp;b"
    told = json.dumps(HOSTILE, separators=(",", ":")).replace("<", "\\u003c")
    assert in_node(modules.parent, program, json.dumps(HOSTILE)) == (
        f'<link-preview href="{url}"><a href="{url}">{SAFE}</a>'
        f'<script type="application/json">{told}</script></link-preview>'
    )


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,a", "<b>"])
def test_a_server_links_to_http_alone(modules: Path, url: str) -> None:
    program = 'import { render } from "@pagecard/element/server"; console.log(render(process.argv[2]))'
    assert in_node(modules.parent, program, url) == url.replace("<", "&lt;").replace(">", "&gt;")


def test_the_element_can_be_imported_on_a_server(modules: Path) -> None:
    program = 'import { LinkPreview, configure } from "@pagecard/element"; configure({}); console.log(LinkPreview)'
    assert in_node(modules.parent, program) == "undefined"


REACT = """
import { createElement } from "react";
import { renderToString } from "react-dom/server";
import { LinkPreview } from "@pagecard/element/react";
const card = JSON.parse(process.argv[2]);
console.log(renderToString(createElement(LinkPreview, { href: card.url, card })));
"""
VUE = """
import { createSSRApp, h } from "vue";
import { renderToString } from "vue/server-renderer";
import { LinkPreview } from "@pagecard/element/vue";
const card = JSON.parse(process.argv[2]);
console.log(await renderToString(createSSRApp({ render: () => h(LinkPreview, { href: card.url, card }) })));
"""
SVELTE = """
import { readFileSync, writeFileSync } from "node:fs";
import { compile } from "svelte/compiler";
import { render } from "svelte/server";
const folder = "node_modules/@pagecard/element/";
const { js } = compile(readFileSync(folder + "LinkPreview.svelte", "utf8"), { generate: "server" });
writeFileSync(folder + "compiled.js", js.code);
const { default: LinkPreview } = await import("./" + folder + "compiled.js");
const card = JSON.parse(process.argv[2]);
console.log(render(LinkPreview, { props: { href: card.url, card } }).body);
"""


@pytest.mark.parametrize("program", [REACT, VUE, SVELTE], ids=["react", "vue", "svelte"])
def test_a_component_is_a_link_on_a_server(frameworks: Path, program: str) -> None:
    html = in_node(frameworks, program, json.dumps(HOSTILE))
    assert '<link-preview href="http://example.com/?a&amp;b"' in html
    assert '<a href="http://example.com/?a&amp;b">' in html
    assert "&lt;/a>" in html or "&lt;/a&gt;" in html
    assert html.count("<script") == html.count("</script>") == 1
    assert "\\u003c/a>\\u003c/script>" in html


@contextmanager
def serving(folder: Path, program: str, environ: dict[str, str]) -> Iterator[str]:
    """A program of Node's that listens on PORT: its address."""
    (folder / "server.mjs").write_text(program)
    port = free_port()
    process = subprocess.Popen(["node", "server.mjs"], cwd=folder, env=environ_of({**environ, "PORT": str(port)}))
    try:
        until(lambda: listens(port))
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.kill()
        process.wait()


def got(address: str) -> str:
    host, port = address.removeprefix("http://").rstrip("/").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as client:
        client.sendall(b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")
        return b"".join(iter(lambda: client.recv(65_536), b"")).decode()


@pytest.mark.server
@pytest.mark.parametrize(("path", "text"), [("/a", "A &lt;b&gt; story</a>"), ("/gone", "/gone</a>")])
def test_the_example_of_a_server(modules: Path, running: Running, web: Site, path: str, text: str) -> None:
    web.page("/a", TITLE)
    environ = {"PAGECARD_SERVER": running.url, "PAGECARD_KEY": running.key(), "LINK": web.url(path)}
    with serving(modules.parent, example("js/element", "js"), environ) as address:
        html = got(address)
    assert f'<a href="{web.url(path)}">' in html
    assert text in html


@pytest.mark.server
@pytest.mark.browser
def test_a_plain_page_of_another_origin(running: Running, web: Site, chromium: Any) -> None:
    link = web.page("/a", "<title>A story</title>")
    page_url = web.url("/plain")
    key = running.publishable_key(page_url.removesuffix("/plain"))
    script = example("js/client", "html").replace("https://cards.example.com", running.url)
    script = script.replace("pk_live_…", key).replace("https://example.com/story", link)
    web.page("/plain", f"<!doctype html><h1></h1>{script}")
    page = chromium.new_page()
    page.goto(page_url)
    page.wait_for_function("document.querySelector('h1').textContent === 'A story'")
    page.close()


@pytest.mark.server
@pytest.mark.browser
def test_a_fresh_program_of_vite_react_and_strict_typescript(
    frameworks: Path, running: Running, web: Site, chromium: Any, tmp_path: Path
) -> None:
    link = web.page("/a", "<title>A story</title>")
    program = tmp_path / "program"
    shutil.copytree(HERE / "vite", program)
    (program / "node_modules").symlink_to(frameworks / "node_modules")
    (program / "main.tsx").write_text(example("js/element", "tsx"))
    key = running.publishable_key(web.url(""))
    environ = {"VITE_PAGECARD_SERVER": running.url, "VITE_PAGECARD_KEY": key, "VITE_LINK": link}
    run(["node_modules/.bin/tsc", "--noEmit"], program, environ)
    run(["node_modules/.bin/vite", "build", "--logLevel", "warn"], program, environ)
    served = program / "dist"
    for each in served.rglob("*.*"):
        kind = {".js": "text/javascript", ".html": "text/html"}[each.suffix]
        web.page("/" + each.relative_to(served).as_posix(), each.read_text(), content_type=kind)
    page = chromium.new_page()
    page.goto(web.url("/index.html"))
    page.wait_for_function("document.title === 'A story'")
    assert page.evaluate("document.querySelector('link-preview').state") == "ready"
    page.close()
