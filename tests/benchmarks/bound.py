"""What this stack can do at most: the upper reference, tuned by hand and stripped of everything else.

No address check, no deadline inside the socket, no budget of bytes, no redirect by hand, no key, no limit, no
shared cache, no metrics, and a dozen fields instead of all of them. What it keeps is what costs time everywhere:
Flask on gunicorn's threads, urllib3 over one SSLContext, lxml on the head with a parser of its own for each page,
a scan for JSON-LD, and a cache of results that are encoded already.
"""

from __future__ import annotations

import os
import ssl
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urljoin

import certifi
import orjson
import urllib3
from flask import Flask, Response, request
from lxml import etree

THREADS = 128
FIRST_BYTES = 256 * 1024  # parsed of a page that never closes its head
app = Flask(__name__)
cache: dict[str, bytes] = {}
pool = ThreadPoolExecutor(max_workers=THREADS)
trust = ssl.create_default_context(cafile=certifi.where())
if os.environ.get("CA_BUNDLE"):
    trust.load_verify_locations(os.environ["CA_BUNDLE"])
web = urllib3.PoolManager(
    num_pools=512, maxsize=4, ssl_context=trust, retries=False, timeout=10.0, headers={"User-Agent": "bound"}
)

META = {
    "og:title": ("open_graph", "title"),
    "og:description": ("open_graph", "description"),
    "og:image": ("open_graph", "image"),
    "og:url": ("open_graph", "url"),
    "og:type": ("open_graph", "type"),
    "og:site_name": ("open_graph", "site_name"),
    "og:locale": ("open_graph", "locale"),
    "twitter:card": ("twitter", "card"),
    "twitter:site": ("twitter", "site"),
    "twitter:creator": ("twitter", "creator"),
    "twitter:title": ("twitter", "title"),
    "twitter:description": ("twitter", "description"),
    "twitter:image": ("twitter", "image"),
    "description": ("meta", "description"),
    "author": ("meta", "author"),
    "keywords": ("meta", "keywords"),
    "theme-color": ("meta", "theme_color"),
    "article:published_time": ("article", "published_time"),
    "article:modified_time": ("article", "modified_time"),
    "article:author": ("article", "author"),
    "article:section": ("article", "section"),
}
LD_TYPE = b"application/ld+json"


def read_structured(html: bytes, article: dict[str, Any]) -> None:
    at = html.find(LD_TYPE)
    while at >= 0:
        start = html.find(b">", at) + 1
        end = html.find(b"</script", start)
        if not 0 < start <= end:
            return
        try:
            found = orjson.loads(html[start:end])
        except orjson.JSONDecodeError:
            found = None
        for thing in found if isinstance(found, list) else [found]:
            if isinstance(thing, dict):
                article.setdefault("published_time", thing.get("datePublished"))
                article.setdefault("modified_time", thing.get("dateModified"))
        at = html.find(LD_TYPE, end)


def read(url: str, html: bytes) -> dict[str, Any]:
    cut = html.find(b"</head>")
    head = html[:cut] if cut >= 0 else html[:FIRST_BYTES]
    try:
        head.decode()
        encoding = "utf-8"
    except UnicodeDecodeError:
        encoding = None
    parser = etree.HTMLParser(encoding=encoding, remove_comments=True, remove_pis=True)
    root = etree.fromstring(head or b"<html></html>", parser)
    card: dict[str, Any] = {"open_graph": {}, "twitter": {}, "meta": {}, "article": {}}
    links: dict[str, str] = {}
    title = None
    for element in root.iter("meta", "link", "title"):
        if element.tag == "meta":
            place = META.get((element.get("property") or element.get("name") or "").lower())
            if place:
                card[place[0]].setdefault(place[1], element.get("content"))
        elif element.tag == "link":
            for rel in (element.get("rel") or "").lower().split():
                links.setdefault(rel, element.get("href") or "")
        elif title is None:
            title = " ".join((element.text or "").split())
    read_structured(html, card["article"])
    og, twitter, meta = card["open_graph"], card["twitter"], card["meta"]
    image = og.get("image") or twitter.get("image")
    return {
        "url": url,
        "title": og.get("title") or twitter.get("title") or title,
        "description": og.get("description") or twitter.get("description") or meta.get("description"),
        "image": urljoin(url, image) if image else None,
        "canonical_url": urljoin(url, links["canonical"]) if "canonical" in links else None,
        "favicon": urljoin(url, links.get("icon", "/favicon.ico")),
        "language": root.get("lang"),
        **card,
    }


def extract(url: str) -> bytes:
    try:
        answer = web.request("GET", url)
    except urllib3.exceptions.HTTPError as error:
        failure = {"url": url, "success": False, "error": {"code": "FETCH_FAILED", "message": str(error)}}
        return orjson.dumps(failure)
    data = b'{"url":%b,"success":true,"data":%b,"cache_hit":' % (
        orjson.dumps(url),
        orjson.dumps(read(url, answer.data)),
    )
    cache[url] = data + b"true}"
    return data + b"false}"


@app.post("/v1/extract/batch")
def batch() -> Response:
    started = time.monotonic()
    urls = orjson.loads(request.get_data(cache=False))["urls"]
    results = [cache.get(url) or pool.submit(extract, url) for url in urls]
    ready = [result if isinstance(result, bytes) else result.result() for result in results]
    head = b'{"success":true,"data":{"results":['
    foot = b'],"summary":{"total":%d}},"meta":{"request_id":"req_%b","response_time_ms":%d}}' % (
        len(ready),
        uuid.uuid4().hex.encode(),
        (time.monotonic() - started) * 1000,
    )
    return Response(b"".join((head, b",".join(ready), foot)), mimetype="application/json")
