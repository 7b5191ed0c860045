"""JSON-LD as pages write it: each script alone, forgiving what can be forgiven.

Rule 1: one broken script loses itself and no other.
Rule 2: nothing here recurses deeper than `MAX_DEPTH` or visits more than `MAX_NODES`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

import orjson

from app.metadata.values import clean

Node = dict[str, Any]

MAX_SCRIPTS = 50
"""JSON-LD scripts read of one page."""

MAX_NODES = 2_000
"""Nodes kept of one page."""

MAX_WORKS = 50
"""Nodes that are asked what the page is."""

MAX_DEPTH = 20
"""Levels of nesting in which nodes are looked for."""

ARTICLE_TYPES = frozenset(
    (
        "article", "newsarticle", "blogposting", "reportagenewsarticle", "analysisnewsarticle",
        "opinionnewsarticle", "backgroundnewsarticle", "reviewnewsarticle", "askpublicnewsarticle", "techarticle",
        "scholarlyarticle", "report", "satiricalarticle", "advertisercontentarticle", "socialmediaposting",
        "liveblogposting", "discussionforumposting", "medicalscholarlyarticle", "blogpost",
    )
)  # fmt: skip
WORK_TYPES = ARTICLE_TYPES | frozenset(
    (
        "creativework", "videoobject", "podcastepisode", "podcastseries", "recipe",
        "review", "book", "movie", "tvepisode", "tvseries",
        "musicrecording", "musicalbum", "audioobject", "photograph", "episode",
        "course", "event", "product", "howto", "faqpage",
        "qapage", "question", "softwareapplication", "softwaresourcecode", "dataset",
        "presentationdigitaldocument", "audiobook", "claimreview", "mediaobject",
    )
)  # fmt: skip
PAGE_TYPES = frozenset(
    (
        "webpage", "collectionpage", "itempage", "profilepage",
        "aboutpage", "contactpage", "medicalwebpage", "checkoutpage",
    )
)  # fmt: skip
_WORKS = (ARTICLE_TYPES, WORK_TYPES - ARTICLE_TYPES, PAGE_TYPES)

_OPENINGS = ("<!--", "//<![CDATA[", "// <![CDATA[", "/*<![CDATA[*/", "/* <![CDATA[ */", "<![CDATA[", "//")
_ENDINGS = ("-->", "//]]>", "// ]]>", "/*]]>*/", "/* ]]> */", "]]>", "]]&gt;", ";", "//")
# Strings match first and whole, so that what looks like a comment inside one is left alone.
_COMMENT = re.compile(r'("(?:[^"\\]|\\.)*+"?)|/\*.*?(?:\*/|\Z)', re.DOTALL)
_TRAILING_COMMA = re.compile(r'("(?:[^"\\]|\\.)*+"?)|,(?=\s{0,100}[}\]])', re.DOTALL)
_BAD_ESCAPE = re.compile(r'\\(?!["\\/bfnrtu])')


def read_blocks(scripts: Iterable[bytes]) -> Iterator[Any]:
    """What each script, in UTF-8, holds; scripts that cannot be read are left out."""
    for script in islice(scripts, MAX_SCRIPTS):
        try:
            yield orjson.loads(script)
        except ValueError:
            block = _read_tolerantly(script.decode("utf-8", "replace"))
            if block is not None:
                yield block


def _read_tolerantly(script: str) -> Any:
    for mend in (_unwrap, _uncomment, _unescape):
        script = mend(script)
        try:
            return json.loads(script, strict=False, parse_constant=lambda _: None)
        except (ValueError, RecursionError):
            continue
    return None


def _unwrap(script: str) -> str:
    """Take away what hid scripts from the browsers and the XML parsers of old."""
    script = script.strip()
    for _ in range(3):
        opening = next((opening for opening in _OPENINGS if script.startswith(opening)), "")
        script = script.removeprefix(opening).lstrip()
        ending = next((ending for ending in _ENDINGS if script.endswith(ending)), "")
        script = script.removesuffix(ending).rstrip()
    return script


def _uncomment(script: str) -> str:
    return _TRAILING_COMMA.sub(_keep_string, _COMMENT.sub(_keep_string, script))


def _keep_string(found: re.Match[str]) -> str:
    return found[1] or ""


def _unescape(script: str) -> str:
    return _BAD_ESCAPE.sub(r"\\\\", script)


def flatten(blocks: Iterable[Any]) -> list[Node]:
    """The nodes of all blocks: roots, members of lists and of `@graph`, and what is the main entity of those."""
    nodes: list[Node] = []
    for block in blocks:
        _collect(block, nodes, MAX_DEPTH)
    return nodes


def _collect(value: Any, nodes: list[Node], depth: int) -> None:
    if depth == 0 or len(nodes) >= MAX_NODES:
        return
    if isinstance(value, list):
        for item in value[:MAX_NODES]:
            _collect(item, nodes, depth - 1)
    elif isinstance(value, dict):
        nodes.append(value)
        for key in ("@graph", "mainEntity", "mainEntityOfPage"):
            if isinstance(value.get(key), dict | list):
                _collect(value[key], nodes, depth - 1)


def by_id(nodes: Iterable[Node]) -> dict[str, Node]:
    """The first node under each `@id` that says more than that."""
    return {name: node for node in reversed(list(nodes)) if len(node) > 1 and isinstance(name := node.get("@id"), str)}


def works(nodes: Iterable[Node]) -> list[Node]:
    """The nodes that say what the page is: articles first, then other works, then the page itself."""
    typed = [(types_of(node), node) for node in nodes]
    return [node for kinds in _WORKS for types, node in typed if not kinds.isdisjoint(types)][:MAX_WORKS]


def types_of(node: Node) -> set[str]:
    """The types of a node in lower case, without the vocabulary's address."""
    kinds = node.get("@type")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    return {kind.rsplit("/", 1)[-1].lower() for kind in kinds if isinstance(kind, str)}


def of_types(nodes: Iterable[Node], kinds: frozenset[str]) -> list[Node]:
    """The nodes that are of one of these types."""
    return [node for node in nodes if not kinds.isdisjoint(types_of(node))]


def text_of(value: Any) -> str | None:
    """A string, or the first of a list, or the `@value` or `name` of an object."""
    for _ in range(4):
        if isinstance(value, list):
            value = value[0] if value else None
        elif isinstance(value, dict):
            value = value.get("@value") or value.get("name")
        else:
            break
    if isinstance(value, int | float) and not isinstance(value, bool):
        return clean(str(value))
    return clean(value) if isinstance(value, str) else None


def names_of(value: Any, by_id: Mapping[str, Node]) -> list[str]:
    """The names of people or organisations: strings, objects, lists of them, `{"name": […]}`, `{"@id": …}`."""
    items = value if isinstance(value, list) else [value]
    names: list[str] = []
    for item in items[:20]:
        if isinstance(item, dict):
            item = _follow(item, by_id).get("name")
        found = item if isinstance(item, list) else [item]
        names += [name for part in found[:20] if isinstance(part, str) and (name := clean(part))]
    return list(dict.fromkeys(names))


def _follow(item: Node, by_id: Mapping[str, Node]) -> Node:
    """What an `{"@id": …}` refers to."""
    reference = item.get("@id")
    return by_id.get(reference, item) if "name" not in item and isinstance(reference, str) else item


def url_of(value: Any, by_id: Mapping[str, Node]) -> str | None:
    """The URL in a string, a list, an ImageObject or a reference to one."""
    for _ in range(4):
        if isinstance(value, list):
            value = value[0] if value else None
        elif isinstance(value, dict):
            value = value.get("url") or value.get("contentUrl") or _referred(value, by_id)
        else:
            break
    return value if isinstance(value, str) else None


def _referred(item: Node, by_id: Mapping[str, Node]) -> Any:
    reference = item.get("@id")
    found = by_id.get(reference) if isinstance(reference, str) else None
    return found and (found.get("url") or found.get("contentUrl"))
