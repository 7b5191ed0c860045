"""Blocks that `include` adds: JSON-LD and microdata of the page, scrubbed and capped."""

from __future__ import annotations

from typing import Any

from app.metadata.containment import contained
from app.metadata.document import Document
from app.metadata.microdata import read_items
from app.metadata.scrub import scrub_list


@contained("json_ld", list[Any])
def read_json_ld(document: Document) -> list[Any]:
    """Read the JSON-LD blocks of a page, each as it is written."""
    return scrub_list(document.json_ld_blocks)


@contained("microdata", list[Any])
def read_microdata(document: Document) -> list[Any]:
    """Read the top-level microdata items of a page, nested."""
    return scrub_list(read_items(document.table, document.base_url))
