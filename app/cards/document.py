"""Main content of a page as a Markdown document: a head of title, author, date and address, then the text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

# CommonMark, 2.4: every ASCII punctuation character may be escaped.
_MARKS = re.compile(r"([\\`*_{}\[\]<>#|~&!])")


def render_document(card: Mapping[str, Any]) -> str:
    """Render the `data` of a card that includes `markdown`."""
    return render_head(card) + (card["markdown"] or "")


def render_head(card: Mapping[str, Any]) -> str:
    """Render the head: title, author and date on a line, address."""
    article = card["article"]
    byline = " · ".join(filter(None, (article["author"] or card["meta"]["author"], article["published_time"])))
    title = f"# {_escape(card['title'])}" if card["title"] else ""
    parts = (title, _escape(byline), f"<{card['resolved_url']}>")
    return "".join(f"{part}\n\n" for part in parts if part)


def _escape(text: str) -> str:
    return _MARKS.sub(r"\\\1", " ".join(text.split()))
