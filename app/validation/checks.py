"""Checks of the tags that previews are made of."""

from __future__ import annotations

from app.metadata import Document, Metadata
from app.metadata.canonical import canonical_of_header
from app.metadata.values import clean
from app.validation.model import Check, Checks, Dimensions
from app.validation.tags import MAX_SHOWN, find_tag, is_absolute, is_vector

# developer.x.com, "Cards Markup": 70 and 200 characters.
TITLE_LENGTH = 70
DESCRIPTION_LENGTH = 200
# developers.facebook.com/docs/sharing/webmasters/images: 200 x 200 at least, 1200 x 630 recommended.
LEAST_SIDE = 200
WIDTH, HEIGHT = 1_200, 630
# developer.x.com, "Cards Markup", twitter:card.
CARDS = ("summary", "summary_large_image", "app", "player")


def read_checks(document: Document, metadata: Metadata) -> Checks:
    """Check each tag of a page."""
    return Checks(
        og_title=_text(document, "og:title", TITLE_LENGTH),
        og_description=_text(document, "og:description", DESCRIPTION_LENGTH),
        og_image=_image(document, metadata),
        og_url=_address(_content(document, "og:url"), "og:url"),
        twitter_card=_card(document),
        favicon=_favicon(metadata),
        canonical=_address(_canonical(document), "<link rel=canonical>"),
    )


def _content(document: Document, *names: str) -> str | None:
    tag = find_tag(document, names)
    return tag.content if tag else None


def _canonical(document: Document) -> str | None:
    hrefs = (link["href"] for rels, link in document.links if "canonical" in rels)
    return clean(next(hrefs, None)) or canonical_of_header(document)


def _text(document: Document, name: str, most: int) -> Check:
    value = _content(document, name)
    if value is None:
        return _missing(f"Add {name}, {most} characters at most.", length=0)
    advice = f"Shorten {name} to {most} characters: {len(value)} are cut." if len(value) > most else None
    return Check(present=True, valid=not advice, value=value[:MAX_SHOWN], length=len(value), recommendation=advice)


def _missing(advice: str, length: int | None = None) -> Check:
    return Check(present=False, valid=False, value=None, length=length, recommendation=advice)


def _image(document: Document, metadata: Metadata) -> Check:
    value = _content(document, "og:image", "og:image:url", "og:image:secure_url")
    if value is None:
        return _missing(f"Add og:image, {WIDTH} x {HEIGHT} pixels.")
    media = next(iter(metadata.open_graph.images), None)
    size = Dimensions(width=media.width, height=media.height) if media and (media.width or media.height) else None
    fault = _fault_of_image(value, media.type if media else None, size)
    advice = fault or _advice_for_image(value, size)
    return Check(present=True, valid=not fault, value=value[:MAX_SHOWN], dimensions=size, recommendation=advice)


def _fault_of_image(value: str, declared: str | None, size: Dimensions | None) -> str | None:
    if not is_absolute(value):
        return "Make og:image an absolute address: most platforms show no picture."
    if is_vector(value, declared):
        return "Make og:image a PNG or JPEG: no platform shows SVG."
    if size and min(size.width or LEAST_SIDE, size.height or LEAST_SIDE) < LEAST_SIDE:
        return f"Enlarge og:image to {WIDTH} x {HEIGHT} pixels: below {LEAST_SIDE} x {LEAST_SIDE} it is not shown."
    return None


def _advice_for_image(value: str, size: Dimensions | None) -> str | None:
    if value.lower().startswith("http:"):
        return "Serve og:image over https."
    if size is None or not size.width or not size.height:
        return "Declare og:image:width and og:image:height: the first share shows the picture at once."
    if size.width < WIDTH or size.height < HEIGHT:
        return f"Enlarge og:image to {WIDTH} x {HEIGHT} pixels for sharp screens."
    return None


def _address(value: str | None, name: str) -> Check:
    if value is None:
        return _missing(f"Add {name} with the page's absolute address.")
    valid = is_absolute(value)
    advice = None if valid else f"Make {name} an absolute address."
    return Check(present=True, valid=valid, value=value[:MAX_SHOWN], recommendation=advice)


def _card(document: Document) -> Check:
    value = _content(document, "twitter:card")
    if value is None:
        return _missing("Add twitter:card: summary_large_image makes the picture large on X, Slack and Discord.")
    valid = value.lower() in CARDS
    advice = None if valid else f"Set twitter:card to one of {', '.join(CARDS)}."
    return Check(present=True, valid=valid, value=value[:MAX_SHOWN], recommendation=advice)


def _favicon(metadata: Metadata) -> Check:
    if not metadata.icons:
        return _missing("Add <link rel=icon>.")
    return Check(present=True, valid=True, value=(metadata.meta.favicon or metadata.icons[0].url)[:MAX_SHOWN])
