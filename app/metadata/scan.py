"""Who goes through the markup of a page: the compiled scanner, or Python where it could not be built."""

from __future__ import annotations

from app.metadata import tags

try:
    from app.metadata.scanner import raw_pieces, read_attributes, read_metas, read_tags
except ImportError:  # installed without a compiler
    from app.metadata.metas import read_metas
    from app.metadata.pieces import raw_pieces
    from app.metadata.tags import read_attributes, read_tags

__all__ = ["COMPILED", "raw_pieces", "read_attributes", "read_metas", "read_tags"]

COMPILED = read_tags is not tags.read_tags
"""Whether the compiled scanner is there."""
