"""The blocks that `include` adds: JSON-LD and microdata as they stand in the page.

Rule 1: each fails alone, to an empty list.
Rule 2: what is handed out is strict JSON: no NaN, no integer beyond 2^53, no lone surrogate, no depth over
`MAX_DEPTH`, and at most `MAX_BLOCK` bytes.
Rule 3: the one tree that is built here is built of markup that was tamed first, and is walked once.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from typing import Any

import orjson
from extruct.w3cmicrodata import LxmlMicrodataExtractor
from lxml import etree

from app.metadata.containment import contained
from app.metadata.document import Document
from app.metadata.html.scan import read_attributes
from app.metadata.values import MAX_STRING

MAX_BLOCK = 256 * 1024
"""Bytes of one block as JSON; the items that do not fit are left out, from the end."""

MAX_DEPTH = 32
"""Levels of nesting that are kept."""

MAX_VALUES = 5_000
"""Values kept of one block."""

MAX_KEY = 200
"""Characters of a key."""

MAX_INTEGER = 2**53
"""RFC 8259, 6: beyond it JSON readers disagree; such a number is given as a string."""

MAX_TREE = 2 * 1024 * 1024
"""Bytes of markup that are read for microdata."""

MAX_NESTED = 100
"""Elements inside each other whose microdata is read."""

DENSE_TAG = 200
"""Characters of a tag whose attributes are counted: libxml2 compares each of them with every other."""

_LONG_TAG = re.compile(rb"<([a-zA-Z][a-zA-Z0-9:-]{0,30})([\s/][^>]{%d,})(?:>|$)" % DENSE_TAG)
_UNFIT = dict.fromkeys((*range(0x09), 0x0B, 0x0C, *range(0x0D, 0x20), *range(0x7F, 0xA0))) | dict.fromkeys(
    range(0xD800, 0xE000), 0xFFFD
)


@contained("json_ld", list[Any])
def read_json_ld(document: Document) -> list[Any]:
    """The JSON-LD blocks of a page, each as it was written, scrubbed and capped."""
    return _scrub_list(document.json_ld_blocks)


@contained("microdata", list[Any])
def read_microdata(document: Document) -> list[Any]:
    """The top-level microdata items of a page, nested, scrubbed and capped."""
    if b"itemscope" not in document.markup and b"ITEMSCOPE" not in document.markup:
        return []
    tree = _read_tree(document.markup[:MAX_TREE])
    items = _Microdata(tree).extract_items(tree, document.base_url) if tree is not None else []
    return _scrub_list(items)


def _read_tree(markup: bytes) -> Any:
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True)
    try:
        return etree.fromstring(_LONG_TAG.sub(_tame, markup), parser)
    except (etree.XMLSyntaxError, ValueError):
        return None


def _tame(tag: re.Match[bytes]) -> bytes:
    """A long tag with as many attributes as `read_attributes` keeps."""
    attributes, _ = read_attributes(tag[2] + b">", 0)
    return b"<%b %b>" % (tag[1], " ".join(_quote(*attribute) for attribute in attributes.items()).encode())


def _quote(name: str, value: str) -> str:
    return f'{name}="{value.replace(chr(34), "&quot;")}"'


class _Microdata(LxmlMicrodataExtractor):  # type: ignore[misc]
    """extruct's reading of the values, over a walk that sees each element once.

    Its own finds the properties of every item anew in all that lies below, and its own text of a property
    copies the subtree: hostile pages of 300 KB took it 11 s.
    """

    def __init__(self, tree: Any) -> None:
        super().__init__(nested=True, strict=False)
        self.by_id = {node.get("id"): node for node in tree.iter(etree.Element) if node.get("id")}
        self.left = MAX_VALUES
        self.depth = 0

    def _extract_item(self, node: Any, *args: Any, **context: Any) -> Any:
        self.left -= 1
        if self.left < 0:
            return None
        self.depth += 1
        try:
            return super()._extract_item(node, *args, **context) if self.depth <= MAX_DEPTH else None
        finally:
            self.depth -= 1

    def _extract_properties(
        self, node: Any, items_seen: set[Any], base_url: str, itemids: Any
    ) -> Iterator[tuple[str, Any]]:
        for prop in _own_properties(node):
            self.left -= 1
            if self.left < 0:
                return
            yield from self._extract_property(prop, items_seen=items_seen, base_url=base_url, itemids=itemids)

    def _extract_property_refs(self, node: Any, refid: str, **context: Any) -> Iterator[tuple[str, Any]]:
        self.left -= 1
        referred = self.by_id.get(refid) if self.left >= 0 else None
        if referred is None or _is_inside(node, referred):
            return
        if referred.get("itemprop"):
            yield from self._extract_property(referred, **context)
        else:
            yield from self._extract_properties(referred, **context)

    def _extract_property_value(self, node: Any, *args: Any, **context: Any) -> Any:
        try:
            return super()._extract_property_value(node, *args, **context)
        except ValueError:  # urljoin of what is no URL
            return None

    def _extract_textContent(self, node: Any) -> str:  # noqa: N802
        texts: list[str] = []
        room = MAX_STRING
        for text in node.itertext():
            texts.append(text)
            room -= len(text)
            if room < 0:
                break
        return " ".join(" ".join(texts).split())


def _own_properties(item: Any) -> Iterator[Any]:
    """The elements that are properties of `item`, and not of an item within it, in order."""
    waiting = [(child, 1) for child in reversed(item)]
    while waiting:
        node, depth = waiting.pop()
        if node.get("itemprop"):
            yield node
        if node.get("itemscope") is None and depth < MAX_NESTED:
            waiting += [(child, depth + 1) for child in reversed(node)]


def _is_inside(node: Any, other: Any) -> bool:
    """Whether following a reference from `node` to `other` would come back to `node`."""
    return node is other or any(ancestor is other for ancestor in node.iterancestors())


def _scrub_list(items: Iterable[Any]) -> list[Any]:
    """As many of `items`, scrubbed, as fit into a block."""
    kept: list[Any] = []
    room, budget = MAX_BLOCK - 2, [MAX_VALUES]
    for item in items:
        clean = _scrub(item, MAX_DEPTH, budget)
        room -= len(orjson.dumps(clean)) + 1
        if room < 0 or budget[0] < 0:
            break
        kept.append(clean)
    return kept


def scrub(value: Any) -> Any:
    """`value` as strict JSON: what JSON has no word for is None."""
    return _scrub(value, MAX_DEPTH, [MAX_VALUES])


def _scrub(value: Any, depth: int, budget: list[int]) -> Any:
    budget[0] -= 1
    if depth == 0 or budget[0] < 0:
        return None
    if isinstance(value, dict):
        items = list(value.items())[: budget[0]]
        return {_text(str(key))[:MAX_KEY]: _scrub(item, depth - 1, budget) for key, item in items}
    if isinstance(value, list):
        return [_scrub(item, depth - 1, budget) for item in value[: budget[0]]]
    return _scalar(value)


def _scalar(value: Any) -> Any:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) <= MAX_INTEGER else str(value)[:MAX_STRING]
    if isinstance(value, float) and math.isfinite(value):
        return value
    return None


def _text(value: str) -> str:
    return value[:MAX_STRING].translate(_UNFIT)
