"""Tables of the command line: columns aligned by spaces."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence


def table(columns: Sequence[str], found: Sequence[Mapping[str, object]]) -> Iterator[str]:
    """Align the columns by spaces. Nothing is cut, on no terminal, so that a line can be searched and copied from."""
    lines = [columns, *([_cell(row[column]) for column in columns] for row in found)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        yield "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()


def _cell(value: object) -> str:
    """Write one value on one line; a name holds no control characters when it comes out."""
    text = " ".join(value) if isinstance(value, tuple) else "-" if value is None else str(value)
    return re.sub(r"[\x00-\x1f\x7f-\x9f]", "\ufffd", text) or "-"
