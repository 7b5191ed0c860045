"""Both readers of rows: each fact about markup is one about either."""

from __future__ import annotations

from typing import Any

import pytest

from app.metadata.html import rows
from app.metadata.html.table import COMPILED, START, Rows

READERS = [pytest.param(rows.Rows, id="python")]
if COMPILED:
    READERS.append(pytest.param(Rows, id="compiled"))

each_reader = pytest.mark.parametrize("read", READERS)


def tags(table: Any) -> list[tuple[str, dict[str, str]]]:
    """Names and attributes of all elements, in order."""
    return [(table.name(row), table.attributes(row)) for row in range(len(table)) if table.kind(row) == START]


def names(table: Any) -> list[str]:
    """Names of all elements, in order."""
    return [name for name, _ in tags(table)]


def texts(table: Any) -> list[str]:
    """All runs of text, code included, in order."""
    return [table.run(row) for row in range(len(table)) if table.kind(row) != START]


def path(table: Any, name: str) -> list[str]:
    """Names of the elements around the first one called `name`, the nearest first."""
    row, found = table.first(name), []
    while (row := table.parent(row)) >= 0:
        found.append(table.name(row))
    return found
