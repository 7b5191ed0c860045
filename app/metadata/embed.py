"""Players: the `<iframe>` of an oEmbed provider, rebuilt from checked parts.

Rule: markup of a provider is never passed on; scripts, event attributes and `srcdoc` have no way through.
"""

from __future__ import annotations

from html import escape
from urllib.parse import urlsplit

from app.metadata.html.table import START, read_table
from app.metadata.values import absolute_url, registrable_domain

MAX_SIDE = 10_000
"""Pixels of a side; a larger one is left out."""

FEATURES = ("autoplay", "clipboard-write", "encrypted-media", "fullscreen", "picture-in-picture", "web-share")
"""Features of the Permissions Policy that a player may ask for."""

SANDBOX = "allow-scripts allow-same-origin allow-popups allow-presentation"


def rebuild_player(html: str, title: str | None, base_url: str, page_url: str) -> str | None:
    """Rebuild the lone https `<iframe>` of a provider's own host with a sandbox; None of any other `html`.

    Its own hosts share the registrable domain of the endpoint (`base_url`) or of the page.
    """
    attributes = _lone_iframe(html)
    url = absolute_url(attributes.get("src"), base_url)
    if not url or not url.startswith("https://") or not _is_own(url, base_url, page_url):
        return None
    return _build(url, title or attributes.get("title"), attributes)


def _lone_iframe(html: str) -> dict[str, str]:
    """Attributes of a lone `<iframe>`; none of any other markup."""
    table = read_table(html.encode("utf-8", "replace"))
    rows = [row for row in range(len(table)) if table.kind(row) == START or table.run(row).strip()]
    return table.attributes(rows[0]) if [*map(table.name, rows)] == ["iframe"] else {}


def _is_own(url: str, *others: str) -> bool:
    domain = _domain(url)
    return domain is not None and domain in map(_domain, others)


def _domain(url: str) -> str | None:
    host = urlsplit(url).hostname
    return host and (registrable_domain(host) or host)


def _build(url: str, title: str | None, attributes: dict[str, str]) -> str:
    built = {
        "src": url,
        "width": _side(attributes.get("width", "")),
        "height": _side(attributes.get("height", "")),
        "title": title,
        "allow": "; ".join(_features(attributes)),
        "sandbox": SANDBOX,
        "loading": "lazy",
        "referrerpolicy": "strict-origin-when-cross-origin",
    }
    told = " ".join(f'{name}="{escape(value)}"' for name, value in built.items() if value)
    return f"<iframe {told}></iframe>"


def _features(attributes: dict[str, str]) -> list[str]:
    asked = {directive.split()[0].lower() for directive in attributes.get("allow", "").split(";") if directive.strip()}
    if "allowfullscreen" in attributes:
        asked.add("fullscreen")
    return [feature for feature in FEATURES if feature in asked]


def _side(value: str) -> str | None:
    digits = value.strip().removesuffix("px")
    is_side = digits.isascii() and digits.isdigit() and len(digits) < 6 and 0 < int(digits) <= MAX_SIDE
    return digits if is_side else None
