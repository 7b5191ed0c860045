"""Meta tags of a page by name; contents are decoded when somebody asks for them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from app.metadata.html import flags
from app.metadata.html.table import TokenTable
from app.metadata.lazy import OnDemand, lazy

MAX_METAS = 1_000
"""Meta tags read of one page; the most of a real page in the corpus are under 300."""

FOREIGN = flags.COMMENT | flags.REVIEW | flags.RELATED
"""Parts of a page that tell of something else."""

_NAMES = ("property", "name", "itemprop", "http-equiv")


def usual_name(name: str) -> str:
    """Spell DC.title, dc:title and dcterms:title alike: with a dot."""
    return name.replace(":", ".", 1) if name.startswith("dc") else name


def _split(*told: str | None) -> Iterable[str]:
    """Names in several attributes, each once."""
    return dict.fromkeys(map(usual_name, " ".join(filter(None, told)).lower().split()))


class Metas:
    """Meta tags of one page: `contents` by row, "" without any.

    Names stand in `property`, `name`, `itemprop` and `http-equiv` alike, several in one attribute.
    """

    def __init__(self, table: TokenTable) -> None:
        self._table = table
        self.contents = OnDemand(partial(_content, table))

    @lazy
    def names(self) -> list[tuple[str, int]]:
        """(name in lower case, row) of every meta tag, once per name, in the order of the page."""
        table = self._table
        rows = table.all("meta")[:MAX_METAS]
        names: list[tuple[str, int]] = []
        for row, one, other, prop, http in zip(rows, *(table.values_of(rows, each) for each in _NAMES), strict=True):
            if prop and table.flags(row) & FOREIGN:
                continue
            name = (one or other or prop or http or "").lower()
            if (one and other) or prop or not name.isprintable() or " " in name:
                names += [(name, row) for name in _split(one, other, prop or http)]
            elif name:
                names.append((usual_name(name) if name[0] == "d" else name, row))
        return names[:MAX_METAS]

    @lazy
    def rows(self) -> dict[str, list[int]]:
        """Rows of the meta tags by name."""
        rows: dict[str, list[int]] = {}
        for name, row in self.names:
            rows.setdefault(name, []).append(row)
        return rows


def _content(table: TokenTable, row: int) -> str:
    return (table.attribute(row, "content") or table.attribute(row, "value") or "").strip()
