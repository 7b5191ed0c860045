"""Refresh app/metadata/providers.json: `python .ci/providers.py FILE-OR-URL`.

Takes oembed.com's registry, https://oembed.com/providers.json or the file in npm's package `oembed-providers` (MIT
licence, Cal Henderson), and leaves out providers that need a token or have
closed, and schemes of other protocols.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any
from urllib.request import urlopen

sys.path.insert(0, str(Path(__file__).parent.parent))

from app.metadata.registry import SHIPPED
from app.settings.providers import read_providers

TOKEN = {"Facebook", "Instagram"}  # answer only with an access token
GONE = {"CollegeHumor", "Official FM", "RoosterTeeth", "Screenr", "Ustream", "VLIVE"}  # closed
NO_HOST = {"Waltrack"}  # "https://waltrack/net"

# Hosts of players that the registry does not name.
ADDED = {"YouTube": "https://*.youtube-nocookie.com/embed/*", "Wistia, Inc.": "https://fast.wistia.net/embed/*"}


def main(source: str) -> None:
    """Read the registry, and write what Pagecard uses of it, a provider a line."""
    lines = [json.dumps(_used(each), ensure_ascii=False) for each in json.loads(_read(source)) if _is_usable(each)]
    text = "[\n" + ",\n".join(lines) + "\n]\n"
    read_providers(text)
    SHIPPED.write_text(text, encoding="utf-8")
    print(f"{len(lines)} providers in {SHIPPED}")


def _read(source: str) -> bytes:
    if source.startswith("https://"):
        with urlopen(source, timeout=30) as answer:  # noqa: S310  (https alone)
            return bytes(answer.read())
    return Path(source).read_bytes()


def _is_usable(provider: dict[str, Any]) -> bool:
    return provider["provider_name"] not in TOKEN | GONE | NO_HOST


def _used(provider: dict[str, Any]) -> dict[str, Any]:
    added = [ADDED[provider["provider_name"]]] if provider["provider_name"] in ADDED else []
    endpoints = [
        {"url": each["url"], "schemes": [*_of_web(each.get("schemes", [])), *added]} for each in provider["endpoints"]
    ]
    return {
        "provider_name": provider["provider_name"],
        "provider_url": provider["provider_url"],
        "endpoints": endpoints,
    }


def _of_web(schemes: list[str]) -> list[str]:
    return [scheme for scheme in schemes if scheme.startswith(("http://", "https://"))]


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
