"""Train the model of main content (app/content/model.bin).

    pip install lightgbm scikit-learn
    python -m tests.benchmarks.train_content LABELS.jsonl --root FOLDER [--folds 4] [--write]

LABELS.jsonl has a page a line: {"id", "url", "html_path", "page_type", "main_content"}; the development half of WCXB
(Web Content Extraction Benchmark, Murrough Foley, CC-BY-4.0) is in that form. With --folds the model is validated on
pages of hosts that it was not trained on, and word F1 is printed; with --write the file is made from all pages.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import re
from array import array
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import Pool
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import lightgbm
import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from app.content import neighbours
from app.content.blocks import Blocks, choose_unseen
from app.content.elements import Around, Lexicon, names_of
from app.content.features import NAMES, SHORT, Features, Head, words_of
from app.content.kinds import KINDS, marks_of
from app.content.model import FILE, SCALE, StoredForest, StoredModel, encode_model, fingerprint
from app.content.neighbours import Neighbours
from app.content.selection import LEAST, MOST, threshold_of
from app.metadata import Document, read_metadata
from app.metadata.html.table import NONE, read_table
from app.page import Page

PARAMETERS = {
    "objective": "binary",
    "num_leaves": 31,
    "learning_rate": 0.08,
    "min_data_in_leaf": 60,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 5,
    "seed": 3,
    "verbose": -1,
}
ROUNDS = 150
MAX_BYTES = 2 * 2**20
LEAST_PAGES = 4  # with a word, for the word to count
LEAST_WEIGHT = 0.3  # of a word of the lexicon, for the word to be stored
MOST_WORDS = 150  # of a block that count for its weight
PRIOR = 0.7

Own = tuple[dict[str, float], dict[str, float]]


@dataclass
class Sample:
    """A labelled page. `right`: whether each block belongs to the main content."""

    id: str
    url: str
    kind: str
    reference: Counter[str]
    path: Path
    texts: list[str] = field(default_factory=list)
    words: list[int] = field(default_factory=list)
    right: list[bool] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)
    title: str = ""
    description: str = ""
    own: Own = ({}, {})

    @property
    def host(self) -> str:
        return ".".join((urlsplit(self.url).hostname or "").split(".")[-2:])

    def blocks(self) -> Blocks:
        table = read_table(self.document().markup)
        return Blocks(table, choose_unseen(table))

    def document(self) -> Document:
        return Document(Page(self.url, self.url, 200, "text/html", self.path.read_bytes()[:MAX_BYTES]))


def split(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def read_sample(root: Path, line: Mapping[str, Any]) -> Sample:
    sample = Sample(
        line["id"], line["url"], line["page_type"], Counter(split(line["main_content"])), root / line["html_path"]
    )
    blocks, metadata = sample.blocks(), read_metadata(sample.document())
    sample.texts, sample.words = blocks.texts, blocks.words
    sample.right = judge(blocks.texts, line["main_content"])
    sample.marks = marks_of(blocks, sample.url)
    sample.title, sample.description = metadata.title or "", metadata.description or ""
    sample.own = shares_of_names(blocks, sample.right), shares_of_words(sample)
    return sample


def judge(texts: Sequence[str], main: str) -> list[bool]:
    """A block is right if half of its triples of words are in the reference; a shorter one if all of it is."""
    words = split(main)
    whole, triples = f" {' '.join(words)} ", set(zip(words, words[1:], words[2:], strict=False))
    return [is_right(split(text), whole, triples) for text in texts]


def is_right(words: list[str], whole: str, triples: set[tuple[str, str, str]]) -> bool:
    if len(words) < 4:
        return f" {' '.join(words)} " in whole
    own = list(zip(words, words[1:], words[2:], strict=False))
    return 2 * sum(each in triples for each in own) >= len(own)


def shares_of_names(blocks: Blocks, right: Sequence[bool]) -> dict[str, float]:
    """Of each name of elements the share of right words within."""
    hits, totals, known = defaultdict[str, float](float), defaultdict[str, float](float), dict[int, list[str]]()
    for element, words, is_wanted in zip(blocks.inner, blocks.words, right, strict=True):
        seen: set[str] = set()
        while element != NONE:
            if element not in known:
                known[element] = names_of(blocks.table, element)
            seen.update(known[element])
            element = blocks.table.parent(element)
        for name in seen:
            hits[name] += words * is_wanted
            totals[name] += words
    return {name: hits[name] / totals[name] for name in totals}


def shares_of_words(sample: Sample) -> dict[str, float]:
    """Of each word of short blocks the share of blocks that are right."""
    hits, totals = defaultdict[str, float](float), defaultdict[str, float](float)
    for text, words, is_wanted in zip(sample.texts, sample.words, sample.right, strict=True):
        for word in words_of(text) if words <= SHORT else ():
            hits[word] += is_wanted
            totals[word] += 1
    return {word: hits[word] / totals[word] for word in totals}


class Weights:
    """Logarithms of odds of words over pages; `without` leaves a page out, so that its labels do not leak."""

    def __init__(self, pages: Sequence[Mapping[str, float]]) -> None:
        self._hits, self._pages = defaultdict[str, float](float), Counter[str]()
        for page in pages:
            for word, share in page.items():
                self._hits[word] += share
                self._pages[word] += 1

    def table(self) -> dict[str, float]:
        found = {word: self._weight(word, 0, 0.0) for word in self._pages}
        return {word: weight for word, weight in found.items() if abs(weight) > LEAST_WEIGHT}

    def without(self, own: Mapping[str, float]) -> dict[str, float]:
        """Weights of the words of a page, from all other pages."""
        return {word: self._weight(word, 1, share) for word, share in own.items()}

    def _weight(self, word: str, pages: int, share: float) -> float:
        count, hits = self._pages[word] - pages, self._hits[word] - share
        return math.log((hits + PRIOR) / (count - hits + PRIOR)) if count >= LEAST_PAGES else 0.0


class Kinds:
    """Linear model of the kind of a page."""

    def __init__(self, samples: Sequence[Sample]) -> None:
        counts = Counter(mark for sample in samples for mark in sample.marks)
        known = [mark for mark, count in counts.items() if count >= LEAST_PAGES]
        self._columns = {mark: column for column, mark in enumerate(known)}
        self._model = LogisticRegression(C=0.15, max_iter=300)
        self._model.fit(self._matrix(samples), [KINDS.index(sample.kind) for sample in samples])

    def probabilities(self, samples: Sequence[Sample]) -> list[list[float]]:
        return self._model.predict_proba(self._matrix(samples)).tolist()

    def table(self) -> dict[str, list[int]]:
        scaled = np.rint(self._model.coef_.T * SCALE).astype(int).tolist()
        rows = {mark: scaled[column] for mark, column in self._columns.items()}
        return {"": np.rint(self._model.intercept_ * SCALE).astype(int).tolist(), **rows}

    def _matrix(self, samples: Sequence[Sample]) -> csr_matrix:
        cells = [
            (row, self._columns[mark])
            for row, sample in enumerate(samples)
            for mark in sample.marks
            if mark in self._columns
        ]
        rows, columns = zip(*cells, strict=True)
        return csr_matrix((np.ones(len(cells)), (rows, columns)), shape=(len(samples), len(self._columns)))


def folds_of(samples: Sequence[Sample], count: int, seed: int) -> list[list[Sample]]:
    """Parts of the samples, no two with pages of one host."""
    hosts = sorted({sample.host for sample in samples})
    random.Random(seed).shuffle(hosts)
    number = {host: index % count for index, host in enumerate(hosts)}
    return [[sample for sample in samples if number[sample.host] == part] for part in range(count)]


def crossed(samples: Sequence[Sample], count: int, seed: int, learn: Any, apply: Any) -> dict[str, Any]:
    """What a model gives for each sample that was learned from the other parts."""
    found: dict[str, Any] = {}
    for part in folds_of(samples, count, seed):
        inside = {sample.id for sample in part}
        model = learn([sample for sample in samples if sample.id not in inside])
        found |= apply(model, part)
    return found


def features_of(asked: tuple[Sample, Lexicon, list[float]]) -> tuple[np.ndarray, list[Around]]:
    sample, lexicon, kinds = asked
    features = Features(sample.blocks(), lexicon, Head.of(sample.title, sample.description, kinds))
    return np.array(features.rows(), dtype=np.float32).reshape(len(features.around), len(NAMES)), features.around


def near_of(asked: tuple[Sample, list[Around], list[float]]) -> np.ndarray:
    sample, around, chances = asked
    rows = Neighbours(sample.blocks(), around, chances).rows() if around else []
    return np.array(rows, dtype=np.float32).reshape(len(around), len(neighbours.NAMES))


Rows = dict[str, np.ndarray]
Arounds = dict[str, list[Around]]


def kinds_of(model: Kinds, samples: Sequence[Sample]) -> dict[str, list[float]]:
    return dict(zip([sample.id for sample in samples], model.probabilities(samples), strict=True))


class Trained:
    """Lexicon, kinds and both forests, from some samples."""

    def __init__(self, samples: Sequence[Sample], pool: Any) -> None:
        self._pool = pool
        self.kinds = Kinds(samples)
        names, words = Weights([each.own[0] for each in samples]), Weights([each.own[1] for each in samples])
        self.lexicon = Lexicon(names.table(), words.table())
        kinds = crossed(
            samples,
            5,
            5,
            Kinds,
            lambda model, part: dict(zip([s.id for s in part], model.probabilities(part), strict=True)),
        )
        lexicons = [Lexicon(names.without(each.own[0]), words.without(each.own[1])) for each in samples]
        rows, arounds = self._features(samples, lexicons, [kinds[each.id] for each in samples])
        learn = partial(train, rows=rows)
        self.first = learn(samples)
        chances = crossed(samples, 3, 7, learn, partial(chances_of, rows=rows))
        near = self._near(samples, arounds, chances)
        self.second = train(samples, {each.id: np.hstack([rows[each.id], near[each.id]]) for each in samples})

    def chances(self, samples: Sequence[Sample]) -> dict[str, list[float]]:
        rows, arounds = self._features(samples, [self.lexicon] * len(samples), self.kinds.probabilities(samples))
        near = self._near(samples, arounds, chances_of(self.first, samples, rows))
        return chances_of(
            self.second, samples, {each.id: np.hstack([rows[each.id], near[each.id]]) for each in samples}
        )

    def _features(
        self, samples: Sequence[Sample], lexicons: Sequence[Lexicon], kinds: Sequence[list[float]]
    ) -> tuple[Rows, dict[str, list[Around]]]:
        found = self._pool.map(features_of, zip(samples, lexicons, kinds, strict=True), chunksize=20)
        ids = [sample.id for sample in samples]
        return dict(zip(ids, [rows for rows, _ in found], strict=True)), dict(
            zip(ids, [around for _, around in found], strict=True)
        )

    def _near(
        self, samples: Sequence[Sample], arounds: Mapping[str, list[Around]], chances: Mapping[str, list[float]]
    ) -> Rows:
        asked = [(sample, arounds[sample.id], chances[sample.id]) for sample in samples if sample.texts]
        found = dict(
            zip([sample.id for sample, _, _ in asked], self._pool.map(near_of, asked, chunksize=20), strict=True)
        )
        width = next(iter(found.values())).shape[1]
        return {sample.id: found.get(sample.id, np.zeros((0, width), np.float32)) for sample in samples}


def train(samples: Sequence[Sample], rows: Rows) -> lightgbm.Booster:
    right = np.concatenate([np.array(sample.right, dtype=int) for sample in samples])
    weight = np.concatenate([weights_of(sample) for sample in samples])
    data = lightgbm.Dataset(np.concatenate([rows[sample.id] for sample in samples]), right, weight=weight)
    return lightgbm.train(PARAMETERS, data, ROUNDS)


def weights_of(sample: Sample) -> np.ndarray:
    """Weights of blocks by their words; pages weigh alike."""
    words = np.array(sample.words, dtype=float)
    size = sum(count for count, is_wanted in zip(sample.words, sample.right, strict=True) if is_wanted)
    return (np.minimum(words, MOST_WORDS) + 1) / (max(30, size) + 0.25 * words.sum())


def chances_of(booster: lightgbm.Booster, samples: Sequence[Sample], rows: Rows) -> dict[str, list[float]]:
    return {each.id: booster.predict(rows[each.id]).tolist() if each.texts else [] for each in samples}


def f1(sample: Sample, chances: Sequence[float]) -> float:
    """F1 of the words of the blocks that would be taken."""
    threshold = min(max(threshold_of(chances, sample.words), LEAST), MOST)
    taken = Counter(
        word for text, chance in zip(sample.texts, chances, strict=True) if chance >= threshold for word in split(text)
    )
    both = sum((taken & sample.reference).values())
    return 2 * both / max(1, sum(taken.values()) + sum(sample.reference.values()))


def stored_forest(booster: lightgbm.Booster) -> StoredForest:
    """Columns of the nodes of all trees."""
    roots, features, thresholds, children, leaves = array("i"), array("i"), array("f"), array("i"), array("f")

    def add(node: Mapping[str, Any]) -> int:
        if "leaf_value" in node:
            leaves.append(node["leaf_value"])
            return -len(leaves)
        own = len(features)
        features.append(node["split_feature"])
        thresholds.append(node["threshold"])
        children.extend((0, 0))
        children[2 * own] = add(node["left_child"])
        children[2 * own + 1] = add(node["right_child"])
        return own

    for tree in booster.dump_model()["tree_info"]:
        roots.append(add(tree["tree_structure"]))
    return StoredForest(*(column.tobytes() for column in (roots, features, thresholds, children, leaves)))


def scaled(weights: Mapping[str, float]) -> dict[str, int]:
    return {word: round(weight * SCALE) for word, weight in sorted(weights.items())}


def report(samples: Sequence[Sample], scores: Mapping[str, float]) -> None:
    for kind in ("all", *KINDS):
        some = [scores[sample.id] for sample in samples if kind in ("all", sample.kind)]
        print(f"{kind:14} {len(some):5} pages  word F1 {np.mean(some):.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labels", type=Path)
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--folds", type=int, default=0)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    lines = [json.loads(line) for line in asked.labels.read_bytes().split(b"\n") if line]
    with Pool(2) as pool:
        samples = pool.map(partial(read_sample, asked.root), lines, chunksize=20)
        if asked.folds:
            chances = crossed(samples, asked.folds, 1, lambda some: Trained(some, pool), Trained.chances)
            report(samples, {sample.id: f1(sample, chances[sample.id]) for sample in samples})
        if asked.write:
            trained = Trained(samples, pool)
            stored = StoredModel(
                fingerprint(),
                scaled(trained.lexicon.names),
                scaled(trained.lexicon.words),
                trained.kinds.table(),
                stored_forest(trained.first),
                stored_forest(trained.second),
            )
            FILE.write_bytes(encode_model(stored))
            print(f"{FILE}: {FILE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
