"""Pages that would blow up a tree, made flat. Every pass here is linear in the page's length."""

from __future__ import annotations

import re

from lxml import etree

MAX_DEPTH = 256
"""Levels of elements; libxml2 drops what lies under 2,048, the deepest honest pages have about 100."""

MAX_INDENT = 20
"""Lists and quotations inside one another: each indents every line that it holds."""

LONG_TAG = 4_096
"""Characters of a start tag from which its attributes are counted: libxml2's time grows with their square."""

MAX_ATTRIBUTES = 256

_ATTRIBUTE = r"""[\s/]*+[^\s/>][^\s/>=]*+(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s>]*+))?+"""
_START_TAG = re.compile(rf"(<[a-zA-Z][^\s/>]*+(?:{_ATTRIBUTE}){{0,{MAX_ATTRIBUTES}}}+)((?:{_ATTRIBUTE})*+)")

_TAG = re.compile(rf"<(/?)([a-zA-Z][^\s/>]*+)(?:{_ATTRIBUTE})*+[\s/]*+>?")
_KEPT = frozenset({"p", "br", "hr", "a", "img", "base", "script", "style", "title"})
_INLINE = frozenset({"span", "b", "i", "em", "strong", "font", "small", "big", "u", "code", "sub", "sup", "label"})

_RAW = re.compile(
    r"<!--.*?(?:-->|\Z)|<(script|style)\b.*?(?:</\1\b|\Z)|(<noscript\b.*?(?:</noscript\b[^<>]*+>|\Z))",
    re.IGNORECASE | re.DOTALL,
)

_TOO_DEEP = etree.XPath("/*" * MAX_DEPTH)
_TOO_INDENTED = etree.XPath(
    f"boolean(//*[self::li or self::blockquote][count(ancestor::li) + count(ancestor::blockquote) > {MAX_INDENT}])"
)


def limit_attributes(text: str) -> str:
    """`text` with at most `MAX_ATTRIBUTES` attributes in a tag of any length that matters."""
    return _START_TAG.sub(_limited, text) if any(tag[2] for tag in _START_TAG.finditer(text)) else text


def _limited(tag: re.Match[str]) -> str:
    return tag[0] if len(tag[0]) <= LONG_TAG else tag[1]


def is_deep(tree: etree._Element) -> bool:
    """Whether the tree is nested deeper than Markdown can be made of it."""
    return bool(_TOO_DEEP(tree)) or bool(_TOO_INDENTED(tree))


def swallows(tree: etree._Element) -> bool:
    """Whether a `<noscript>` holds what no browser finds in one: to those it is text up to its end tag."""
    inside = (noscript.iterdescendants("script", "noscript") for noscript in tree.iter("noscript"))
    return any(next(found, None) is not None for found in inside)


def without_noscript(text: str) -> str:
    """The page as a browser that runs scripts reads it (HTML standard, 13.2.6.4.7)."""
    return _RAW.sub(lambda found: "" if found[2] else found[0], text)


def flatten(text: str) -> str:
    """The page with nothing in it that nests: paragraphs, links, images and the text."""
    return _TAG.sub(_flat, text)


def _flat(tag: re.Match[str]) -> str:
    name = tag[2].lower()
    if name in _KEPT:
        return tag[0]
    return "" if name in _INLINE else "<p>"
