"""Elements around blocks: tags, and weights of the words in class, id, role and itemprop."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.metadata.html.table import NONE, TokenTable

_NAME = re.compile(r"[a-z]{2,24}")
MAX_NAMES = 24
"""Words of the class, id, role and itemprop of an element."""
_ATTRIBUTES = ("class", "id", "role", "itemprop")

_BOXES = (
    "p li td th dt dd blockquote pre figcaption figure table ul ol dl form section article main header footer nav "
    "aside details label button a span div"
)
TAGS = _BOXES.split()
BITS = {name: 1 << number for number, name in enumerate(TAGS)}


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Weights of words, each a logarithm of odds: of the names of elements, and of short blocks."""

    names: Mapping[str, float]
    words: Mapping[str, float]


def names_of(table: TokenTable, element: int) -> list[str]:
    """Words in the names that an author gave to an element, whole names included."""
    return _split_names([table.attribute(element, name) for name in _ATTRIBUTES])


def _split_names(values: Sequence[str | None]) -> list[str]:
    found: list[str] = []
    for value in values:
        if value:
            lowered = value[:400].lower()
            found += lowered.split()[:8]
            found += _NAME.findall(lowered)
    return list(dict.fromkeys(found))[:MAX_NAMES]


@dataclass(slots=True)
class Around:
    """Facts of an element and of all around it. `path`: tag and class of the three innermost."""

    depth: int
    tags: int
    own: float
    total: float
    least: float
    most: float
    path: tuple[object, ...]


class Elements:
    """Facts of elements, each computed once."""

    def __init__(self, table: TokenTable, lexicon: Lexicon) -> None:
        self._table = table
        self._names = lexicon.names
        self._known: dict[int, Around] = {NONE: Around(0, 0, 0.0, 0.0, 0.0, 0.0, ())}
        self._weights: dict[tuple[str | None, ...], float] = {}

    def around(self, element: int) -> Around:
        """Facts of an element, computed from the outermost inwards."""
        missing: list[int] = []
        while element not in self._known:
            missing.append(element)
            element = self._table.parent(element)
        facts = self._known[element]
        for inner in reversed(missing):
            facts = self._known[inner] = self._inside(facts, inner)
        return facts

    def _inside(self, outer: Around, element: int) -> Around:
        name = self._table.name(element)
        values = tuple([self._table.attribute(element, attribute) for attribute in _ATTRIBUTES])
        if values not in self._weights:
            self._weights[values] = self._weigh(values)
        own = self._weights[values]
        return Around(
            outer.depth + 1,
            outer.tags | BITS.get(name, 0),
            own,
            outer.total + own,
            min(outer.least, own),
            max(outer.most, own),
            (*outer.path[-2:], (name, values[0])),
        )

    def _weigh(self, values: tuple[str | None, ...]) -> float:
        return sum([self._names.get(name, 0.0) for name in _split_names(values)])
