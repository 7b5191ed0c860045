"""Twelve pages, one for each kind of card, and a page that shows their cards."""

from __future__ import annotations

import threading
from typing import Any

from tests.site import Site

SKY = """<svg xmlns="http://www.w3.org/2000/svg" width="1200" height="630" viewBox="0 0 1200 630">
<linearGradient id="a" x2="0" y2="1"><stop stop-color="{0}"/><stop offset="1" stop-color="{1}"/></linearGradient>
<rect width="1200" height="630" fill="url(#a)"/><circle cx="880" cy="210" r="90" fill="#fff" opacity=".85"/>
<path d="M0 470 Q300 340 600 470 T1200 440 V630 H0Z" fill="#12263a" opacity=".55"/>
<path d="M0 540 Q300 440 620 540 T1200 520 V630 H0Z" fill="#0b1826" opacity=".75"/></svg>"""
KETTLE = """<svg xmlns="http://www.w3.org/2000/svg" width="800" height="800" viewBox="0 0 80 80">
<rect width="80" height="80" fill="#fff"/><path d="M24 34h32l6 30H18z" fill="#2e6b4f"/>
<path d="M28 34a12 12 0 0 1 24 0" fill="none" stroke="#2e6b4f" stroke-width="4"/>
<path d="M60 40l12-6-2 8-9 8z" fill="#2e6b4f"/>
<circle cx="40" cy="22" r="3" fill="#1b1c1f"/></svg>"""
LOGO = """<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64" viewBox="0 0 64 64">
<path d="M8 20 32 6l24 14v24L32 58 8 44z" fill="#1b1c1f"/><path d="M20 40V26l12 14V26" stroke="#fff" stroke-width="4"
fill="none"/></svg>"""

COVER = """<svg xmlns="http://www.w3.org/2000/svg" width="1400" height="1400" viewBox="0 0 80 80">
<rect width="80" height="80" fill="#1e4d5c"/><g fill="none" stroke="#f2d6a2" stroke-width="3">
<path d="M0 30q10-8 20 0t20 0 20 0 20 0"/><path d="M0 44q10-8 20 0t20 0 20 0 20 0"/>
<path d="M0 58q10-8 20 0t20 0 20 0 20 0"/></g></svg>"""

OF_IMAGE = (
    '<meta property="og:image" content="{0}"><meta property="og:image:width" content="{1}">'
    '<meta property="og:image:height" content="{2}">'
)
VIDEO = (
    '<meta property="og:type" content="video.other"><meta property="video:duration" content="212">'
    '<meta name="twitter:player" content="https://127.0.0.1/player/1">'
    '<meta name="twitter:player:width" content="1280"><meta name="twitter:player:height" content="720">'
)
PRODUCT = (
    '<meta property="og:type" content="product"><meta property="product:price:amount" content="49.90">'
    '<meta property="product:price:currency" content="EUR"><meta property="product:availability" content="in stock">'
)
ARTICLE = (
    '<meta property="og:type" content="article"><meta name="author" content="{0}">'
    '<meta property="article:published_time" content="{1}">'
)
AUDIO = '<meta property="og:type" content="music.song"><meta property="music:duration" content="1834">'

ORDER = (
    *("article", "product", "logo", "video", "audio", "pdf"),
    *("bare", "dead", "arabic", "english", "failed", "slow"),
)

STYLE = """:root { background: light-dark(#fff, #101113); color: light-dark(#1d1e21, #eee); color-scheme: light dark }
body { font: 1rem/1.5 system-ui, sans-serif; margin: 1.5rem auto; max-width: 76rem; padding: 0 1rem }
h1 { font-size: 1.25rem } .list { max-width: 42rem; margin-inline: auto }
.list link-preview { margin-block-end: .75rem }
.grid { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr)) }"""


class Gallery:
    """The twelve pages on `web`; the slow one answers once it is released."""

    def __init__(self, web: Site) -> None:
        self.web = web
        self.released = threading.Event()
        sky = self._picture("sky", SKY.format("#f3a05f", "#5b6fa8"))
        dusk = self._picture("dusk", SKY.format("#2b2a5c", "#c86b85"))
        kettle, logo = self._picture("kettle", KETTLE), self._picture("logo", LOGO)
        cover = self._picture("cover", COVER)
        pages = {
            "article": ("The slow boats of the northern harbours", "The Harbour Review",
                        "Three skippers still carry freight under sail. A week on deck with people in no hurry.",
                        OF_IMAGE.format(sky, 1200, 630) + ARTICLE.format("Ida Roe", "2026-05-26T10:30:00Z")),
            "product": ("Enamel kettle 1.5 l, forest green", "Hearth", "For gas, induction and an open fire.",
                        OF_IMAGE.format(kettle, 800, 800) + PRODUCT),
            "logo": ("left-pad-again", "Package index", "Pads strings on the left. No dependencies, of course.",
                     OF_IMAGE.format(logo, 64, 64) + '<meta name="twitter:card" content="summary">'),
            "video": ("Evening over the strait", "Loopback", "Two minutes of light, filmed from the ferry.",
                      OF_IMAGE.format(dusk, 1280, 720) + VIDEO),
            "audio": ("Tides, a series in six parts", "Harbour Radio", "Part one: the clock of the moon.",
                      OF_IMAGE.format(cover, 1400, 1400) + AUDIO),
            "bare": ("Configuration", "Manual", "Every setting, its default and what it is good for.", ""),
            "dead": ("A picture that has gone", "The Old Paper", "Its page is still there.",
                     OF_IMAGE.format(web.url("/gone.png"), 1200, 630)),
            "english": ("A reading room by the sea", "Coast", "Left to right, wherever the page begins.",
                        OF_IMAGE.format(sky, 1200, 630)),
        }  # fmt: skip
        self.urls = {name: self._page(name, *told) for name, told in pages.items()}
        told = ("مكتبة على شاطئ البحر", "الساحل", "غرفة للقراءة تطل على الميناء القديم.")
        self.urls["arabic"] = self._page("arabic", *told, OF_IMAGE.format(dusk, 1200, 630), "ar")
        pdf = b"%PDF-1.4 " + b"0" * 1_234_000
        self.urls["pdf"] = web.page("/tide-tables-2026.pdf", pdf, content_type="application/pdf")
        self.urls["failed"] = web.url("/missing")
        self.urls["slow"] = web.route("/slow", self._answer_slowly)

    def _picture(self, name: str, svg: str) -> str:
        return self.web.page(f"/{name}.svg", svg, content_type="image/svg+xml")

    def _page(self, name: str, title: str, site: str, description: str, head: str, language: str = "en") -> str:
        html = f"""<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{title}</title>
        <meta property="og:title" content="{title}"><meta property="og:site_name" content="{site}">
        <meta property="og:description" content="{description}">{head}</head><body><p>Text</p></body></html>"""
        return self.web.page(f"/{name}", html)

    def _answer_slowly(self, wire: Any, request: Any) -> None:
        self.released.wait(15)
        wire.answer(b'<title>Worth the wait</title><meta name="description" content="It came in the end.">')

    def body(self, kind: str) -> str:
        """Cards of all pages as links, in a `list` or a `grid`."""
        links = "\n".join(f'<link-preview><a href="{self.urls[name]}">{name}</a></link-preview>' for name in ORDER)
        return f'<style>{STYLE}</style><div class="{kind}">{links}</div>'
