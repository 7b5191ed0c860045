"""Cards as HTML without script or style sheet, for feeds, Markdown, e-mail and pages without JavaScript."""

from app.cards.html import render_card, render_link

__all__ = ["render_card", "render_link"]
