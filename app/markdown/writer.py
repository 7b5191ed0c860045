"""HTML to Markdown: a tree, cleaned, and html-to-markdown's reading of it."""

from __future__ import annotations

from urllib.parse import urljoin

from html_to_markdown import ConversionError, ConversionOptions, PreprocessingOptions, convert
from lxml import etree

from app.markdown.clean import clean, leads
from app.markdown.escape import free, hold
from app.markdown.flatten import flatten, is_deep, limit_attributes, swallows, without_noscript

_CONTROL = bytes({*range(0x20)} - {*b"\t\n\r\f"})
_SPACED = bytes.maketrans(b"\f", b" ")

# The tree is clean already. The converter's own cleaning takes forms out, and with them pages that are one form.
_AS_IT_IS = PreprocessingOptions(enabled=False)


def to_markdown(text: str, base_url: str, *, limit: int = 2 * 2**20) -> str:
    """The page `text` (decoded HTML) as CommonMark with tables, at most `limit` bytes of UTF-8.

    `base_url` is the URL that answered; links become absolute by it, or by the page's own `<base>`.
    """
    try:
        return _cut(_read(text, base_url), limit)
    except ConversionError:  # version 3.21 panics where a stray list item begins with "# é"
        return _cut(_read(flatten(text), base_url), limit)


def _read(text: str, base_url: str) -> str:
    tree = _parse(text)
    if tree is None:
        return ""
    base_url = _base(tree, base_url)
    clean(tree)
    hold(tree)
    return free(_convert(etree.tostring(tree, encoding="unicode", method="html"), base_url))


def _parse(text: str) -> etree._Element | None:
    text = limit_attributes(text)
    tree = _tree(text)
    if tree is not None and swallows(tree):
        text = without_noscript(text)
        tree = _tree(text)
    return _tree(flatten(text)) if tree is not None and is_deep(tree) else tree


def _tree(text: str) -> etree._Element | None:
    # A parser of its own per page: a shared one is one lock for all threads. Bytes, since lxml refuses
    # a str that begins with an XML declaration; the encoding handed over wins over the page's own.
    parser = etree.HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True, no_network=True)
    try:
        return etree.fromstring(_encode(text), parser)
    except etree.XMLSyntaxError:  # nothing but white space or comments
        return None


def _encode(text: str) -> bytes:
    """Without the characters that a tree cannot hold (XML 1.0, 2.2)."""
    encoded = text.encode("utf-8", "replace").translate(_SPACED, _CONTROL)
    return encoded.replace(b"\xef\xbf\xbe", b"").replace(b"\xef\xbf\xbf", b"")


def _base(tree: etree._Element, base_url: str) -> str:
    """The first `<base>` with an href decides, itself resolved (HTML standard, 4.2.3)."""
    for element in tree.iter("base"):
        if href := element.get("href"):
            try:
                resolved = urljoin(base_url, href.strip())
            except ValueError:
                return base_url
            return resolved if leads(resolved) else base_url
    return base_url


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
        bullets="-",
        preprocessing=_AS_IT_IS,
    )
    return convert(html, options).content or ""


def _cut(text: str, limit: int) -> str:
    if len(text) * 4 <= limit:
        return text
    encoded = text.encode("utf-8", "replace")
    return text if len(encoded) <= limit else encoded[:limit].decode("utf-8", "ignore")
