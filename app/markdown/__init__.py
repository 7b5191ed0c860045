"""What a page says: its HTML as text, and the same as Markdown.

Rule 1: what is handed out holds no control characters but tab and newline.
Rule 2: Markdown carries no scripts, no `javascript:` and no `data:` addresses, and only absolute links; a text that
        looks like one of these, or like any Markdown, is escaped.
Rule 3: any page comes to an end: tags with endless attributes, endless nesting and endless tables included.
"""

from __future__ import annotations

import re

from app.markdown.writer import to_markdown

__all__ = ["to_html", "to_markdown"]

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def to_html(text: str) -> str:
    """The decoded page without control characters, its newlines normalised (HTML standard, 13.2.3.5)."""
    if _CONTROL.search(text) is None:
        return text
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n"))
