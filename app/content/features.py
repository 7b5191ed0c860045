"""Features of the blocks of a page, the input of the first trees.

Rule: all features of a page take time linear in its blocks and elements; what elements share is computed once.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import log1p

from app.content.blocks import LEVELS, Blocks
from app.content.elements import BITS, TAGS, Elements, Lexicon
from app.metadata.html import flags
from app.metadata.html.table import NONE

_TEXT_WORD = re.compile(r"[^\W\d_]{1,24}")
SHORT = 12
"""Words of a block whose words are looked up."""
_HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
_MARKED = "nav aside header footer dialog cookie comment review related article_body noscript aria_hidden"
_FLAGS = {name: getattr(flags, name.upper()) for name in _MARKED.split()}
_COUNTED = (("article",), ("main",), ("p",), ("li",), ("img",), ("pre", "code"), ("form",))
_ENDS = frozenset(".!?\"'”’)。！？")

_OF_BLOCK = (
    "words linked names.total names.least says.total heading names.most names.own names.parent says.least says.most "
    "says.all count letters marks digits capitals ends colon begins depth title.share title.own description.own"
)
_OWN = _OF_BLOCK.split()
_OF_PLACE = "place words.before from.h1 heading.level heading.distance alike alike.share repeated"
_PLACE = _OF_PLACE.split()
_BOX = ("share", "linked", "length", "words", "blocks")
_PAGE = ("words", "blocks", "linked", "length", "long", "h1", "h2", "h3")
_NEAR = 6  # of the own features, those that neighbours see

NAMES = (
    *_OWN,
    *(f"in.{name}" for name in (*TAGS, *_FLAGS)),
    *_PLACE,
    *(f"box{level}.{name}" for level in range(LEVELS) for name in _BOX),
    *(f"near{distance}.{name}" for distance in (-1, 1, -2, 2) for name in _OWN[:_NEAR]),
    *(f"page.{name}" for name in _PAGE),
    *(f"page.{names[0]}" for names in _COUNTED),
    *(f"kind.{number}" for number in range(7)),
)
"""Names of the features, in order."""


@dataclass(frozen=True, slots=True)
class Head:
    """Words of a page's title and description, and the probability of each kind."""

    title: frozenset[str]
    description: frozenset[str]
    kinds: Sequence[float]

    @classmethod
    def of(cls, title: str, description: str, kinds: Sequence[float]) -> Head:
        """Split title and description into words."""
        return cls(_words(title), _words(description), kinds)


def _words(text: str) -> frozenset[str]:
    return frozenset(_TEXT_WORD.findall(text[:2_000].lower()))


def words_of(text: str) -> list[str]:
    """Words of a short block, and last the block as a whole."""
    lowered = text[:200].lower()
    return [*dict.fromkeys(_TEXT_WORD.findall(lowered)[:SHORT]), f"= {lowered}"]


class Features:
    """Features of one page."""

    def __init__(self, blocks: Blocks, lexicon: Lexicon, head: Head) -> None:
        self._blocks = blocks
        self._table = blocks.table
        self._words = lexicon.words
        self._head = head
        self._elements = Elements(blocks.table, lexicon)
        self._boxes: dict[int, list[float]] = {}
        self._sums_of: dict[tuple[int, int], list[float]] = {}
        self._bits: dict[tuple[int, int], list[float]] = {}
        self.around = [self._elements.around(element) for element in blocks.inner]

    def rows(self) -> list[list[float]]:
        """A row of features for each block."""
        count = len(self._blocks)
        levels = [self._heading(index) for index in range(count)]
        own = [self._own(index, levels[index]) for index in range(count)]
        places = self._places(levels)
        page = self._page(levels)
        empty = [0.0] * _NEAR
        near = [empty, empty, *[row[:_NEAR] for row in own], empty, empty]
        parents = self._blocks.parents
        return [
            [
                *own[index],
                *places[index],
                *self._levels(parents[index]),
                *near[index + 1],
                *near[index + 3],
                *near[index],
                *near[index + 4],
                *page,
            ]
            for index in range(count)
        ]

    def _heading(self, index: int) -> int:
        parent = self._blocks.parents[index]
        return _HEADINGS.get(self._table.name(parent), 0) if parent != NONE else 0

    def _own(self, index: int, level: int) -> list[float]:
        blocks, around = self._blocks, self.around[index]
        text, words, characters = blocks.texts[index], blocks.words[index], blocks.characters[index]
        weights = [self._words.get(word, 0.0) for word in words_of(text)] if words <= SHORT else [0.0]
        raw = text.encode("utf-8", "replace")
        said = set(_TEXT_WORD.findall(text[:400].lower()))
        titled = len(said & self._head.title)
        return [
            log1p(words),
            blocks.linked[index] / characters,
            around.total,
            around.least,
            sum(weights),
            float(level),
            around.most,
            around.own,
            self._elements.around(blocks.parents[index]).own,
            min(weights),
            max(weights),
            weights[-1],
            float(words),
            characters / words,
            (len(raw) - len(raw.translate(None, b".,;:!?"))) / words,
            (len(raw) - len(raw.translate(None, b"0123456789"))) / characters,
            (len(raw) - len(raw.translate(None, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"))) / characters,
            float(text[-1] in _ENDS),
            float(text[-1] == ":"),
            float(text[0].isupper()),
            float(around.depth),
            titled / max(1, len(self._head.title)),
            titled / max(1, len(said)),
            len(said & self._head.description) / max(1, len(said)),
            *self._marks(around.tags, self._table.flags(blocks.starts[index])),
        ]

    def _marks(self, tags: int, marked: int) -> list[float]:
        known = self._bits.get((tags, marked))
        if known is None:
            known = [float(bool(tags & bit)) for bit in BITS.values()]
            known += [float(bool(marked & flag)) for flag in _FLAGS.values()]
            self._bits[tags, marked] = known
        return known

    def _places(self, levels: Sequence[int]) -> list[list[float]]:
        blocks, count = self._blocks, len(levels)
        all_words = max(1, blocks.word_sums[-1])
        alike, repeated = Counter([each.path for each in self.around]), Counter(blocks.texts)
        first = levels.index(1) if 1 in levels else -1
        last, last_at, found = 0, -1, []
        for index, level in enumerate(levels):
            if level:
                last, last_at = level, index
            same = alike[self.around[index].path]
            found.append(
                [
                    index / count,
                    blocks.word_sums[index] / all_words,
                    float(index - first) if first >= 0 else -999.0,
                    float(last),
                    float(index - last_at) if last_at >= 0 else -1.0,
                    log1p(same),
                    same / count,
                    float(repeated[blocks.texts[index]]),
                ]
            )
        return found

    def _levels(self, parent: int) -> list[float]:
        """Sums of the elements around a block."""
        if parent not in self._boxes:
            self._boxes[parent] = [number for box in self._blocks.boxes(parent) for number in self._sums(box)]
        return self._boxes[parent]

    def _sums(self, box: tuple[int, int]) -> list[float]:
        if box not in self._sums_of:
            self._sums_of[box] = self._sum(*box)
        return self._sums_of[box]

    def _sum(self, first: int, last: int) -> list[float]:
        blocks = self._blocks
        characters = blocks.character_sums[last] - blocks.character_sums[first]
        words = blocks.word_sums[last] - blocks.word_sums[first]
        return [
            characters / max(1, blocks.character_sums[-1]),
            (blocks.linked_sums[last] - blocks.linked_sums[first]) / max(1, characters),
            words / max(1, last - first),
            log1p(words),
            float(last - first),
        ]

    def _page(self, levels: Sequence[int]) -> list[float]:
        blocks, count = self._blocks, max(1, len(self._blocks))
        return [
            log1p(blocks.word_sums[-1]),
            float(len(blocks)),
            blocks.linked_sums[-1] / max(1, blocks.character_sums[-1]),
            blocks.word_sums[-1] / count,
            sum([words > 20 for words in blocks.words]) / count,
            *(float(levels.count(level)) for level in (1, 2, 3)),
            *(float(len(self._table.all(*names))) for names in _COUNTED),
            *self._head.kinds,
        ]
