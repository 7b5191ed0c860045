"""The pages that are served to whatever is measured: a folder of real ones, or synthetic ones.

Rule: the same arguments give the same pages in the same order, so that two runs can be compared.
"""

from __future__ import annotations

import random
from pathlib import Path

SAMPLE = 210
LEAST_BYTES = 4_096  # smaller files in such folders are test stubs, which nobody publishes


def load_pages(folder: Path | None, sample: int = SAMPLE) -> list[bytes]:
    """`sample` HTML pages of `folder`, searched recursively, or as many synthetic ones without a folder.

    Raises SystemExit if the folder holds none.
    """
    if folder is None:
        return synthetic_pages(sample)
    files = [path for path in sorted(folder.rglob("*.htm*")) if path.stat().st_size >= LEAST_BYTES]
    if not files:
        raise SystemExit(f"{folder} holds no HTML page of {LEAST_BYTES} bytes or more")
    chosen = random.Random(1).sample(files, min(sample, len(files)))
    return [path.read_bytes() for path in chosen]


def synthetic_pages(count: int = SAMPLE) -> list[bytes]:
    """Pages in the sizes of real ones: 128 KB at the median, 565 KB at the 90th percentile, 1.9 MB at most."""
    draw = random.Random(1)
    return [_page(number, min(1_900_000, int(draw.lognormvariate(11.76, 1.16)))) for number in range(count)]


def _page(number: int, size: int) -> bytes:
    head = HEAD.format(n=number, css="a{color:red}" * 200, meta=META * 10, links=LINKS * 5)
    blocks = (BLOCK.format(n=number, i=index) for index in range(size // len(BLOCK)))
    structured = JSON_LD.format(n=number)
    # On one page in thirteen the structured data stands after the head.
    late = number % 13 == 0
    return "".join(
        [head, "" if late else structured, "</head><body>", *blocks, structured if late else "", "</body></html>"]
    ).encode()


META = '<meta name="x-vendor-setting" content="a value that no reader wants">\n'
LINKS = '<link rel="preload" as="script" href="/assets/bundle.js?v=1">\n<script>window.q=window.q||[]</script>\n'
HEAD = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Story number {n} of the synthetic press</title>
<meta name="description" content="What happened on day {n}, told in a sentence of ordinary length.">
<meta name="author" content="Jane Doe"><meta name="keywords" content="news, day {n}, press">
<meta property="og:title" content="Story number {n}"><meta property="og:type" content="article">
<meta property="og:description" content="What happened on day {n}."><meta property="og:site_name" content="Press">
<meta property="og:url" content="https://press.example/story/{n}"><meta property="og:locale" content="en_GB">
<meta property="og:image" content="https://press.example/image/{n}.jpg"><meta property="og:image:width" content="1200">
<meta property="article:published_time" content="2026-03-01T08:00:00Z"><meta property="article:tag" content="press">
<meta name="twitter:card" content="summary_large_image"><meta name="twitter:site" content="@press">
<meta name="theme-color" content="#123456"><link rel="canonical" href="/story/{n}">
<link rel="icon" href="/favicon.png" sizes="32x32"><link rel="apple-touch-icon" href="/touch.png">
<link rel="alternate" type="application/rss+xml" title="Press" href="/feed.xml"><style>{css}</style>
{meta}{links}"""
JSON_LD = """<script type="application/ld+json">{{"@context": "https://schema.org", "@type": "NewsArticle",
"headline": "Story number {n}", "author": {{"@type": "Person", "name": "Jane Doe"}},
"datePublished": "2026-03-01T08:00:00Z", "image": ["https://press.example/image/{n}.jpg"]}}</script>
"""
BLOCK = (
    '<div class="block block-{i}"><h2>Part {i}</h2><p>Some <a href="/story/{n}/{i}">linked</a> text of story {n}, '
    "long enough to be a sentence.</p><ul><li>one</li><li>two</li></ul></div>\n"
)
