"""Features of the second trees: the probabilities that the first trees gave to the blocks around."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import accumulate
from math import log1p

from app.content.blocks import LEVELS, Blocks
from app.content.elements import Around

_REACH = 4  # blocks on each side that are looked at one by one
_WINDOWS = (3, 8, 20)  # blocks on each side whose mean is taken
_LIKELY = 0.5

NAMES = (
    "own",
    *(f"at{sign}{distance}" for distance in range(1, _REACH + 1) for sign in "-+"),
    *(f"within{reach}" for reach in _WINDOWS),
    *(f"box{level}" for level in range(LEVELS)),
    *(f"box{level}.words" for level in range(LEVELS)),
    "alike",
    "page",
    "page.words",
    "page.sixth",
    "from.first",
    "from.last",
)
"""Names of the features, in order."""


class Neighbours:
    """Means of the probabilities of blocks, weighted by their words, without the block itself."""

    def __init__(self, blocks: Blocks, around: Sequence[Around], first: Sequence[float]) -> None:
        """`first`: the probability of each block by the first trees."""
        self._blocks = blocks
        self._around = around
        self._first = first
        self._weighted = [chance * words for chance, words in zip(first, blocks.words, strict=True)]
        self._sums = [0.0, *accumulate(self._weighted)]
        self._boxes: dict[int, list[tuple[int, int]]] = {}

    def rows(self) -> list[list[float]]:
        """A row of features for each block."""
        first, count = self._first, len(self._first)
        padded = [0.0] * _REACH + list(first) + [0.0] * _REACH
        alike, page = self._alike(), self._page()
        likely = [index for index, chance in enumerate(first) if chance > _LIKELY] or [-1]
        found = []
        for index in range(count):
            at = index + _REACH
            row = [first[index]]
            for distance in range(1, _REACH + 1):
                row += padded[at - distance], padded[at + distance]
            row += [self._mean(index, max(index - reach, 0), min(index + reach + 1, count)) for reach in _WINDOWS]
            boxes = self._ranges(self._blocks.inner[index])
            row += [self._mean(index, start, end) for start, end in boxes]
            row += [log1p(self._others(index, start, end)) for start, end in boxes]
            row += [alike[index], *page, (index - likely[0]) / count, (index - likely[-1]) / count]
            found.append(row)
        return found

    def _mean(self, index: int, start: int, end: int) -> float:
        weighted = self._sums[end] - self._sums[start]
        if start <= index < end:
            weighted -= self._weighted[index]
        return weighted / (self._others(index, start, end) + 1)

    def _others(self, index: int, start: int, end: int) -> int:
        """Count the words of other blocks in a range, which after misnested tags may not hold the block itself."""
        words = self._blocks.word_sums[end] - self._blocks.word_sums[start]
        return words - self._blocks.words[index] if start <= index < end else words

    def _ranges(self, element: int) -> list[tuple[int, int]]:
        """List the ranges of the ancestors with more than one block, the nearest first."""
        if element not in self._boxes:
            boxes = self._blocks.boxes(element, LEVELS + 1)
            self._boxes[element] = boxes[1:] if boxes[0][1] - boxes[0][0] < 2 else boxes[:-1]
        return self._boxes[element]

    def _alike(self) -> list[float]:
        """Mean of the blocks whose three innermost elements have the same tags and classes; -1 without another."""
        weighted, words, number = (
            defaultdict[object, float](float),
            defaultdict[object, int](int),
            defaultdict[object, int](int),
        )
        for around, chance, count in zip(self._around, self._weighted, self._blocks.words, strict=True):
            weighted[around.path] += chance
            words[around.path] += count
            number[around.path] += 1
        return [
            (weighted[around.path] - chance) / (words[around.path] - count + 1) if number[around.path] > 1 else -1.0
            for around, chance, count in zip(self._around, self._weighted, self._blocks.words, strict=True)
        ]

    def _page(self) -> list[float]:
        ranked = sorted(self._first, reverse=True)
        return [self._sums[-1] / (self._blocks.word_sums[-1] + 1), self._sums[-1], ranked[min(len(ranked) - 1, 5)]]
