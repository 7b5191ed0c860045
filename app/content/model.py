"""The trained model: weights of words and the tables of both forests, from one file of the package.

`tests/benchmarks/train_content.py` makes the file.
"""

from __future__ import annotations

import hashlib
import sys
import zlib
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

import msgspec

from app.content import features, neighbours
from app.content.elements import Lexicon

try:
    from app.content._trees import Forest
except ImportError:  # no C compiler
    from app.content.trees import Forest

Numbers = TypeVar("Numbers", "array[int]", "array[float]")

FILE = Path(__file__).with_name("model.bin")
SCALE = 1_000
"""Weights are stored as whole numbers of 1/SCALE."""


class StoredForest(msgspec.Struct):
    """Columns of nodes, little-endian: numbers of 32 bits."""

    roots: bytes
    features: bytes
    thresholds: bytes
    children: bytes
    leaves: bytes


class StoredModel(msgspec.Struct):
    """Content of the file. `fingerprint` tells the features that the forests were trained on."""

    fingerprint: str
    names: dict[str, int]
    words: dict[str, int]
    kinds: dict[str, list[int]]
    first: StoredForest
    second: StoredForest


@dataclass(frozen=True, slots=True)
class Model:
    """`first` scores blocks by themselves, `second` by their neighbours' scores, too."""

    lexicon: Lexicon
    kinds: Mapping[str, Sequence[float]]
    first: Forest
    second: Forest


def fingerprint() -> str:
    """Digest of the names of all features, in order."""
    return hashlib.sha256("\n".join((*features.NAMES, "", *neighbours.NAMES)).encode()).hexdigest()[:16]


def encode_model(stored: StoredModel) -> bytes:
    """Encode a model for `FILE`."""
    return zlib.compress(msgspec.msgpack.encode(stored), 9)


@cache
def load_model() -> Model:
    """Read the model, once in a process. Raises ValueError if it was trained on other features."""
    stored = msgspec.msgpack.decode(zlib.decompress(FILE.read_bytes()), type=StoredModel)
    if stored.fingerprint != fingerprint():
        raise ValueError(f"{FILE.name} was trained on other features; run tests/benchmarks/train_content.py")
    return Model(
        Lexicon(_scaled(stored.names), _scaled(stored.words)),
        {mark: [weight / SCALE for weight in weights] for mark, weights in stored.kinds.items()},
        _forest(stored.first),
        _forest(stored.second),
    )


def _scaled(weights: Mapping[str, int]) -> dict[str, float]:
    return {word: weight / SCALE for word, weight in weights.items()}


def _forest(stored: StoredForest) -> Forest:
    return Forest(
        _native(array("i", stored.roots)),
        _native(array("i", stored.features)),
        _native(array("f", stored.thresholds)),
        _native(array("i", stored.children)),
        _native(array("f", stored.leaves)),
    )


def _native(numbers: Numbers) -> Numbers:
    """Numbers in the order of this machine's bytes."""
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
