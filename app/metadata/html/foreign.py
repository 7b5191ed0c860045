"""Rules of SVG and MathML (HTML standard, 13.2.6 and 13.2.6.5): integration points and breakout tags."""

from __future__ import annotations

from app.metadata.html.elements import FIRST_UNKNOWN, IDS, TRAITS, Trait
from app.metadata.html.stack import Integration, Namespace
from app.metadata.html.words import values_of

POINT_TRAITS = Trait.SCOPE | Trait.BUTTON_SCOPE | Trait.LIST_SCOPE | Trait.BARRIER | Trait.SPECIAL
"""Traits of an element that takes HTML."""

_ANNOTATION, _FONT, _SVG = IDS["annotation-xml"], IDS["font"], IDS["svg"]
_NOT_IN_TEXT = (IDS["mglyph"], IDS["malignmark"])
_HTML_TYPES = (b"text/html", b"application/xhtml+xml")
_FONT_ATTRIBUTES = (b"color", b"face", b"size")


def takes_html(integration: int, element: int) -> bool:
    """Whether a start tag is one of HTML in an element that integrates it so."""
    if integration == Integration.TEXT:
        return element not in _NOT_IN_TEXT
    return integration == Integration.HTML or (integration == Integration.SVG and element == _SVG)


def breaks_out(element: int, attributes: bytes) -> bool:
    """Whether a start tag ends all SVG and MathML around it."""
    if element == _FONT:
        return not values_of(attributes).keys().isdisjoint(_FONT_ATTRIBUTES)
    return bool(_traits(element) & Trait.BREAKOUT)


def integration(element: int, attributes: bytes, namespace: int) -> int:
    """How an element takes HTML."""
    if namespace == Namespace.SVG:
        return Integration.HTML if _traits(element) & Trait.HTML_INTEGRATION else Integration.NO
    if element == _ANNOTATION:
        encoding = values_of(attributes).get(b"encoding", b"").lower()
        return Integration.HTML if encoding in _HTML_TYPES else Integration.SVG
    return Integration.TEXT if _traits(element) & Trait.TEXT_INTEGRATION else Integration.NO


def _traits(element: int) -> int:
    return TRAITS[element] if element < FIRST_UNKNOWN else 0
