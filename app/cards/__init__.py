"""Cards as HTML without script or style sheet, and main contents as Markdown documents."""

from app.cards.document import render_document, render_head
from app.cards.html import render_card, render_link

__all__ = ["render_card", "render_document", "render_head", "render_link"]
