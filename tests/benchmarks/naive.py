"""The obvious afternoon's work, kept as it is usually written: the lower reference.

Flask, a pool per request, `requests.get`, `BeautifulSoup(html, "lxml")`, a TTL dict.
"""

from __future__ import annotations

import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urljoin

import requests
from bs4 import BeautifulSoup
from flask import Flask, jsonify, request

TTL = 3600
app = Flask(__name__)
cache = {}


def read(url, html):
    soup = BeautifulSoup(html, "lxml")

    def meta(name):
        tag = soup.find("meta", property=name) or soup.find("meta", attrs={"name": name})
        return tag.get("content") if tag else None

    def link(rel):
        tag = soup.find("link", rel=rel)
        return urljoin(url, tag["href"]) if tag and tag.get("href") else None

    title = soup.title.get_text().strip() if soup.title else None
    image = meta("og:image") or meta("twitter:image")
    return {
        "url": url,
        "title": meta("og:title") or meta("twitter:title") or title,
        "description": meta("og:description") or meta("twitter:description") or meta("description"),
        "image": urljoin(url, image) if image else None,
        "open_graph": {
            name: meta(f"og:{name}") for name in ("title", "description", "image", "url", "type", "site_name", "locale")
        },
        "twitter": {
            name: meta(f"twitter:{name}") for name in ("card", "site", "creator", "title", "description", "image")
        },
        "meta": {
            "author": meta("author"),
            "keywords": [word.strip() for word in (meta("keywords") or "").split(",") if word.strip()],
            "theme_color": meta("theme-color"),
            "canonical_url": link("canonical"),
            "favicon": link("icon"),
            "language": soup.html.get("lang") if soup.html else None,
        },
    }


def extract(url):
    if url in cache and cache[url][0] > time.time():
        return {"url": url, "success": True, "data": cache[url][1], "cache_hit": True}
    try:
        response = requests.get(url, timeout=10)
        response.raise_for_status()
        data = read(response.url, response.text)
    except Exception as error:
        return {"url": url, "success": False, "error": {"code": "FETCH_FAILED", "message": str(error)}}
    cache[url] = (time.time() + TTL, data)
    return {"url": url, "success": True, "data": data, "cache_hit": False}


@app.post("/v1/extract/batch")
def batch():
    started = time.time()
    with ThreadPoolExecutor(max_workers=10) as pool:
        results = list(pool.map(extract, request.json["urls"]))
    successful = sum(result["success"] for result in results)
    return jsonify(
        success=True,
        data={
            "results": results,
            "summary": {"total": len(results), "successful": successful, "failed": len(results) - successful},
        },
        meta={
            "request_id": f"req_{uuid.uuid4().hex}",
            "response_time_ms": round((time.time() - started) * 1000),
        },
    )
