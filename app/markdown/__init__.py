"""Markdown: the text of a page as CommonMark with GitHub's tables, and its HTML as text.

Rule 1: no control characters but tab and newline.
Rule 2: no scripts, no `javascript:` and no `data:` addresses, and only absolute links; a text that looks like Markdown
        is escaped. The HTML in it is `<sup>`, `<sub>` and `<br>`.
Rule 3: time and memory are linear in the page, whatever its depth and width.
"""

from __future__ import annotations

import re

from app.markdown.writer import cut, to_markdown, write

__all__ = ["cut", "to_html", "to_markdown", "write"]

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def to_html(text: str) -> str:
    """Decoded page without control characters, its newlines normalised (HTML standard, 13.2.3.5)."""
    if _CONTROL.search(text) is None:
        return text
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n"))
