"""Elements within a line: styles, code, links, pictures, formulas (CommonMark 6)."""

from __future__ import annotations

from app.markdown.addresses import destination, link_address, picture_address
from app.markdown.block_elements import add_listing
from app.markdown.code import listing
from app.markdown.formulas import formula
from app.markdown.inline import BOLD, BREAK, ITALIC, PICTURE, STRUCK, Link, Run, clean, in_brackets, quoted
from app.markdown.walk import MATH, Enter, Walk, numbers
from app.metadata.html.elements import IDS

MAX_RAISED = 30
"""Rows of a text above or below the line."""

MAX_NAME = 300
"""Characters of a link's text that its title is compared with."""

_STYLES = {
    **dict.fromkeys(numbers("b strong"), BOLD),
    **dict.fromkeys(numbers("i em cite dfn var"), ITALIC),
    **dict.fromkeys(numbers("s del strike"), STRUCK),
}
_RAISED = {IDS["sup"]: "sup", IDS["sub"]: "sub"}
PICTURES = numbers("img image")
LINKS = numbers("a")


def _enter_style(walk: Walk, row: int) -> int:
    output = walk.output
    before = output.style

    def leave() -> None:
        output.style = before

    output.style |= _STYLES[walk.table.element(row)]
    walk.at_end(row, leave)
    return row + 1


def _enter_code(walk: Walk, row: int) -> int:
    """Write code; on several lines it is a listing."""
    text = listing(walk.table, row)
    if "\n" in text and walk.output.is_open:
        return add_listing(walk, row, text)
    if text.strip():
        walk.output.add(clean(text), code=True)
    return walk.table.end_of(row)


def _enter_raised(walk: Walk, row: int) -> int:
    """Keep a short text above or below the line: 10<sup>6</sup> is not 106. CommonMark has HTML for this (6.6)."""
    if _is_short_text(walk, row):
        name = _RAISED[walk.table.element(row)]
        walk.output.add(f"<{name}>", raw=True)
        walk.at_end(row, lambda: walk.output.add(f"</{name}>", raw=True))
    return row + 1


def _is_short_text(walk: Walk, row: int) -> bool:
    table, end = walk.table, walk.table.end_of(row)
    if end - row > MAX_RAISED or any(table.is_block(each) for each in range(row + 1, end)):
        return False
    return all(map(walk.wanted, table.texts(row + 1, end))) and bool(table.text(row, 100, walk.unseen))


def _enter_reading(walk: Walk, row: int) -> int:
    """Put the reading of ruby text between parentheses."""
    walk.output.add("(")
    walk.at_end(row, lambda: walk.output.add(")"))
    return row + 1


def _enter_break(walk: Walk, row: int) -> int:
    output = walk.output
    if walk.wanted(row):
        output.runs.append(Run(" ", link=output.link) if output.link or output.heading else BREAK)
    return row + 1


def _enter_link(walk: Walk, row: int) -> int:
    table, output = walk.table, walk.output
    address = link_address(table.attribute(row, "href"), walk.base_url)
    if output.link or not address:
        return row + 1
    title = (table.attribute(row, "title") or "").strip()
    said = table.text(row, MAX_NAME, walk.unseen)
    if not said:
        return _enter_nameless(walk, row, address, title)
    _open_link(walk, row, Link(address, "" if title.split() == said.split() else title, row))
    return row + 1


def _open_link(walk: Walk, row: int, link: Link) -> None:
    def leave() -> None:
        walk.output.link, walk.picture_name = None, ""

    walk.output.link = link
    walk.at_end(row, leave)


def _enter_nameless(walk: Walk, row: int, address: str, title: str) -> int:
    """Name a link without text by its label or title (accname-1.2), through its picture if any."""
    table = walk.table
    label = " ".join((table.attribute(row, "aria-label") or title).split())
    if any(table.element(each) in PICTURES for each in range(row + 1, table.end_of(row))):
        walk.picture_name = label
        _open_link(walk, row, Link(address, "", row))
        return row + 1
    if label and walk.wanted(row):
        walk.output.runs.append(Run(label, walk.output.style, Link(address, "", row)))
    return table.end_of(row)


def _enter_picture(walk: Walk, row: int) -> int:
    attributes = walk.table.attributes(row)
    address = picture_address(attributes, walk.base_url)
    if address and walk.wanted(row):
        name = attributes.get("alt", "").strip() or walk.picture_name
        title = attributes.get("title", "").strip()
        shown = f" {quoted(title)}" if title.split() not in ([], name.split()) else ""
        name = "" if walk.wanted.says(name) else name
        picture = f"![{in_brackets(name)}]({destination(address)}{shown})"
        walk.output.runs.append(Run(picture, PICTURE, walk.output.link, raw=True))
        walk.picture_name = ""
    return row + 1


def _enter_formula(walk: Walk, row: int) -> int:
    if walk.wanted(row):
        walk.output.add(formula(walk.table, row))
    return walk.table.end_of(row)


INLINE: dict[int, Enter] = {
    **dict.fromkeys(_STYLES, _enter_style),
    **dict.fromkeys(_RAISED, _enter_raised),
    **dict.fromkeys(PICTURES, _enter_picture),
    **dict.fromkeys(numbers("code kbd samp tt"), _enter_code),
    IDS["a"]: _enter_link,
    IDS["br"]: _enter_break,
    IDS["rt"]: _enter_reading,
    MATH: _enter_formula,
}
"""How inline elements are written, by their numbers."""
