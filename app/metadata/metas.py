"""Meta tags of a page by name; contents are decoded when somebody asks for them."""

from __future__ import annotations

from app.metadata.html import flags
from app.metadata.html.table import TokenTable
from app.metadata.lazy import OnDemand, lazy

MAX_METAS = 1_000
"""Meta tags read of one page; the most of a real page in the corpus are under 300."""

FOREIGN = flags.COMMENT | flags.REVIEW | flags.RELATED
"""Parts of a page that tell of something else."""


def usual_name(name: str) -> str:
    """Spell DC.title, dc:title and dcterms:title alike: with a dot."""
    return name.replace(":", ".", 1) if name.startswith("dc") else name


class Metas:
    """Contents of the meta tags of one page.

    Names stand in `property`, `name`, `itemprop` and `http-equiv` alike, several in one attribute.
    """

    def __init__(self, table: TokenTable) -> None:
        self._table = table
        self._contents = OnDemand(self._content)

    @lazy
    def names(self) -> list[tuple[str, int]]:
        """(name in lower case, row) of every meta tag, once per name, in the order of the page."""
        return [(name, row) for row in self._table.all("meta")[:MAX_METAS] for name in self._names_of(row)][:MAX_METAS]

    def _names_of(self, row: int) -> list[str]:
        attribute = self._table.attribute
        itemprop = attribute(row, "itemprop")
        if itemprop and self._table.flags(row) & FOREIGN:
            return []
        told = [each for each in (attribute(row, "property"), attribute(row, "name"), itemprop) if each]
        told = told or [attribute(row, "http-equiv") or ""]
        names = (told[0] if len(told) == 1 else " ".join(told)).lower().split()
        return [usual_name(name) for name in (names if len(names) < 2 else dict.fromkeys(names))]

    @lazy
    def rows(self) -> dict[str, list[int]]:
        """Rows of the meta tags by name."""
        rows: dict[str, list[int]] = {}
        for name, row in self.names:
            rows.setdefault(name, []).append(row)
        return rows

    def of(self, name: str) -> list[str]:
        """Non-empty contents under a name, in order."""
        return [content for row in self.rows.get(name, ()) if (content := self._contents[row])]

    def content(self, row: int) -> str:
        """Content of the meta tag in a row; "" without any."""
        return self._contents[row]

    def _content(self, row: int) -> str:
        attribute = self._table.attribute
        return (attribute(row, "content") or attribute(row, "value") or "").strip()
