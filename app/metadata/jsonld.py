"""JSON-LD of a page: its scripts, its nodes, and what they refer to.

Rule 1: one broken script loses itself and no other.
Rule 2: nothing recurses deeper than `MAX_DEPTH` or visits more than `MAX_VISITS` nodes.
Rule 3: the names of each value are resolved once.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from app.metadata.lazy import lazy
from app.metadata.values import clean

Node = dict[str, Any]

MAX_NODES = 2_000
"""Nodes kept of one page."""

MAX_VISITS = 20_000
"""Values looked at in search of nodes with an `@id`."""

MAX_WORKS = 50
"""Nodes that may describe the page."""

MAX_NAMES = 20
"""Names of one value."""

MAX_NAME = 500
"""Characters of a name; a longer text is none."""

MAX_NUMBER = 10**18
"""A larger number is no value of a card."""

MAX_DEPTH = 20
"""Levels of nesting in which nodes are looked for."""

ARTICLE_TYPES = frozenset(
    (
        "article", "newsarticle", "blogposting", "reportagenewsarticle", "analysisnewsarticle",
        "opinionnewsarticle", "backgroundnewsarticle", "reviewnewsarticle", "askpublicnewsarticle", "techarticle",
        "scholarlyarticle", "report", "satiricalarticle", "advertisercontentarticle", "socialmediaposting",
        "liveblogposting", "discussionforumposting", "medicalscholarlyarticle", "blogpost",
    )
)  # fmt: skip
WORK_TYPES = ARTICLE_TYPES | frozenset(
    (
        "creativework", "videoobject", "podcastepisode", "podcastseries", "recipe",
        "review", "book", "movie", "tvepisode", "tvseries",
        "musicrecording", "musicalbum", "audioobject", "photograph", "episode",
        "course", "event", "product", "howto", "faqpage",
        "qapage", "question", "softwareapplication", "softwaresourcecode", "dataset",
        "presentationdigitaldocument", "audiobook", "claimreview", "mediaobject",
    )
)  # fmt: skip
PAGE_TYPES = frozenset(
    (
        "webpage", "collectionpage", "itempage", "profilepage",
        "aboutpage", "contactpage", "medicalwebpage", "checkoutpage",
    )
)  # fmt: skip
_WORKS = (ARTICLE_TYPES, WORK_TYPES - ARTICLE_TYPES, PAGE_TYPES)

_HOLDERS = ("@graph", "mainEntity", "mainEntityOfPage")
_REVIEWS = frozenset(("review", "claimreview"))
# A review by the page itself, not by one of its customers, has one of these.
_EDITORIAL = ("headline", "publisher", "mainEntityOfPage", "url")


class Graph:
    """Nodes of all JSON-LD blocks of a page."""

    def __init__(self, blocks: list[Any]) -> None:
        self._blocks = blocks
        self._names: dict[int, list[str]] = {}

    @lazy
    def nodes(self) -> list[Node]:
        """Roots, members of lists and of `@graph`, and the main entities of those."""
        nodes: list[Node] = []
        for block in self._blocks:
            _collect(block, nodes, MAX_DEPTH)
        return nodes

    @lazy
    def works(self) -> list[Node]:
        """Nodes that describe the page: articles first, then other works, then the page itself."""
        typed = [(types_of(node), node) for node in self.nodes]
        own = [(types, node) for types, node in typed if _REVIEWS.isdisjoint(types) or _is_editorial(node)]
        return [node for kinds in _WORKS for types, node in own if not kinds.isdisjoint(types)][:MAX_WORKS]

    @lazy
    def by_id(self) -> dict[str, Node]:
        """First node at any depth under each `@id`, with further properties."""
        found: dict[str, Node] = {}
        waiting: list[Any] = list(reversed(self._blocks))
        for _ in range(MAX_VISITS):
            if not waiting:
                break
            value = waiting.pop()
            if isinstance(value, dict) and len(value) > 1 and isinstance(name := value.get("@id"), str):
                found.setdefault(name, value)
            waiting += reversed(_children(value)[:MAX_VISITS])
        return found

    def names(self, value: Any) -> list[str]:
        """Names of people or organisations in strings, objects, lists and references, each once."""
        if value is None:
            return []
        if id(value) not in self._names:
            items = _items(value)[:MAX_NAMES]
            names = (name for item in items for name in self._names_of(item))
            self._names[id(value)] = list(dict.fromkeys(names))[:MAX_NAMES]
        return self._names[id(value)]

    def _names_of(self, item: Any) -> list[str]:
        if isinstance(item, str):
            item = self.by_id.get(item, item) if item.startswith(("http:", "https:", "#", "_:")) else item
        if isinstance(item, dict):
            item = self._full_name(self._follow(item))
        texts = [_value(part) for part in _items(item)[:MAX_NAMES]]
        return [name for text in texts if (name := _short(text)) and not name.startswith(("http:", "https:"))]

    def _full_name(self, node: Node) -> Any:
        parts = (_short(_value(node.get(key))) for key in ("givenName", "familyName"))
        return node.get("name") or " ".join(filter(None, parts)) or node.get("alternateName")

    def _follow(self, item: Node) -> Node:
        """Node that an `{"@id": …}` refers to."""
        reference = item.get("@id")
        return self.by_id.get(reference, item) if "name" not in item and isinstance(reference, str) else item

    def url(self, value: Any) -> str | None:
        """URL in a string, a list, an ImageObject or a reference to one."""
        for _ in range(4):
            if isinstance(value, list):
                value = value[0] if value else None
            elif isinstance(value, dict):
                value = value.get("url") or value.get("contentUrl") or self._referred_url(value)
            else:
                break
        return value if isinstance(value, str) else None

    def _referred_url(self, item: Node) -> Any:
        reference = item.get("@id")
        found = self.by_id.get(reference) if isinstance(reference, str) else None
        return found and (found.get("url") or found.get("contentUrl"))


def _collect(value: Any, nodes: list[Node], depth: int) -> None:
    if depth == 0 or len(nodes) >= MAX_NODES:
        return
    if isinstance(value, list):
        for item in value[:MAX_NODES]:
            _collect(item, nodes, depth - 1)
    elif isinstance(value, dict):
        nodes.append(value)
        for key in _HOLDERS:
            if isinstance(value.get(key), dict | list):
                _collect(value[key], nodes, depth - 1)


def _children(value: Any) -> list[Any]:
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [child for child in inside if isinstance(child, dict | list)]


def _items(value: Any) -> list[Any]:
    """Members of a list or a `@list`, else the value alone."""
    if isinstance(value, dict) and isinstance(value.get("@list"), list):
        value = value["@list"]
    return value if isinstance(value, list) else [value]


def _value(value: Any) -> Any:
    return value.get("@value") if isinstance(value, dict) else value


def _short(text: Any) -> str | None:
    return clean(text) if isinstance(text, str) and len(text) <= MAX_NAME else None


def _is_editorial(node: Node) -> bool:
    return any(node.get(key) for key in _EDITORIAL)


def types_of(node: Node) -> set[str]:
    """Types of a node in lower case, without the address of the vocabulary."""
    kinds = node.get("@type")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    return {kind.rsplit("/", 1)[-1].lower() for kind in kinds if isinstance(kind, str)}


def of_types(nodes: Iterable[Node], kinds: frozenset[str]) -> list[Node]:
    """Nodes of one of these types."""
    return [node for node in nodes if not kinds.isdisjoint(types_of(node))]


def text_of(value: Any) -> str | None:
    """A string, or the first of a list, or the `@value` or `name` of an object."""
    for _ in range(4):
        if isinstance(value, list):
            value = value[0] if value else None
        elif isinstance(value, dict):
            value = value.get("@value") or value.get("name")
        else:
            break
    if isinstance(value, int | float) and not isinstance(value, bool):
        return clean(str(value)) if abs(value) < MAX_NUMBER else None
    return clean(value) if isinstance(value, str) else None
