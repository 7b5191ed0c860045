"""Who goes through the markup of a page: the compiled scanner, or Python where it could not be built."""

from __future__ import annotations

from app.metadata.html import tags

try:
    from app.metadata.html.scanner import raw_pieces, read_attributes, read_metas, read_tags
except ImportError:  # installed without a compiler
    from app.metadata.html.metas import read_metas
    from app.metadata.html.tags import read_attributes, read_tags
    from app.metadata.html.text_runs import raw_pieces

__all__ = ["COMPILED", "raw_pieces", "read_attributes", "read_metas", "read_tags"]

COMPILED = read_tags is not tags.read_tags
"""Whether the compiled scanner is there."""
