"""Providers of oEmbed, in the form of oembed.com's `providers.json`.

Rule: a mistake in an operator's file is told with its place and with what is allowed.
"""

from __future__ import annotations

import re

import msgspec
from msgspec import Struct

# oembed.com, 2.1: wildcards stand in the labels before the domain, and anywhere in the path.
_SCHEME = re.compile(r"https?://(?:\*\.){0,3}[\w.-]+(?::\d+)?(?:[/?].*)?\Z")
_URL = re.compile(r"https?://[\w.-]+(?::\d+)?(?:[/?].*)?\Z")


class Endpoint(Struct, frozen=True):
    """Address that answers for the pages whose URLs match one of `schemes`."""

    url: str
    schemes: tuple[str, ...] = ()


class Provider(Struct, frozen=True):
    """Site whose pages and players belong together."""

    provider_name: str
    provider_url: str
    endpoints: tuple[Endpoint, ...] = ()

    @property
    def addresses(self) -> tuple[str, ...]:
        """URLs and schemes that name its hosts."""
        of_endpoints = (each for endpoint in self.endpoints for each in (endpoint.url, *endpoint.schemes))
        return (self.provider_url, *of_endpoints)


def read_providers(body: bytes | str) -> tuple[Provider, ...]:
    """Read a list of providers as JSON. Raises ValueError."""
    try:
        providers = msgspec.json.decode(body, type=tuple[Provider, ...])
    except msgspec.MsgspecError as error:
        raise ValueError(f"must be a list in the form of oembed.com's providers.json: {error}") from None
    for provider in providers:
        _check(provider)
    return providers


def _check(provider: Provider) -> None:
    for url in (provider.provider_url, *(endpoint.url for endpoint in provider.endpoints)):
        if not _URL.match(url):
            raise ValueError(f"{provider.provider_name}: a URL must begin with http:// or https://, not {url!r}")
    for scheme in (each for endpoint in provider.endpoints for each in endpoint.schemes):
        if not _SCHEME.match(scheme):
            raise ValueError(
                f"{provider.provider_name}: a scheme must be such as https://*.example.com/watch/*, not {scheme!r}"
            )
