"""Rendering of a card with Jinja2, which escapes every value.

Rule: the markup has no script, no style sheet and no line break, so Markdown takes it as one block of HTML.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from app.cards.view import Data, shown, view_card


@lru_cache(maxsize=2)
def _template(name: str) -> Template:
    loader = FileSystemLoader(Path(__file__).with_name("templates"))
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined).get_template(name)


def render_card(data: Data, home: str = "") -> str:
    """Render the `data` of a success. `home` is the URL of the API, which serves pictures."""
    return _fold(_template("card.html").render(card=view_card(data, home)))


def render_link(url: str) -> str:
    """Render a URL without a card as a compact card; text alone for a URL that is not http(s)."""
    is_web = url.lower().startswith(("https://", "http://"))
    return _fold(_template("link.html").render(url=url if is_web else None, text=shown(url)))


def _fold(html: str) -> str:
    return " ".join(html.split())
