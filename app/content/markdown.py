"""HTML to Markdown: a tree, cleaned, and html-to-markdown's reading of it."""

from __future__ import annotations

import re
from urllib.parse import urljoin

from html_to_markdown import ConversionOptions, convert
from lxml import etree

from app.content.flat import flatten, is_deep, limit_attributes

_DROPPED = (
    *("script", "style", "noscript", "template", "link", "meta", "title", "base"),
    *("iframe", "object", "applet", "svg", "canvas", "audio", "video", "map"),
    *("button", "select", "textarea", "datalist"),
)
"""What has no place in a text: code, what loads something else, and the parts of forms."""

_VOID = ("embed", "frame", "input", "source", "track", "wbr")
"""Elements without content, of which libxml2 gives some what follows them (HTML standard, 13.1.2)."""

_LOST = "lost-image"

_SCHEME = re.compile(r"[\x00-\x20]*([a-zA-Z][a-zA-Z0-9+.\-\t\r\n]*):")
_SPACES = re.compile(r"[\t\r\n]")
_LINKS = frozenset({"http", "https", "mailto", "tel"})
_IMAGES = frozenset({"http", "https"})

_LAZY = ("data-src", "data-original", "data-lazy-src")
"""Where scripts that load images late keep the address that belongs into `src`."""


def to_markdown(text: str, base_url: str, *, limit: int = 2 * 2**20) -> str:
    """The page `text` (decoded HTML) as CommonMark with tables, at most `limit` bytes of UTF-8.

    `base_url` is the URL that answered; links become absolute by it, or by the page's own `<base>`.
    """
    tree = _parse(text)
    if tree is None:
        return ""
    base_url = _base(tree, base_url)
    _clean(tree)
    return _cut(_convert(etree.tostring(tree, encoding="unicode", method="html"), base_url), limit)


def _parse(text: str) -> etree._Element | None:
    text = limit_attributes(text)
    tree = _tree(text)
    return _tree(flatten(text)) if tree is not None and is_deep(tree) else tree


def _tree(text: str) -> etree._Element | None:
    # A parser of its own per page: a shared one is one lock for all threads. Bytes, since lxml refuses
    # a str that begins with an XML declaration; the encoding handed over wins over the page's own.
    parser = etree.HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True, no_network=True)
    try:
        return etree.fromstring(text.encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError:  # nothing but white space or comments
        return None


def _base(tree: etree._Element, base_url: str) -> str:
    """The first `<base>` with an href decides, itself resolved (HTML standard, 4.2.3)."""
    for element in tree.iter("base"):
        if href := element.get("href"):
            try:
                resolved = urljoin(base_url, href.strip())
            except ValueError:
                return base_url
            return resolved if _scheme(resolved) in _IMAGES else base_url
    return base_url


def _clean(tree: etree._Element) -> None:
    etree.strip_elements(tree, *_DROPPED, with_tail=False)
    etree.strip_tags(tree, *_VOID)
    for link in tree.iter("a", "area"):
        if not _leads(link.get("href"), _LINKS):
            link.attrib.pop("href", None)
    for image in tree.iter("img"):
        _wake(image)
        if not _leads(image.get("src"), _IMAGES):
            image.tag = _LOST
    etree.strip_elements(tree, _LOST, with_tail=False)
    for quote in tree.iter("blockquote", "q", "del", "ins"):
        quote.attrib.pop("cite", None)


def _leads(address: str | None, allowed: frozenset[str]) -> bool:
    """Whether a reader may follow this address. A relative one has no scheme, and does."""
    return address is not None and address.strip() != "" and (_scheme(address) or "https") in allowed


def _scheme(address: str) -> str | None:
    found = _SCHEME.match(address)
    return _SPACES.sub("", found[1]).lower() if found else None


def _wake(image: etree._Element) -> None:
    """Give an image that waits for a script the address that the script would."""
    if _scheme(image.get("src") or "data:") == "data":
        late = next((image.get(name) for name in _LAZY if image.get(name)), None)
        if late:
            image.set("src", late)


def _convert(html: str, base_url: str) -> str:
    # What a click shows belongs to the page. Where all of a page is hidden, a script was to show it.
    return _convert_as(html, base_url, "REACHABLE") or _convert_as(html, base_url, "ALL")


def _convert_as(html: str, base_url: str, hidden_content: str) -> str:
    options = ConversionOptions(
        extract_metadata=False,  # or the Markdown begins with YAML
        base_url=base_url,
        compact_tables=True,  # or one long cell pads every row to its width
        infer_dimensions=False,
        hidden_content=hidden_content,
        inline_data_media="DROP_ELEMENT",
    )
    return convert(html, options).content or ""


def _cut(text: str, limit: int) -> str:
    if len(text) * 4 <= limit:
        return text
    encoded = text.encode("utf-8", "replace")
    return text if len(encoded) <= limit else encoded[:limit].decode("utf-8", "ignore")
