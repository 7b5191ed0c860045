"""Choice of the blocks that a page is about.

Two forests score each block, the second with the scores of its neighbours. The blocks above a threshold are taken;
the threshold is the one with the highest expected F1 of words, within bounds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from app.content.blocks import Blocks, choose_unseen
from app.content.features import Features, Head
from app.content.kinds import KINDS, marks_of, probabilities
from app.content.model import Model, load_model
from app.content.neighbours import Neighbours
from app.metadata.html.table import NONE, TokenTable

LEAST, MOST = 0.25, 0.45
"""Bounds of the threshold."""

_MISSED = 0.8
"""Part of the expected words outside of what is taken that counts: probabilities of what nobody takes are too high."""

ENOUGH = 3
"""Words of a main content at least."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Rows of the main content: a byte for each row of the table, 1 where the row belongs to it.

    `found`: whether there is a main content, else all rows are taken; `kind`: one of `KINDS`; `unseen`: flags of
    the rows that are left out; `is_cut`: whether the page has more blocks than are looked at; `texts`: of the blocks
    that were taken, in lower case.
    """

    rows: bytes
    found: bool
    kind: str
    unseen: int
    is_cut: bool
    texts: frozenset[str] = frozenset()

    def says(self, text: str) -> bool:
        """Whether a text equals the text of a taken block."""
        return _folded(text) in self.texts

    def __call__(self, row: int) -> bool:
        """Whether a row is taken."""
        return self.rows[row] == 1

    def any(self, start: int, end: int) -> bool:
        """Whether one of these rows is taken."""
        return self.rows.find(1, start, end) >= 0


def select(table: TokenTable, url: str, title: str = "", description: str = "") -> Selection:
    """Select the main content of a page.

    `url`, `title`, `description`: of the page, as far as they are known; they tell what it is about.
    """
    model, unseen = load_model(), choose_unseen(table)
    blocks = Blocks(table, unseen)
    kinds = probabilities(marks_of(blocks, url), model.kinds)
    kind = KINDS[kinds.index(max(kinds))]
    taken = _take(score(blocks, Head.of(title, description, kinds), model), blocks.words) if len(blocks) else []
    words = sum([blocks.words[index] for index in taken])
    if words < ENOUGH:
        return Selection(b"\1" * len(table), False, kind, unseen, False)
    texts = frozenset(_folded(blocks.texts[index]) for index in taken)
    return Selection(_mark(blocks, taken), True, kind, unseen, blocks.is_cut, texts)


def _folded(text: str) -> str:
    return " ".join(text[:200].lower().split())


def score(blocks: Blocks, head: Head, model: Model) -> list[float]:
    """Probability of each block to belong to the main content."""
    features = Features(blocks, model.lexicon, head)
    own = features.rows()
    first = model.first.probabilities(own)
    near = Neighbours(blocks, features.around, first).rows()
    return model.second.probabilities([left + right for left, right in zip(own, near, strict=True)])


def _take(chances: Sequence[float], words: Sequence[int]) -> list[int]:
    """Blocks above the threshold, in order."""
    threshold = min(max(threshold_of(chances, words), LEAST), MOST)
    return [index for index, chance in enumerate(chances) if chance >= threshold]


def threshold_of(chances: Sequence[float], words: Sequence[int]) -> float:
    """Threshold with the highest expected F1: 2 * words taken rightly / (words taken + words that are right)."""
    right = _MISSED * sum([chance * count for chance, count in zip(chances, words, strict=True)])
    best, threshold, hit, size = 0.0, 1.0, 0.0, 0
    for chance, count in sorted(zip(chances, words, strict=True), reverse=True):
        hit += chance * count
        size += count
        if 2 * hit / (size + right) > best:
            best, threshold = 2 * hit / (size + right), chance
    return threshold


def _mark(blocks: Blocks, taken: Sequence[int]) -> bytes:
    """Mark the rows of blocks, and the rows between two consecutive blocks."""
    rows = bytearray(len(blocks.table))
    for index in taken:
        start, end = _extent(blocks, index)
        rows[start:end] = b"\1" * (end - start)
    for index, following in pairwise(taken):
        if following == index + 1:
            start, end = blocks.ends[index], blocks.starts[following]
            rows[start:end] = b"\1" * (end - start)
    return bytes(rows)


def _extent(blocks: Blocks, index: int) -> tuple[int, int]:
    """Rows of a block with the pictures before and behind its text, up to the bounds of its paragraph."""
    parent = blocks.parents[index]
    first = blocks.ends[index - 1] if index else 0
    last = blocks.starts[index + 1] if index + 1 < len(blocks) else len(blocks.table)
    if parent == NONE:
        return blocks.starts[index], blocks.ends[index]
    return max(first, parent), max(blocks.ends[index], min(last, blocks.table.end_of(parent)))
