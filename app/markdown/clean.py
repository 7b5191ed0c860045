"""The tree of a page, made ready for Markdown: what has no place in a text goes, and addresses are safe to follow.

Every pass is linear in the page's length.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from urllib.parse import quote

from lxml import etree

_DROPPED = (
    *("script", "style", "noscript", "template", "link", "meta", "title", "base"),
    *("iframe", "object", "applet", "svg", "canvas", "audio", "video", "map", "noembed", "noframes"),
    *("button", "select", "textarea", "datalist", "rp"),
)
"""What has no place in a text: code, what loads something else, the parts of forms, and what replaces ruby."""

_READ_AS = {"image": "img", "xmp": "pre", "listing": "pre", "plaintext": "pre", "form": "div", "math": "span"}
"""Elements that the converter would take for something else than a browser does."""

_VOID = ("embed", "frame", "input", "source", "track", "wbr")
"""Elements without content, of which libxml2 gives some what follows them (HTML standard, 13.1.2)."""

_GONE = "gone"

_SCHEME = re.compile(r"[\x00-\x20]*([a-zA-Z][a-zA-Z0-9+.\-\t\r\n]*):")
_SPACES = re.compile(r"[\t\r\n]")
_WHITE = re.compile(r"[ \t\r\n]+")
_NOWHERE = re.compile(r"\s*+(?:#?\s*+\Z|[/\\]{2}(?![^:/\\?#\s]))")
_ODD = re.compile(r"""[\x00-\x20<>"`\\{}|^\x7f]|\](?=\()""")
_LINKS = frozenset({"http", "https", "mailto", "tel"})
_WEB = ("https://", "http://")
_IMAGES = frozenset({"http", "https"})

_LATE = ("data-src", "data-original", "data-lazy-src", "srcset", "data-srcset")
"""Where scripts that load images late keep the address that belongs into `src`."""

_NAME = re.compile(r"[\w:.@-]+")
# No step of these follows another, and nothing is united: libxml2 compares each node that it adds with all others.
_IN_LINKS = etree.XPath("//*[ancestor::a]")
_INLINE = frozenset(
    {"a", "abbr", "b", "bdi", "bdo", "cite", "code", "del", "dfn", "em", "font", "i", "img", "ins", "kbd", "label"}
    | {"mark", "picture", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "time", "tt", "u", "var"}
)
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_LINKS_AWAY = etree.XPath("//a[@href]")
_QUOTATIONS = etree.XPath("//blockquote[not(ancestor::blockquote)]")
_ARRANGES = etree.XPath(".//table or .//pre or .//h1 or .//h2 or .//h3 or .//h4 or .//h5 or .//h6")
_TWO_CELLS = etree.XPath("boolean(.//tr[count(td) + count(th) > 1])")
_TABLE = ("table", "caption", "colgroup", "thead", "tbody", "tfoot", "tr", "th", "td")

_CODE = ("pre", "code", "kbd", "samp", "tt")
_CONTAINERS = frozenset({"html", "body", "div", "ul", "ol", "li", "blockquote"})

_LANGUAGE = re.compile(r"(?:lang|language|highlight|brush)[-:][\w+#.-]+\Z")


def clean(tree: etree._Element) -> None:
    """Leave what a reader reads."""
    etree.strip_elements(tree, *_DROPPED, with_tail=False)
    etree.strip_tags(tree, *_VOID)
    for choose, clean_one in _PASSES:
        for element in choose(tree):
            clean_one(element)
    etree.strip_elements(tree, _GONE, with_tail=False)
    for listing in tree.iter("pre"):
        _set_apart(listing)


def _clean_names(element: etree._Element) -> None:
    """Take away names that one parser takes for such, and the next one for markup."""
    if not element.tag.isalnum():
        element.tag = "span"
    for name in [name for name in element.attrib if not _NAME.fullmatch(name)]:
        del element.attrib[name]


def _read_as_a_browser_does(element: etree._Element) -> None:
    element.tag = _READ_AS[element.tag]


def scheme_of(address: str) -> str | None:
    """The scheme of an absolute address, in lower case."""
    found = _SCHEME.match(address)
    return _SPACES.sub("", found[1]).lower() if found else None


def leads(address: str | None, allowed: frozenset[str] = _IMAGES) -> bool:
    """Whether a reader may follow this address. A relative one has no scheme, and does."""
    if address is None or _NOWHERE.match(address):
        return False
    if address.startswith(_WEB):
        return True
    scheme = scheme_of(address)
    return scheme is None or (scheme in allowed and (scheme not in _IMAGES or "://" in address))


def _point(element: etree._Element, name: str, address: str) -> None:
    """Have an element lead to an address, without what could end it early (URL standard, 4.4)."""
    if _ODD.search(address):
        address = _ODD.sub(lambda odd: quote(odd[0]), _SPACES.sub("", address.strip()))
    if element.get(name) != address:
        element.set(name, address)


def _put_in_brackets(reading: etree._Element) -> None:
    reading.tag = "span"
    reading.text, reading.tail = f"({reading.text or ''}", f"){reading.tail or ''}"


def _turn_out(link: etree._Element) -> None:
    """A link around a heading becomes a heading around a link: Markdown has the second alone."""
    headings = [child for child in link if child.tag in _HEADINGS]
    parent = link.getparent()
    if not headings or (parent is not None and parent.tag == "p"):
        return
    said = _words(link)
    heading = next((heading for heading in headings if _words(heading) == said), None)
    if heading is not None:
        link.tag, heading.tag = heading.tag, link.tag
        heading.set("href", link.attrib.pop("href"))


def _words(element: etree._Element) -> list[str]:
    return "".join(element.itertext()).split()


def _set_in_line(part: etree._Element) -> None:
    """What stands on lines of its own inside a link: a link of several lines is none (CommonMark 6.3)."""
    if part.tag not in _INLINE:
        part.tag = "span"
        part.text = f" {part.text or ''}"
        part.tail = f" {part.tail or ''}"


def _clean_image(image: etree._Element) -> None:
    source = _source(image)
    if source is None or _is_beacon(image):
        image.tag = _GONE
        return
    _point(image, "src", source)
    _clean_title(image, image.get("alt", ""))


def _source(image: etree._Element) -> str | None:
    """Its address, or the one that a script would give it."""
    found = [image.get("src"), *map(image.get, _LATE)]
    return next((_first(address) for address in found if leads(address)), None)


def _first(address: str) -> str:
    """The first of a `srcset`: its URLs hold no spaces (HTML standard, 4.8.4.2.1)."""
    return address.split()[0].rstrip(",") if re.search(r"\s\d[\d.]*[wx]\s*(?:,|\Z)", address) else address


def _is_beacon(image: etree._Element) -> bool:
    return image.get("width") in ("0", "1") and image.get("height") in ("0", "1")


def _clean_link(link: etree._Element) -> None:
    href = link.get("href")
    if href is None or not leads(href, _LINKS):
        link.attrib.pop("href", None)
        return
    _point(link, "href", href)
    text = (link.text if not len(link) else "".join(link.itertext())) or ""
    if text.strip():
        _clean_title(link, text)
    else:
        _label(link, _name(link))


def _name(link: etree._Element) -> str:
    """What a link without text is called (accname-1.2)."""
    names = (link.get("aria-label"), link.get("title"), *(image.get("alt") for image in link.iter("img")))
    return next((" ".join(name.split()) for name in names if name and name.strip()), "")


def _label(link: etree._Element, name: str) -> None:
    """Give a link without text its name, through its image if it has one; a link without either is none."""
    _clean_title(link, name)
    image = next(link.iter("img"), None)
    if image is not None:
        image.set("alt", image.get("alt", "").strip() or name)
    elif name:
        link.text = name
    else:
        del link.attrib["href"]


def _clean_title(element: etree._Element, name: str) -> None:
    """A title that only says the name again says nothing."""
    title = element.get("title")
    if title is not None and title.split() in ([], name.split()):
        del element.attrib["title"]


def _drop_if_empty(element: etree._Element) -> None:
    """A row or an item in which there is nothing to read would be a mark without a text."""
    if not any(map(str.strip, element.itertext())) and element.find(".//img") is None:
        element.tag = _GONE


def _drop_empty_parts(quotation: etree._Element) -> None:
    """Each would be a line with the mark of a quotation alone."""
    empty: set[etree._Element] = set()
    for _, element in etree.iterwalk(quotation, events=("end",)):  # what is inside comes before what holds it
        if element.tag == "img" or _has_text(element.text):
            continue
        if all(child in empty and not _has_text(child.tail) for child in element):
            empty.add(element)
            if element.tag in ("div", "p", "blockquote"):
                element.tag = _GONE


def _has_text(text: str | None) -> bool:
    return text is not None and text.strip() != ""


def _spread(table: etree._Element) -> None:
    """A table that only arranges a page becomes the text that it arranges."""
    if table.get("role") in ("presentation", "none") or _ARRANGES(table) or not _TWO_CELLS(table):
        for part in _parts(table):
            part.tag = "div"


def _parts(table: etree._Element) -> list[etree._Element]:
    """The table and its own rows and cells; those of tables inside of it are theirs."""
    parts, left = [table], [table]
    while left:
        own = [child for child in left.pop() if child.tag in _TABLE and child.tag != "table"]
        parts += own
        left += own
    return parts


def _set_apart(listing: etree._Element) -> None:
    """A listing begins a line, or it is none (CommonMark 4.5), so it stands in nothing that stands in a line."""
    for element in listing.iterancestors():
        if element.tag not in _CONTAINERS:
            element.tag = "div"


def _forget_source(quotation: etree._Element) -> None:
    quotation.attrib.pop("cite", None)


def _clean_code(code: etree._Element) -> None:
    """Code is its text and the name of its language; if it has lines, it is a listing."""
    language = next(filter(_LANGUAGE.match, _classes(code)), None)
    text, tail = _text_of_code(code), code.tail
    if not tail and (following := code.getnext()) is not None and following.tag in _CODE:
        tail = " "  # spans that touch would be one, or none
    is_listing = code.tag == "pre" or "\n" in text.strip("\n")
    code.clear()
    code.tag, code.text, code.tail = ("pre" if is_listing else code.tag), text.strip("\n"), tail
    if language:
        code.set("class", language)
    if not text.strip():
        code.tag = "span"


def _classes(code: etree._Element) -> list[str]:
    """Of a `<pre>` those of the `<code>` in it, too, which names the language in HTML's own example (4.5.15)."""
    inner = code[0].get("class", "") if code.tag == "pre" and len(code) else ""
    return [*code.get("class", "").split(), *inner.split()]


def _text_of_code(code: etree._Element) -> str:
    """What stands on lines of its own has them to itself."""
    parts: list[str] = []
    for event, element in etree.iterwalk(code, events=("start", "end")):
        if element is not code and element.tag not in _INLINE:
            parts += _line_end(element.tag == "br" and event == "start", parts)
        text = element.text if event == "start" else element.tail if element is not code else ""
        if text:
            parts.append(text if code.tag == "pre" else _WHITE.sub(" ", text))
    return "".join(parts)


def _line_end(is_break: bool, before: list[str]) -> list[str]:
    return ["\n"] if is_break or (before and not before[-1].endswith("\n")) else []


def _named(*names: str) -> Callable[[etree._Element], Iterable[etree._Element]]:
    return lambda tree: tree.iter(*names)


_PASSES = (
    (_named(), _clean_names),
    (_named(*_READ_AS), _read_as_a_browser_does),
    (_named("rt"), _put_in_brackets),
    (_LINKS_AWAY, _turn_out),
    (_IN_LINKS, _set_in_line),
    (_named("img"), _clean_image),
    (_named("a", "area"), _clean_link),
    (_named("blockquote", "q", "del", "ins"), _forget_source),
    (_named("tr", "li"), _drop_if_empty),
    (_QUOTATIONS, _drop_empty_parts),
    (_named("table"), _spread),
    (lambda tree: list(tree.iter(*_CODE)), _clean_code),  # it takes the tree apart
)
"""What is cleaned, in this order: which elements, and how one of them is."""
