"""Elements on lines of their own: headings, listings, quotations, lists, tables (CommonMark 4 and 5, GFM 4.10)."""

from __future__ import annotations

from itertools import islice

from app.markdown.code import fenced, is_numbers, language, listing
from app.markdown.containers import RULE, Container, Item, List, Quotation
from app.markdown.inline import BOLD, clean
from app.markdown.tables import holds_data, rows_of, span
from app.markdown.walk import Enter, Walk, numbers
from app.metadata.html.elements import IDS
from app.metadata.html.table import TokenTable

_WRAPPERS = 8
"""Elements around a listing that are looked at."""

_LEVELS = {IDS[f"h{level}"]: level for level in range(1, 7)}


def _enter_heading(walk: Walk, row: int) -> int:
    output = walk.output
    if output.link and output.cells is None:
        output.end_block()
        if output.link.row >= 0 and _is_all_of_link(walk, row):
            output.heading = _LEVELS[walk.table.element(row)]
        output.link = output.link._replace(row=-1)
        return row + 1
    walk.enter_block(row)
    if output.is_open:
        output.heading = _LEVELS[walk.table.element(row)]
        walk.at_end(row, output.end_heading)
    return row + 1


def _is_all_of_link(walk: Walk, row: int) -> bool:
    """Whether a heading is the whole text of its link: Markdown allows a link in a heading only."""
    table, link = walk.table, walk.output.link
    if not link or any(run.text.strip() for run in walk.output.runs):
        return False
    said = sum(1 for _ in table.texts(link.row + 1, table.end_of(link.row), walk.unseen))
    return said == sum(1 for _ in table.texts(row + 1, table.end_of(row), walk.unseen))


def _enter_rule(walk: Walk, row: int) -> int:
    walk.output.end_block()
    if walk.output.is_open and walk.wanted(row):
        walk.output.container.add([RULE], "rule")
    return row + 1


def _enter_listing(walk: Walk, row: int) -> int:
    text = listing(walk.table, row)
    if walk.output.is_open:
        return add_listing(walk, row, text)
    walk.output.add(clean(text), code=True)
    return walk.table.end_of(row)


def add_listing(walk: Walk, row: int, text: str) -> int:
    """Write a listing between fences; the numbers of another one's lines are left out."""
    walk.output.flush()
    is_gutter = is_numbers(text) and _is_in_cell(walk.table, row)
    if text.strip() and not is_gutter:
        walk.output.container.add(fenced(clean(text), language(walk.table, row)), "code")
    return walk.table.end_of(row)


def _enter_paragraph(walk: Walk, row: int) -> int:
    """Enter a paragraph; one in an item sets the items of its list apart (5.3)."""
    walk.enter_block(row)
    item = walk.output.container
    if isinstance(item, Item) and walk.output.is_open:
        item.has_paragraphs = True
    return row + 1


def _is_in_cell(table: TokenTable, row: int) -> bool:
    """Whether a listing stands in a cell, some elements deep."""
    return any(table.element(around) == IDS["td"] for around in islice(table.ancestors(row), _WRAPPERS))


def _enter_quotation(walk: Walk, row: int) -> int:
    return _enter_container(walk, row, Quotation())


def _enter_list(walk: Walk, row: int) -> int:
    """Open a list; a list right in a list belongs to the item before."""
    output = walk.output
    first = _first_number(walk.table, row) if walk.table.element(row) == IDS["ol"] else None
    if output.is_open and output.reopen_item():
        walk.at_end(row, output.close)
    return _enter_container(walk, row, List(first))


def _first_number(table: TokenTable, row: int) -> int:
    value = (table.attribute(row, "start") or "").strip()
    return int(value) if value.isascii() and value.isdecimal() and len(value) < 10 else 1


def _enter_item(walk: Walk, row: int) -> int:
    if walk.output.is_open and not isinstance(walk.output.container, List):
        _enter_container(walk, row, List(None))
    return _enter_container(walk, row, Item())


def _enter_container(walk: Walk, row: int, container: Container) -> int:
    if not walk.output.is_open:
        return walk.enter_block(row)
    walk.output.open(container)
    walk.at_end(row, walk.output.close)
    return row + 1


def _enter_task(walk: Walk, row: int) -> int:
    """Mark an item whose first thing is a check box (GFM 5.3)."""
    item = walk.output.container
    attributes = walk.table.attributes(row)
    if isinstance(item, Item) and not item.task and not item.blocks and _is_of_task(attributes):
        item.task = "[x] " if "checked" in attributes else "[ ] "
    return row + 1


def _is_of_task(attributes: dict[str, str]) -> bool:
    """Whether a field is the check box of a task, and no switch that a menu or a form works by."""
    if attributes.get("type", "").lower() != "checkbox":
        return False
    is_named = any(name in attributes for name in ("id", "name", "class"))
    return not is_named or "disabled" in attributes or "task" in attributes.get("class", "").lower()


def _enter_strong_block(walk: Walk, row: int) -> int:
    """Set off a term or a summary in bold."""
    output = walk.output
    before = output.style

    def leave() -> None:
        output.end_block()
        output.style = before

    output.end_block()
    output.style |= BOLD
    walk.at_end(row, leave)
    return row + 1


def _enter_table(walk: Walk, row: int) -> int:
    output = walk.output
    if not output.is_open or not holds_data(walk.table, row):
        return walk.enter_block(row)

    def leave() -> None:
        output.end_cell()
        cells, output.cells = output.cells or [], None
        output.container.add(rows_of(cells), "table")

    output.flush()
    output.cells = []
    walk.at_end(row, leave)
    return row + 1


def _enter_row(walk: Walk, row: int) -> int:
    if walk.output.cells is None:
        return walk.enter_block(row)
    walk.output.cells.append([])
    return row + 1


def _enter_cell(walk: Walk, row: int) -> int:
    output = walk.output
    if output.cells is None:
        return walk.enter_block(row)
    if not output.cells:
        output.cells.append([])
    columns = span(walk.table, row)
    walk.at_end(row, lambda: output.end_cell(columns))
    return row + 1


def _enter_caption(walk: Walk, row: int) -> int:
    """Write the caption of a table before it."""
    output = walk.output
    cells, output.cells = output.cells, None

    def leave() -> None:
        output.end_block()
        output.cells = cells

    output.end_block()
    walk.at_end(row, leave)
    return row + 1


BLOCKS: dict[int, Enter] = {
    **dict.fromkeys(_LEVELS, _enter_heading),
    **dict.fromkeys(numbers("pre xmp listing"), _enter_listing),
    **dict.fromkeys(numbers("ul ol menu dir"), _enter_list),
    **dict.fromkeys(numbers("dt summary"), _enter_strong_block),
    **dict.fromkeys(numbers("td th"), _enter_cell),
    IDS["p"]: _enter_paragraph,
    IDS["blockquote"]: _enter_quotation,
    IDS["li"]: _enter_item,
    IDS["input"]: _enter_task,
    IDS["hr"]: _enter_rule,
    IDS["table"]: _enter_table,
    IDS["tr"]: _enter_row,
    IDS["caption"]: _enter_caption,
}
"""How block elements are written, by their numbers."""
