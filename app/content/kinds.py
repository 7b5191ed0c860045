"""Kind of a page, by a linear model over marks of its address, its head and its blocks."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from math import exp

from app.content.blocks import Blocks
from app.content.elements import names_of

KINDS = ("article", "collection", "documentation", "forum", "listing", "product", "service")

_URL_WORD = re.compile(r"[a-z]{2,20}")
_TYPE = re.compile(r'"@type"\s{0,4}+:\s{0,4}+\[?\s{0,4}+"(\w{2,40})"')
MAX_JSON_LD = 200_000
"""Characters of JSON-LD that are searched for types."""


def marks_of(blocks: Blocks, url: str) -> list[str]:
    """Marks of a page that tell its kind."""
    table = blocks.table
    host, _, path = url.partition("://")[2].lower().partition("/")
    path = path.partition("?")[0]
    found = [f"host {word}" for word in _URL_WORD.findall(host)]
    found += [f"path {word}" for word in _URL_WORD.findall(path[:300])]
    found.append(f"segments {min(path.strip('/').count('/') + bool(path.strip('/')), 5)}")
    found.append(f"dashes {min(path.rpartition('/')[2].count('-'), 6)}")
    found.append(f"digits {sum(map(str.isdigit, path)) > 3}")
    for row in table.all("html", "body"):
        found += [f"body {name}" for name in names_of(table, row)]
    for row in table.all("meta"):
        if table.attribute(row, "property") == "og:type":
            found.append(f"og {(table.attribute(row, 'content') or '').lower()[:30]}")
        if (table.attribute(row, "name") or "").lower() == "generator":
            found += [
                f"generator {word}"
                for word in _URL_WORD.findall((table.attribute(row, "content") or "").lower()[:60])[:2]
            ]
    for row in table.all("script"):
        if (table.attribute(row, "type") or "").lower() == "application/ld+json":
            found += [f"type {name}" for name in _TYPE.findall(table.raw_text(row)[:MAX_JSON_LD])[:50]]
    return list(dict.fromkeys(found + _counts(blocks)))


def _counts(blocks: Blocks) -> list[str]:
    table, count = blocks.table, max(1, len(blocks))
    words = blocks.word_sums[-1]
    long = sum(1 for each in blocks.words if each > 25)
    numbers = {
        "words": words,
        "blocks": count,
        "long": long,
        "mean": words // count,
        "articles": len(table.all("article")),
        "paragraphs": len(table.all("p")),
        "items": len(table.all("li")),
        "images": len(table.all("img")),
        "code": len(table.all("pre")),
        "times": len(table.all("time")),
        "headings": len(table.all("h2", "h3")),
        "cells": len(table.all("td")),
    }
    found = [f"{name} {number.bit_length()}" for name, number in numbers.items()]
    linked = 10 * blocks.linked_sums[-1] // max(1, blocks.character_sums[-1])
    text = " ".join(blocks.texts[:400]).lower()[:20_000]
    return [*found, f"linked {linked}", *(f"says {word}" for word in _TOLD if word in text)]


_TOLD = (
    "add to cart",
    "add to bag",
    "in stock",
    "reviews",
    "sort by",
    "filter",
    "reply",
    "replies",
    "joined",
    "posted",
    "min read",
    "published",
    "by ",
    "on this page",
    "next steps",
    "get started",
    "contact us",
    "free trial",
    "price",
    "$",
    "€",
    "copy",
    "example",
    "api",
    "views",
    "likes",
    "quote",
    "thread",
    "jobs",
    "showing",
    "results",
    "load more",
)


def probabilities(marks: Sequence[str], weights: Mapping[str, Sequence[float]]) -> list[float]:
    """Probability of each of `KINDS`: a softmax over sums of the weights of the marks; "" is the intercept."""
    sums = list(weights[""])
    for mark in marks:
        if known := weights.get(mark):
            sums = [left + right for left, right in zip(sums, known, strict=True)]
    most = max(sums)
    powers = [exp(each - most) for each in sums]
    return [each / sum(powers) for each in powers]
