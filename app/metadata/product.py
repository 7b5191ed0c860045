"""Product of a page: price, availability, rating and brand, by JSON-LD, the tags of shops, or microdata."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from app.metadata import jsonld
from app.metadata.containment import contained, nothing
from app.metadata.document import Document
from app.metadata.html import flags
from app.metadata.kind import PRODUCT_TYPES
from app.metadata.model import Kind, Product
from app.metadata.values import first_of

MAX_OFFERS = 20
"""Offers of one product looked at."""

MAX_ITEMS = 20
"""Elements with one `itemprop` looked at."""

_CURRENCY = re.compile(r"[A-Z]{3}\Z")
_NUMBER = re.compile(r"\d[\d.,\u00a0\u202f' ]*+", re.ASCII)
_RATING = re.compile(r"\d{1,4}+(?:[.,]\d{1,9}+)?+", re.ASCII)
_ENDS = re.compile(r"[.,](\d{1,2})\Z")
_WORD = re.compile(r"[\W_]+")
# schema.org, ItemAvailability, and what shops write in its place.
_AVAILABILITY = {
    **{name.lower(): name for name in ("InStock", "OutOfStock", "PreOrder", "BackOrder", "SoldOut", "Discontinued")},
    **{name.lower(): name for name in ("InStoreOnly", "OnlineOnly", "LimitedAvailability", "PreSale", "MadeToOrder")},
    "instock1": "InStock",
    "available": "InStock",
    "availablefororder": "BackOrder",
    "oos": "OutOfStock",
    "pending": "PreOrder",
    "unavailable": "OutOfStock",
}
_PRICES = ("product:price:amount", "og:price:amount", "product:sale_price:amount")
_CURRENCIES = ("product:price:currency", "og:price:currency", "product:sale_price:currency")
_AVAILABILITIES = ("product:availability", "og:availability")
_NOT_OWN = flags.RELATED | flags.REVIEW | flags.NAV | flags.FOOTER


@contained("product", nothing)
def read_product(document: Document, kind: Kind) -> Product | None:
    """Read the product of a page of kind `product`; None for any other."""
    if kind != "product":
        return None
    node = next(iter(jsonld.of_types(document.json_ld.nodes, PRODUCT_TYPES)), {})
    offers, rating = list(_offers(node)), _object(node.get("aggregateRating"))
    product = Product(
        price=_price(document, offers),
        currency=_currency(document, offers),
        availability=_availability(document, offers),
        rating=_rating(document, rating),
        review_count=_count(document, rating),
        brand=_brand(document, node),
    )
    return product if product != Product() else None


def _offers(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Offers of a product, of an aggregate, and of the variants of a group."""
    waiting: list[Any] = [node.get("offers"), node.get("hasVariant")]
    for _ in range(MAX_OFFERS):
        if not waiting:
            return
        value = waiting.pop(0)
        if isinstance(value, list):
            waiting += value[:MAX_OFFERS]
        elif isinstance(value, dict):
            yield value
            waiting.append(value.get("offers"))
            waiting.append(value.get("priceSpecification"))


def _price(document: Document, offers: list[dict[str, Any]]) -> float | None:
    told = (jsonld.text_of(offer.get(key)) for offer in offers for key in ("price", "lowPrice"))
    return number_of(first_of((*told, document.meta(*_PRICES), _item(document, "price", "lowPrice"))))


def _from(offers: Iterable[dict[str, Any]], key: str) -> str | None:
    return first_of(jsonld.text_of(offer.get(key)) for offer in offers)


def _object(value: Any) -> dict[str, Any]:
    value = value[0] if isinstance(value, list) and value else value
    return value if isinstance(value, dict) else {}


def _count(document: Document, rating: dict[str, Any]) -> int | None:
    told = (jsonld.text_of(rating.get(key)) for key in ("reviewCount", "ratingCount"))
    count = number_of(first_of((*told, _item(document, "reviewCount", "ratingCount"))))
    return int(count) if count is not None else None


def _item(document: Document, *names: str) -> str | None:
    """Value of the page's own first element with any of these `itemprop`s."""
    table = document.table
    for row in table.having("itemprop")[: MAX_ITEMS * MAX_ITEMS]:
        if table.attribute(row, "itemprop") in names and not table.flags(row) & _NOT_OWN:
            value = table.attribute(row, "content") or table.attribute(row, "href") or table.text(row, 100)
            if value:
                return value.strip()
    return None


def _rating(document: Document, rating: dict[str, Any]) -> float | None:
    told = first_of((jsonld.text_of(rating.get("ratingValue")), _item(document, "ratingValue")))
    found = _RATING.search(told[:100]) if told else None
    return float(found[0].replace(",", ".")) if found else None


def _brand(document: Document, node: dict[str, Any]) -> str | None:
    names = document.json_ld.names(node.get("brand"))
    return first_of((*names, document.meta("product:brand", "og:brand"), _item(document, "brand")))


def _currency(document: Document, offers: list[dict[str, Any]]) -> str | None:
    values = (_from(offers, "priceCurrency"), document.meta(*_CURRENCIES), _item(document, "priceCurrency"))
    told = (value.strip().upper() for value in values if value)
    return next((value for value in told if _CURRENCY.match(value)), None)


def _availability(document: Document, offers: list[dict[str, Any]]) -> str | None:
    """Name of schema.org's ItemAvailability."""
    values = (_from(offers, "availability"), document.meta(*_AVAILABILITIES), _item(document, "availability"))
    told = (_WORD.sub("", value.rsplit("/", 1)[-1]).lower() for value in values if value)
    return first_of(_AVAILABILITY.get(value) for value in told)


def number_of(text: str | None) -> float | None:
    """Parse a number with `.` or `,` before its decimals; None without digits."""
    found = _NUMBER.search(text[:100]) if text else None
    if not found:
        return None
    digits = found[0].rstrip(".,' \u00a0\u202f")
    decimals = _ENDS.search(digits)
    whole = digits[: decimals.start()] if decimals else digits
    plain = "".join(filter(str.isdigit, whole))
    return float(f"{plain[:15]}.{decimals[1] if decimals else 0}")
