"""Rules of the body (HTML standard, 13.2.6.4.7 to 15): which elements a start tag ends, and which an end tag."""

from __future__ import annotations

from collections.abc import Callable

from app.metadata.html.elements import HEADINGS, IDS, End, Rule
from app.metadata.html.stack import Stack

_BUTTON, _CAPTION, _COLGROUP, _DD, _DT, _FORM, _HR, _LI = map(
    IDS.__getitem__, ("button", "caption", "colgroup", "dd", "dt", "form", "hr", "li")
)
_OPTGROUP, _OPTION, _P, _RTC, _RUBY, _SELECT, _TABLE, _TD, _TEMPLATE, _TH, _TR = map(
    IDS.__getitem__, ("optgroup", "option", "p", "rtc", "ruby", "select", "table", "td", "template", "th", "tr")
)
_HEADINGS = tuple(map(IDS.__getitem__, HEADINGS))
_ROWS = tuple(map(IDS.__getitem__, ("tbody", "thead", "tfoot")))
_IN_TABLE = frozenset((_TABLE, _TR, *_ROWS))


def _close_paragraph(stack: Stack) -> None:
    place = stack.last[_P]
    if place > stack.top.button:
        stack.pop_to(place)


def _in_select(stack: Stack) -> bool:
    return 0 <= stack.last[_SELECT] == stack.top.scope


def _last(stack: Stack, *elements: int) -> int:
    """Place of the last of several elements."""
    return max(map(stack.last.__getitem__, elements))


# Start tags: a rule closes elements, and returns whether the tag makes one.


def _any(_: Stack, __: int) -> bool:
    return True


def _block(stack: Stack, element: int) -> bool:
    _close_paragraph(stack)
    if element == _HR and _in_select(stack):
        stack.pop_implied()
    return True


def _heading(stack: Stack, _: int) -> bool:
    _close_paragraph(stack)
    if stack.top.element in _HEADINGS:
        stack.pop_to(len(stack) - 1)
    return True


def _item(stack: Stack, _: int) -> bool:
    if stack.element_at(stack.top.barrier) == _LI:
        stack.pop_to(stack.top.barrier)
    _close_paragraph(stack)
    return True


def _term(stack: Stack, _: int) -> bool:
    if stack.element_at(stack.top.barrier) in (_DD, _DT):
        stack.pop_to(stack.top.barrier)
    _close_paragraph(stack)
    return True


def _link(stack: Stack, element: int) -> bool:
    _end_formatting(stack, element)
    return True


def _button(stack: Stack, element: int) -> bool:
    if stack.last[element] > stack.top.scope:
        stack.pop_to(stack.last[element])
    return True


def _select(stack: Stack, element: int) -> bool:
    if not _in_select(stack):
        return True
    stack.pop_to(stack.last[element])
    return False


def _option(stack: Stack, _: int) -> bool:
    if _in_select(stack):
        stack.pop_implied(_OPTGROUP)
    elif stack.top.element == _OPTION:
        stack.pop_to(len(stack) - 1)
    return True


def _option_group(stack: Stack, element: int) -> bool:
    if not _in_select(stack):
        return _option(stack, element)
    stack.pop_implied()
    return True


def _input(stack: Stack, _: int) -> bool:
    if _in_select(stack):
        stack.pop_to(stack.last[_SELECT])
    return True


def _ruby_base(stack: Stack, _: int) -> bool:
    if stack.last[_RUBY] > stack.top.scope:
        stack.pop_implied()
    return True


def _ruby_text(stack: Stack, _: int) -> bool:
    if stack.last[_RUBY] > stack.top.scope:
        stack.pop_implied(_RTC)
    return True


def _table(stack: Stack, _: int) -> bool:
    """A table outside the cells of another ends that."""
    place = stack.top.table
    if stack.element_at(place) == _TABLE and _last(stack, _TD, _TH, _CAPTION) < place:
        stack.pop_to(place)
    else:
        _close_paragraph(stack)
    return True


def _part_of_table(*parents: int) -> Callable[[Stack, int], bool]:
    def rule(stack: Stack, _: int) -> bool:
        """Clear the stack back to the table or the nearest of `parents` in it."""
        if stack.top.table < 0:
            return False
        stack.pop_to(max(stack.top.table, _last(stack, *parents) if parents else -1) + 1)
        return True

    return rule


def _form(stack: Stack, element: int) -> bool:
    return stack.last[element] <= stack.last[_TEMPLATE]


def _ignored(_: Stack, __: int) -> bool:
    return False


STARTS: dict[int, Callable[[Stack, int], bool]] = {
    Rule.ANY: _any,
    Rule.BLOCK: _block,
    Rule.HEADING: _heading,
    Rule.ITEM: _item,
    Rule.TERM: _term,
    Rule.LINK: _link,
    Rule.BUTTON: _button,
    Rule.SELECT: _select,
    Rule.OPTION: _option,
    Rule.OPTION_GROUP: _option_group,
    Rule.INPUT: _input,
    Rule.RUBY_BASE: _ruby_base,
    Rule.RUBY_TEXT: _ruby_text,
    Rule.TABLE: _table,
    Rule.CELL: _part_of_table(_TR, *_ROWS),
    Rule.ROW: _part_of_table(*_ROWS),
    Rule.ROWS: _part_of_table(),
    Rule.COLUMN: _part_of_table(_COLGROUP),
    Rule.FORM: _form,
    Rule.HEAD: _ignored,
    Rule.FRAME: _ignored,
    Rule.FRAMESET: _ignored,
}


# End tags.


def _end_any(stack: Stack, element: int) -> None:
    if stack.last[element] >= max(stack.top.special, 0):
        stack.pop_to(stack.last[element])


def _end_scoped(stack: Stack, element: int) -> None:
    if stack.last[element] >= max(stack.top.scope, 0):
        stack.pop_to(stack.last[element])


def _end_paragraph(stack: Stack, _: int) -> None:
    _close_paragraph(stack)
    stack.breaks = True


def _end_item(stack: Stack, element: int) -> None:
    if stack.last[element] > stack.top.list:
        stack.pop_to(stack.last[element])


def _end_heading(stack: Stack, _: int) -> None:
    place = _last(stack, *_HEADINGS)
    if place > stack.top.scope:
        stack.pop_to(place)


def _end_formatting(stack: Stack, element: int) -> None:
    """Close a formatting element; blocks that were opened in it stay open."""
    place = stack.last[element]
    if place > stack.top.special:
        stack.pop_to(place)
    elif place > stack.top.scope:
        stack.remove(place)


def _end_form(stack: Stack, element: int) -> None:
    place = stack.last[element]
    if place > stack.top.scope:
        stack.pop_implied()
        if place == len(stack) - 1:
            stack.pop_to(place)
        else:
            stack.remove(place)


def _end_table(stack: Stack, element: int) -> None:
    if stack.last[element] >= max(stack.top.table, 0):
        stack.pop_to(stack.last[element])


def _end_template(stack: Stack, element: int) -> None:
    if stack.last[element] >= 0:
        stack.pop_to(stack.last[element])


def _end_break(stack: Stack, _: int) -> None:
    stack.breaks = True


def _end_ignored(_: Stack, __: int) -> None:
    """Leave all as it is."""


ENDS: dict[int, Callable[[Stack, int], None]] = {
    End.ANY: _end_any,
    End.SCOPED: _end_scoped,
    End.PARAGRAPH: _end_paragraph,
    End.ITEM: _end_item,
    End.HEADING: _end_heading,
    End.FORMATTING: _end_formatting,
    End.FORM: _end_form,
    End.TABLE: _end_table,
    End.TEMPLATE: _end_template,
    End.BREAK: _end_break,
    End.HEAD: _end_ignored,
    End.IGNORED: _end_ignored,
}
