"""Gradient-boosted decision trees: their tables, and their sums over rows of features.

The compiled module `_trees` computes the same.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from math import exp


class Forest:
    """Trees as columns of nodes. A child under 0 is the leaf `-1 - child`."""

    def __init__(
        self,
        roots: array[int],
        features: array[int],
        thresholds: array[float],
        children: array[int],
        leaves: array[float],
    ) -> None:
        """`children`: for each node the child at or below its threshold, then the child above."""
        self._roots = roots
        self._features = features
        self._thresholds = thresholds
        self._children = children
        self._leaves = leaves

    def probabilities(self, rows: Sequence[Sequence[float]]) -> list[float]:
        """Logistic function of the sum of the leaves that each row comes to."""
        return [1 / (1 + exp(-self._sum(row))) for row in rows]

    def _sum(self, row: Sequence[float]) -> float:
        features, thresholds, children, total = self._features, self._thresholds, self._children, 0.0
        for node in self._roots:
            while node >= 0:
                node = children[2 * node + (row[features[node]] > thresholds[node])]
            total += self._leaves[-1 - node]
        return total
