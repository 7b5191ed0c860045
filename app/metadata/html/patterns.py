"""Multi-pattern search: one pass over the bytes, many times faster than `bytes.find` for each pattern."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from ahocorasick_rs import BytesAhoCorasick, MatchKind

WINDOW = 262_144
"""Bytes searched at a time: bounds the list of matches in a hostile page."""

FEW = 60
"""Limit of the library's vectorised search (Teddy), fillers included."""

# With so many different bytes the library takes that search, which is up to ten times as fast as the one that it
# prefers for three; and neither but for the leftmost needle. More needles than that are looked for by their first byte.
_FILLERS = tuple(bytes((byte, byte + 8, byte + 16)) for byte in range(1, 5))


class Patterns:
    """Search for `needles`, each at least a byte long; of two at one place the first in the list is found."""

    def __init__(self, *needles: bytes) -> None:
        fillers = _FILLERS if len(needles) <= FEW else ()
        self._find = BytesAhoCorasick((*needles, *fillers), MatchKind.LeftmostFirst).find_matches_as_indexes
        self._count = len(needles)
        self._overlap = max(map(len, needles)) - 1

    def find(self, markup: bytes, start: int = 0, end: int | None = None) -> Iterator[tuple[int, int, int]]:
        """Yield (number of the needle, start, end) in `markup[start:end]`, in order, without overlaps.

        None is over another.
        """
        end = len(markup) if end is None else min(end, len(markup))
        view = memoryview(markup)
        while start < end:
            free = WINDOW
            for needle, place, after in self._find(view[start : min(end, start + WINDOW + self._overlap)]):
                if needle < self._count and place < WINDOW:
                    yield needle, start + place, start + after
                    free = max(free, after)
            start += free


def any_case(text: bytes) -> list[bytes]:
    """List every spelling of `text` in capitals and small letters."""
    letters = (dict.fromkeys((letter.lower(), letter.upper())) for letter in text.decode())
    return ["".join(spelled).encode() for spelled in product(*letters)]
