"""Take the pictures for the README: `python -m tests.browser.pictures`, as root or under `unshare -rn` with lo up.

Everything in them is real but the names: made-up pages at https://….example, served on loopback, read by a real
server, painted by a real Chromium. Needs Pillow, to keep the files small.
"""

from __future__ import annotations

import io
import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from tests.browser.blog import Blog, wait_until
from tests.browser.gallery import Gallery
from tests.browser.world import NO_LOOKUPS, Server, running_chromium, running_server
from tests.certificates import Authority
from tests.site import Request, Site, Wire

FOLDER = Path(__file__).parent.parent.parent / "deploy" / "screenshots"
STATIC = Path(__file__).parent.parent.parent / "app" / "static"
ART = Path(__file__).parent / "art"
SCALE = 1.5
COLOURS = 256

# Read by Python at its start: the server then finds all made-up names on loopback.
NAMES = """\
import socket
lookup = socket.getaddrinfo
def getaddrinfo(host, *args, **options):
    return lookup("127.0.0.1" if str(host).endswith(".example") else host, *args, **options)
socket.getaddrinfo = getaddrinfo
"""


def art(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Story:
    host: str
    path: str
    site: str
    title: str
    description: str
    picture: str
    colour: str
    latency: float = 0.0

    @property
    def url(self) -> str:
        return f"https://{self.host}{self.path}"

    @property
    def html(self) -> str:
        return f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{self.title}</title>
        <meta property="og:title" content="{self.title}"><meta property="og:site_name" content="{self.site}">
        <meta property="og:description" content="{self.description}"><meta property="og:type" content="article">
        <meta property="og:image" content="/{self.host}.svg"><meta property="og:image:width" content="1200">
        <meta property="og:image:height" content="630"><meta name="theme-color" content="{self.colour}">
        <link rel="icon" href="/{self.host}-icon.svg" type="image/svg+xml"></head>
        <body>{self.description}</body></html>"""

    @property
    def icon(self) -> str:
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="4" '
            f'fill="{self.colour}"/><circle cx="8" cy="8" r="3.5" fill="#fff"/></svg>'
        )


STORIES = (
    Story(
        "harbour.example",
        "/slow-boats",
        "The Harbour Review",
        "The slow boats of the northern harbours",
        "Three skippers still carry freight under sail. A week on deck with people who are in no hurry.",
        art(STATIC / "example-harbour.svg"),
        "#c8553d",
    ),
    Story(
        "press.example",
        "/calling-cards",
        "Letterpress Quarterly",
        "A short history of the calling card",
        "Before profiles and previews there was a small piece of paper that said who had come to the door.",
        art(STATIC / "example-press.svg"),
        "#20324a",
        latency=4.0,
    ),
    Story(
        "kitchen.example",
        "/bread-that-waits",
        "Slow Kitchen",
        "Bread that waits for you",
        "A dough for people with jobs: five minutes tonight, an oven in the morning, and a crust that sings.",
        art(ART / "bread.svg"),
        "#b3712f",
        latency=0.12,
    ),
    Story(
        "orbit.example",
        "/tonight",
        "Orbit",
        "Every light you can see tonight without a telescope",
        "A map of the evening sky for the middle of the week, and where to stand to have it to yourself.",
        art(ART / "night.svg"),
        "#3a2a6b",
        latency=0.31,
    ),
)

GONE = "https://harbour.example/an-old-story"

BLOG = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Links of the week</title>
<meta name="viewport" content="width=device-width">
<script src="{server}/link-preview.js" data-key="{key}" async></script>
<style>:root {{ color-scheme: light dark; background: light-dark(#fff, #101113); color: light-dark(#1d1e21, #ececec) }}
body {{ font: 1.0625rem/1.6 Inter, system-ui, sans-serif; margin: 2.5rem auto; max-width: 42rem; padding: 0 1.5rem }}
h1 {{ font-size: 2rem; letter-spacing: -.03em; line-height: 1.1; margin: 0 0 .6rem }} p {{ margin: 1.1rem 0 .8rem }}
link-preview {{ --link-preview-font: 1rem/1.4 Inter, system-ui, sans-serif; margin-block-end: .9rem }}</style></head>
<body><main><h1>Links of the week</h1><p>Two things to read slowly, and one to look up at:</p>{previews}
<p>This one has moved, so it stays a link:</p><link-preview href="{gone}"></link-preview></main></body></html>"""


def pages(site: Site) -> None:
    """Serve the stories, each at its own pace the first time that it is asked for."""
    for story in STORIES:
        site.route(story.path, _unhurried(story))
        site.page(f"/{story.host}.svg", story.picture, content_type="image/svg+xml")
        site.page(f"/{story.host}-icon.svg", story.icon, content_type="image/svg+xml")


def _unhurried(story: Story) -> Any:
    def answer(wire: Wire, request: Request) -> None:
        wire.pause(story.latency)
        wire.answer(story.html.encode())

    return answer


@contextmanager
def stage() -> Iterator[tuple[Server, Site, Any]]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "sitecustomize.py").write_text(NAMES)
        authority = Authority(folder)
        site = Site(port=443, tls=authority.server_context(*(story.host for story in STORIES)))
        pages(site)
        environ = {"PYTHONPATH": str(folder), "PAGECARD_CA_BUNDLE": str(authority.bundle)}
        lookups = f"MAP *.example 127.0.0.1, {NO_LOOKUPS}"
        with running_server(folder, environ) as server, running_chromium(lookups) as browser:
            yield server, site, browser
        site.close()


def tab(browser: Any, scheme: str, width: int, height: int) -> Any:
    return browser.new_context(
        color_scheme=scheme,
        viewport={"width": width, "height": height},
        device_scale_factor=SCALE,
        ignore_https_errors=True,
    ).new_page()


def save(page: Any, name: str, *, whole: bool = False) -> None:
    with Image.open(io.BytesIO(page.screenshot(full_page=whole))) as picture:
        small = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    FOLDER.mkdir(parents=True, exist_ok=True)
    small.save(FOLDER / f"{name}.png", optimize=True)


def playground(server: Server, browser: Any, scheme: str) -> None:
    """In mid-stream: three cards are there, one is on its way, one has failed."""
    page = tab(browser, scheme, 1360, 1180)
    page.goto(server.url)
    page.fill("#key", server.key())
    page.fill("#urls", "\n".join([*(story.url for story in STORIES), GONE]))
    page.set_checked("#fresh", True)
    page.click("#go")
    wait_until(page, "document.querySelectorAll('.waiting').length === 1")
    wait_for_pictures(page)
    page.locator("#cards button").first.click()
    page.evaluate("document.activeElement.blur()")
    time.sleep(0.4)
    save(page, f"playground-{scheme}")
    page.context.close()


def widget(server: Server, site: Site, browser: Any, scheme: str) -> None:
    page = tab(browser, scheme, 820, 700)
    key = server.publishable_key("https://harbour.example")
    previews = "\n".join(f'<link-preview href="{story.url}"></link-preview>' for story in STORIES if story.latency < 1)
    site.page("/links", BLOG.format(server=server.url, key=key, previews=previews, gone=GONE))
    page.goto("https://harbour.example/links")
    wait_until(page, "[...document.querySelectorAll('link-preview')].every(each => each.state !== 'loading')")
    wait_for_pictures(page)
    save(page, f"widget-{scheme}")
    page.context.close()


GALLERIES = (
    ("list", "light", 1280, "ltr"),
    ("grid", "dark", 1280, "rtl"),
    ("list", "dark", 390, "ltr"),
    ("grid", "light", 390, "rtl"),
)


def gallery(server: Server, browser: Any, kind: str, scheme: str, width: int, direction: str) -> None:
    """Twelve kinds of cards: one has failed, one is still on its way."""
    site = Site()
    cards = Gallery(site)
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 844})
    page = context.new_page()
    Blog(page, server, site).open(cards.body(kind), dir=direction, attributes="")
    wait_until(page, "document.querySelectorAll('link-preview[state=loading]').length === 1")
    page.evaluate("document.querySelectorAll('link-preview').forEach(each => each.scrollIntoView())")
    time.sleep(0.4)
    save(page, f"cards-{kind}-{width}-{scheme}-{direction}", whole=True)
    cards.released.set()
    context.close()
    site.close()


def reference(server: Server, browser: Any, scheme: str) -> None:
    page = tab(browser, scheme, 1360, 900)
    page.goto(f"{server.url}/docs")
    page.fill("#key", server.key())
    batch = page.locator("[aria-label='Try POST /v1/extract/batch']")
    batch.locator("textarea").fill(json.dumps({"urls": [STORIES[0].url]}, indent=2))
    batch.get_by_role("button", name="Send").click()
    wait_until(page, "document.querySelector('.answer .tag')")
    page.evaluate("document.activeElement.blur(); document.querySelector('#extract_many').scrollIntoView()")
    time.sleep(0.2)
    save(page, f"reference-{scheme}")
    page.context.close()


def wait_for_pictures(page: Any) -> None:
    wait_until(
        page,
        """[...document.querySelectorAll('link-preview')].every(each =>
            [...each.shadowRoot.querySelectorAll('img')].every(image => image.naturalWidth))""",
    )


def main() -> None:
    with stage() as (server, site, browser):
        for scheme in ("light", "dark"):
            playground(server, browser, scheme)
            widget(server, site, browser, scheme)
            reference(server, browser, scheme)
        for each in GALLERIES:
            gallery(server, browser, *each)


if __name__ == "__main__":
    main()
