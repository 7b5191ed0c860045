"""Registry of oEmbed providers: the endpoint for a page, and the provider that owns a page and its player.

`providers.json` is made by `.ci/providers.py` from oembed.com's registry (MIT licence, Cal Henderson).
Rule: hosts belong together by their registrable domain, where customers of a shared domain are strangers.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from urllib.parse import SplitResult, quote, urlsplit

from app.metadata.values import site_of
from app.settings.providers import Endpoint, Provider, read_providers

SHIPPED = Path(__file__).with_name("providers.json")


class Registry:
    """Providers by the sites that they own."""

    def __init__(self, providers: Iterable[Provider] = ()) -> None:
        self._by_site: dict[str, list[Provider]] = {}
        for provider in providers:
            for site in dict.fromkeys(map(_site, provider.addresses)):
                self._by_site.setdefault(site, []).append(provider)

    def owners(self, url: str) -> list[Provider]:
        """Providers that own the host of `url`."""
        return self._by_site.get(_site(url), [])

    def owner_of_both(self, page_url: str, player_url: str) -> Provider | None:
        """Provider that owns the page and the player, None if none owns both."""
        players = self.owners(player_url)
        return next((provider for provider in self.owners(page_url) if provider in players), None)

    def endpoint_for(self, url: str) -> str | None:
        """URL to ask for the oEmbed answer of a page; None if no https endpoint has a scheme for it."""
        endpoints = (endpoint for provider in self.owners(url) for endpoint in provider.endpoints)
        found = next((each for each in endpoints if each.url.startswith("https:") and _covers(each, url)), None)
        return _ask(found.url, url) if found else None


@lru_cache(maxsize=1)
def shipped_registry(*added: Provider) -> Registry:
    """Registry of oembed.com, and the providers that the operator `added`, which come first."""
    return Registry((*added, *read_providers(SHIPPED.read_bytes())))


def _site(url: str) -> str:
    """Site of a URL or of a scheme, whose host may begin with wildcards."""
    host = (_split(url).hostname or "").lstrip("*.")
    return site_of(host)


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


def _covers(endpoint: Endpoint, url: str) -> bool:
    parts = _split(url)
    path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    return any(_is_host(parts.hostname or "", each) and _is_path(path, each) for each in endpoint.schemes)


def _is_host(host: str, scheme: str) -> bool:
    named = _split(scheme).hostname or ""
    own = named.lstrip("*.")
    return host == named or (own != named and host.endswith(f".{own}"))


def _is_path(path: str, scheme: str) -> bool:
    """Match a path with the wildcards of a scheme. Each piece is sought once, after the one before it."""
    pattern = scheme.partition("://")[2].partition("/")[2]
    first, *pieces = f"/{pattern}".split("*")
    if not path.startswith(first):
        return False
    if not pieces:
        return path == first
    at = len(first)
    for piece in pieces[:-1]:
        found = path.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return len(path) - at >= len(pieces[-1]) and path.endswith(pieces[-1])


def _ask(endpoint: str, url: str) -> str:
    endpoint = endpoint.replace("{format}", "json")
    return f"{endpoint}{'&' if '?' in endpoint else '?'}format=json&url={quote(url, safe='')}"
