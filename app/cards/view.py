"""What a card shows: its layout, its picture and its facts, from the `data` of the API.

Rule 1: the layout follows from what is known of the picture, as in `static/link-preview.js`.
Rule 2: only http(s) addresses are linked to or loaded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urljoin, urlsplit

Layout = Literal["large", "small", "none"]
Data = Mapping[str, Any]

SMALL = 300
"""Pixels: a picture that is narrower is shown small, for it would be blown up."""

SQUARE = 1.34
"""Width by height up to which a picture is shown whole in a square, not cropped."""

HTML_TYPES = ("text/html", "application/xhtml+xml")
_FILE_NAMES = {"svg+xml": "SVG", "mpeg": "MP3", "x-icon": "ICO", "vnd.microsoft.icon": "ICO", "quicktime": "MOV"}
_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Picture:
    """Picture of a card; sides in pixels where they are known."""

    url: str
    alt: str
    width: int | None
    height: int | None


@dataclass(frozen=True, slots=True)
class CardView:
    """Everything that the template shows. `letter` stands in for a missing icon; `mark` is "▶" or "▶ 3:32"."""

    url: str
    title: str
    site: str
    description: str | None
    language: str | None
    layout: Layout
    picture: Picture | None
    icon: str | None
    letter: str
    mark: str | None
    facts: tuple[str, ...]


def view_card(data: Data, home: str) -> CardView:
    """Choose what to show of a card. `home` is the URL of the API, which relative pictures are read against."""
    host = (urlsplit(data["resolved_url"]).hostname or "").removeprefix("www.")
    picture, site = _picture(data, home), data["site_name"] or host
    return CardView(
        url=data["url"],
        title=data["title"] or shown(data["url"]),
        site=site,
        description=data["description"],
        language=data["meta"]["language"],
        layout=_layout(data, picture) if picture else "none",
        picture=picture,
        icon=_web(data["meta"]["favicon"]),
        letter=next(filter(str.isalnum, site), "·").upper(),
        mark=_mark(data),
        facts=tuple(_facts(data)),
    )


def shown(url: str) -> str:
    """Shorten an address for readers."""
    return re.sub(r"\Ahttps?://(?:www\.)?|/\Z", "", url)


def _picture(data: Data, home: str) -> Picture | None:
    info, images = data.get("image_info") or {}, data["open_graph"]["images"]
    declared: Data = next((image for image in images if image["url"] == data["image"]), {})
    proxied = info.get("proxy_url")
    url = _web(urljoin(home, proxied) if proxied else data["image"])
    if not url:
        return None
    sides = info if info.get("width") else declared
    return Picture(url, declared.get("alt") or "", sides.get("width"), sides.get("height"))


def _layout(data: Data, picture: Picture) -> Layout:
    width, height = picture.width, picture.height
    is_film = data["kind"] == "video"
    if width and height:
        return "small" if width < SMALL or (width / height < SQUARE and not is_film) else "large"
    return "small" if data["twitter"]["card"] == "summary" and not is_film else "large"


def _mark(data: Data) -> str | None:
    if data["kind"] not in ("video", "audio"):
        return None
    seconds = (data["media"] or {}).get("duration")
    return f"▶ {clock(seconds)}" if seconds else "▶"


def _facts(data: Data) -> Iterator[str]:
    """Facts under a card, those of its kind first."""
    product, content, article = data["product"] or {}, data["content"], data["article"]
    if product.get("price") is not None:
        yield f"{product['price']:.2f} {product['currency'] or ''}".strip()
    if product.get("availability"):
        yield _CAPITAL.sub(" ", product["availability"]).capitalize()
    if content["type"] and content["type"] not in HTML_TYPES:
        yield file_type(content["type"])
        if content["length"]:
            yield file_size(content["length"])
    yield from filter(None, (article["author"] or data["meta"]["author"], (article["published_time"] or "")[:10]))


def clock(seconds: int) -> str:
    """Write seconds as `3:32` or `1:02:03`."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def file_type(media_type: str) -> str:
    """Name a media type as readers do: `PDF` of application/pdf."""
    subtype = media_type.rpartition("/")[2]
    return _FILE_NAMES.get(subtype, subtype.removeprefix("x-").partition("+")[0].rpartition(".")[2].upper()[:12])


def file_size(size: float) -> str:
    """Write bytes with an SI prefix: `1.2 MB`."""
    for unit in ("B", "kB", "MB"):
        if size < 999.5:
            return f"{size:.0f} {unit}" if size >= 10 or unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def _web(url: str | None) -> str | None:
    return url if url and url.startswith(("https://", "http://")) else None
