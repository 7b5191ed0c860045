"""Kind, film or sound, product and sources of a page."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.metadata import Document, read_metadata, read_sources
from app.metadata.media import seconds_of
from app.metadata.model import Metadata
from app.metadata.product import number_of
from app.page import Page

URL = "https://shop.example.com/kites/red"


def read(html: str, content_type: str = "text/html") -> Metadata:
    return read_metadata(Document(Page(URL, URL, 200, content_type, html.encode())))


def node(**properties: Any) -> str:
    return f"<script type=application/ld+json>{json.dumps(properties)}</script>"


PRODUCT = {
    "@type": "Product",
    "name": "Red kite",
    "brand": {"@type": "Brand", "name": "Windworks"},
    "offers": {
        "@type": "Offer",
        "price": "19.90",
        "priceCurrency": "EUR",
        "availability": "https://schema.org/InStock",
    },
    "aggregateRating": {"ratingValue": "4.6", "reviewCount": 128},
}


@pytest.mark.parametrize(
    ("html", "kind"),
    [
        ("<title>t</title>", "website"),
        ("<meta property=og:type content=website>", "website"),
        ("<meta property=og:type content=article>", "article"),
        ("<meta property=og:type content=video.other>", "video"),
        ("<meta property=og:type content=music.song>", "audio"),
        ("<meta property=og:type content=profile>", "profile"),
        ("<meta property=og:type content=product.item>", "product"),
        ("<meta property=article:published_time content=2026-01-02>", "article"),
        (node(**PRODUCT), "product"),
        ("<meta property=og:type content=website>" + node(**PRODUCT), "product"),
        (node(**PRODUCT) * 3, "website"),
        (node(**{"@type": "NewsArticle", "video": {"@type": "VideoObject"}}), "article"),
        (node(**{"@type": "VideoObject"}), "video"),
        (node(**{"@type": "PodcastEpisode"}), "audio"),
        (node(**{"@type": "ProfilePage"}), "profile"),
    ],
)
def test_kind(html: str, kind: str) -> None:
    assert read(html).kind == kind


@pytest.mark.parametrize(
    ("content_type", "kind"),
    [("image/png", "image"), ("video/mp4", "video"), ("audio/mpeg", "audio"), ("application/pdf", "document")],
)
def test_kind_of_a_file(content_type: str, kind: str) -> None:
    assert read("", content_type).kind == kind


def test_media_of_open_graph() -> None:
    media = read(
        "<meta property=og:type content=video.movie><meta property=og:video content=/film.mp4>"
        "<meta property=og:video:type content=video/mp4><meta property=og:video:width content=1280>"
        "<meta property=og:video:height content=720><meta property=video:duration content=212>"
    ).media
    assert media is not None
    assert (media.duration, media.width, media.height) == (212, 1280, 720)
    assert (media.url, media.type) == ("https://shop.example.com/film.mp4", "video/mp4")


def test_media_of_json_ld() -> None:
    media = read(
        node(**{"@type": "VideoObject", "duration": "PT1M30S", "contentUrl": "/a.mp4", "width": "640px"})
    ).media
    assert media is not None
    assert (media.duration, media.width, media.url) == (90, 640, "https://shop.example.com/a.mp4")


def test_an_article_with_a_film_has_no_media() -> None:
    assert read("<meta property=og:type content=article><meta property=og:video content=/film.mp4>").media is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("PT1H2M3S", 3_723),
        ("P1DT1S", 86_401),
        ("PT90.5S", 90),
        ("1:02:03", 3_723),
        ("2:03", 123),
        ("212", 212),
        ("212.4", 212),
        ("PT0S", None),
        ("P", None),
        ("soon", None),
        ("9" * 5_000, None),
        ("P1Y", None),
    ],
)
def test_seconds(text: str, seconds: int | None) -> None:
    assert seconds_of(text) == seconds


def test_product_of_json_ld() -> None:
    product = read(node(**PRODUCT)).product
    assert product is not None
    assert (product.price, product.currency, product.availability) == (19.9, "EUR", "InStock")
    assert (product.rating, product.review_count, product.brand) == (4.6, 128, "Windworks")


@pytest.mark.parametrize(
    "offers",
    [
        {"@type": "AggregateOffer", "lowPrice": 19.9, "highPrice": 30, "priceCurrency": "EUR"},
        [{"price": "19,90", "priceCurrency": "eur"}, {"price": 99}],
        {"priceSpecification": {"price": "19.90", "priceCurrency": "EUR"}},
    ],
)
def test_price_of_any_offer(offers: Any) -> None:
    product = read(node(**{**PRODUCT, "offers": offers})).product
    assert product is not None
    assert (product.price, product.currency) == (19.9, "EUR")


def test_product_of_tags() -> None:
    product = read(
        "<meta property=og:type content=product><meta property=product:price:amount content='1.299,00'>"
        "<meta property=product:price:currency content=EUR><meta property=product:availability content='out of stock'>"
        "<meta property=product:brand content=Windworks>"
    ).product
    assert product is not None
    assert (product.price, product.currency, product.availability) == (1299.0, "EUR", "OutOfStock")
    assert product.brand == "Windworks"


def test_product_of_microdata_without_that_of_related_ones() -> None:
    product = read(
        "<meta property=og:type content=product><div class=related-products><b itemprop=price content=1.00></b></div>"
        "<div itemscope itemtype=https://schema.org/Product><b itemprop=price content=19.90>19,90</b>"
        "<link itemprop=availability href=https://schema.org/PreOrder></div>"
    ).product
    assert product is not None
    assert (product.price, product.availability) == (19.9, "PreOrder")


def test_a_page_that_is_no_product_has_none() -> None:
    assert read("<meta property=og:type content=article>" + node(**PRODUCT)).product is None


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1,299.00", 1299.0),
        ("1.299,00 €", 1299.0),
        ("1 299", 1299.0),
        ("19.9", 19.9),
        ("EUR 5", 5.0),
        ("free", None),
        ("", None),
        ("9" * 400, float("9" * 15)),
    ],
)
def test_number(text: str, number: float | None) -> None:
    assert number_of(text) == number


def sources(html: str) -> dict[str, Any]:
    document = Document(Page(URL, URL, 200, "text/html", html.encode()))
    return read_sources(document, read_metadata(document))


def test_a_source_is_the_first_part_that_says_the_value() -> None:
    told = sources("<title>Red kite | Shop</title><meta property=og:title content='Red kite'>")["title"]
    assert told == {
        "from": "og:title",
        "value": "Red kite",
        "others": [{"from": "title", "value": "Red kite | Shop"}],
    }


def test_a_value_that_was_cut_comes_from_the_tag_that_holds_it() -> None:
    told = sources("<title>Red kite | Shop</title><meta property=og:site_name content=Shop>")
    assert (told["title"]["from"], told["title"]["value"]) == ("title", "Red kite")
    assert told["site_name"] == {"from": "og:site_name", "value": "Shop", "others": []}


def test_a_value_of_the_text_comes_from_the_page() -> None:
    text = "Kites fly when the wind is right and the string is long enough to let them go up into the sky above."
    assert sources(f"<h1>Kites</h1><p>{text}")["description"] == {"from": "page", "value": text, "others": []}


def test_a_field_without_a_value_has_no_source() -> None:
    assert sources("<title>Kites</title>")["author"] == {"from": None, "value": None, "others": []}


def test_a_source_names_json_ld_and_what_disagrees() -> None:
    told = sources(
        node(**{"@type": "Article", "author": {"name": "Ida Roe"}}) + "<meta name=author content='The editors'>"
    )["author"]
    assert told["from"] == "json-ld"
    assert told["others"] == [{"from": "author", "value": "The editors"}]
