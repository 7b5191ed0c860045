"""Microdata by extruct, on a small tree of its elements.

Rule 1: the tree is built from tokens: it holds the elements with an attribute of microdata, and their text.
Rule 2: the walk sees each element once, and every value and character is charged.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from extruct.w3cmicrodata import LxmlMicrodataExtractor
from lxml import etree

from app.metadata.html import flags
from app.metadata.html.table import RAW, START, TokenTable
from app.metadata.scrub import MAX_BLOCK, MAX_DEPTH, MAX_VALUES
from app.metadata.values import MAX_STRING

MAX_ELEMENTS = 20_000
"""Elements of the tree."""

MAX_NESTED = 100
"""Elements inside each other whose microdata is read."""

_MARKS = ("itemscope", "itemprop", "itemref", "itemid")
_ATTRIBUTES = (
    *_MARKS, "itemtype", "id", "content", "src", "href", "data", "value", "datetime",
)  # fmt: skip
_NAME = re.compile(r"[a-z][a-z0-9_-]*$")
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


def read_items(table: TokenTable, base_url: str) -> Iterable[Any]:
    """Read the top-level items of a page, nested."""
    if not table.having("itemscope"):
        return ()
    tree = _build(table)
    items: Iterable[Any] = _Microdata(tree).extract_items(tree, base_url)
    return items


def _build(table: TokenTable) -> Any:
    """Build a tree of the elements with microdata; text goes to the nearest."""
    marked = sorted({row for name in (*_MARKS, "id") for row in table.having(name)[:MAX_ELEMENTS]})[:MAX_ELEMENTS]
    wanted, root = set(marked), etree.Element("html")
    nodes: dict[int, Any] = {}
    for row in range(marked[0], len(table)):
        parent = nodes.get(table.parent(row), root)
        if row in wanted:
            nodes[row] = _append(parent, table, row)
        elif table.kind(row) == START:
            nodes[row] = parent
        elif table.kind(row) != RAW and parent is not root and not table.flags(row) & flags.INERT:
            _append_text(parent, _UNFIT.sub("", table.run(row, MAX_STRING)))
    return root


def _append(parent: Any, table: TokenTable, row: int) -> Any:
    name = table.name(row)
    told = ((name, table.attribute(row, name)) for name in _ATTRIBUTES)
    attributes = {name: _UNFIT.sub("", value) for name, value in told if value is not None}
    return etree.SubElement(parent, name if _NAME.match(name) else "span", attributes)


def _append_text(parent: Any, text: str) -> None:
    if len(parent):
        parent[-1].tail = (parent[-1].tail or "") + text
    else:
        parent.text = (parent.text or "") + text


class _Microdata(LxmlMicrodataExtractor):  # type: ignore[misc]
    """extruct's reading of values, over a walk that sees each element once.

    Its own walk searches the subtree of every item for its properties, and copies the subtree of every property for its
    text: hostile pages of 300 KB took it 11 s.
    """

    def __init__(self, tree: Any) -> None:
        super().__init__(nested=True, strict=False)
        self.by_id = {node.get("id"): node for node in tree.iter(etree.Element) if node.get("id")}
        self.left = MAX_VALUES
        self.characters = MAX_BLOCK
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
        room = min(MAX_STRING, self.characters)
        for text in node.itertext():
            if room <= 0:
                break
            texts.append(text[:room])
            room -= len(text)
            self.characters -= len(text)
        return " ".join("".join(texts).split())


def _own_properties(item: Any) -> Iterator[Any]:
    """Elements of the properties of `item`, but for those of inner items, in order."""
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
