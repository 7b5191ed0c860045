"""What the meta tags of a page say, by the names they go by.

Rule: `scanner.pyx` is the same again for who has a compiler; a test holds both to one answer.
"""

from __future__ import annotations

from app.metadata.html.tags import Tag

MAX_METAS = 1_000
"""Meta values kept of one page; the most that a real page in the corpus has is under 300."""

Metas = list[tuple[str, str]]
"""(name in lower case, raw content), in the order of the page."""


def usual_name(name: str) -> str:
    """Dublin Core is written DC.title, dc:title and dcterms:title."""
    return name.replace(":", ".", 1) if name.startswith("dc") else name


def read_metas(tags: list[Tag]) -> tuple[Metas, dict[str, list[str]]]:
    """All that these tags say, and the same by name; empty contents left out.

    `property`, `name`, `itemprop` and `http-equiv` count alike, and one attribute may hold several names.
    """
    metas: Metas = []
    for tag in tags[:MAX_METAS]:
        get = tag.attributes.get
        content = (get("content") or get("value") or "").strip()
        names = get("property") or get("name") or get("itemprop") or get("http-equiv")
        for name in names.lower().split() if content and names else ():
            metas.append((usual_name(name), content))
    del metas[MAX_METAS:]
    by_name: dict[str, list[str]] = {}
    for name, content in metas:
        by_name.setdefault(name, []).append(content)
    return metas, by_name
