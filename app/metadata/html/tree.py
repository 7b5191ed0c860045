"""Light tree construction (HTML standard, 13.2.6): which tags are elements, and where each ends.

Rule 1: each tag costs a constant number of steps, but for the elements that it closes.
Rule 2: no element is made that no tag names, none is moved, and no formatting is opened again.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import IntEnum

from app.metadata.html import body, flags, foreign
from app.metadata.html.columns import BLANK, NONE, RAW, START, TEXT, VERBATIM, Columns
from app.metadata.html.elements import (
    CONTENT,
    ENDS,
    FIRST_UNKNOWN,
    FOREIGN_NAME,
    IDS,
    RULES,
    TRAITS,
    Content,
    Rule,
    Trait,
)
from app.metadata.html.stack import Namespace, Stack
from app.metadata.html.tokenizer import VISIBLE
from app.metadata.html.words import OF_NUMBER, Telling, read_flags, values_of


class Mode(IntEnum):
    """Insertion modes (13.2.4.1); those within the body follow from the stack."""

    BEFORE_HEAD = 0
    IN_HEAD = 1
    AFTER_HEAD = 2
    IN_BODY = 3
    IN_FRAMESET = 4
    AFTER_FRAMESET = 5


_BODY, _BR, _FORM, _FRAME, _FRAMESET, _H1, _HEAD, _HTML = map(
    IDS.__getitem__, ("body", "br", "form", "frame", "frameset", "h1", "head", "html")
)
_IMAGE, _IMG, _INPUT, _NOFRAMES, _NOSCRIPT, _P, _SVG, _TEMPLATE = map(
    IDS.__getitem__, ("image", "img", "input", "noframes", "noscript", "p", "svg", "template")
)
_SECTIONS = tuple(map(IDS.__getitem__, flags.SECTIONS))
_OF_PAGE = {IDS[name]: flag for name, flag in flags.OF_PAGE.items()}
_TABLE_PARTS = tuple(map(IDS.__getitem__, ("table", "tbody", "tfoot", "thead", "tr")))

Tag = re.Match[bytes]
"""A tag as `tokenizer.TAG` finds it."""


class Tree:
    """Construction of one page's tree: what is open, and how the next token is taken."""

    def __init__(self, markup: bytes, columns: Columns) -> None:
        self.body_row = NONE
        self._markup = markup
        self._columns = columns
        self._stack = Stack(columns)
        self._mode = Mode.BEFORE_HEAD
        self._may_be_frameset = True
        self._left_noscript = False
        self._met: set[bool] = set()  # whether of the headline, or of the body of the article
        self._telling = Telling(markup)

    @property
    def in_foreign(self) -> bool:
        """Whether the current node is in SVG or MathML: CDATA is text there (13.2.5.42)."""
        return self._stack.top.namespace != Namespace.HTML

    def start(self, element: int, tag: Tag) -> int:
        """Take a start tag; how its content is to be read."""
        if self._stack.top.namespace and not foreign.takes_html(self._stack.top.integration, element):
            if not foreign.breaks_out(element, tag[3]):
                return self._insert_foreign(element, tag, self._stack.top.namespace)
            self._stack.pop_to(self._stack.top.takes_html + 1)
        if self._mode == Mode.IN_BODY or self._stack.last[_TEMPLATE] >= 0:
            return self._start_in_body(element, tag)
        if self._mode < Mode.IN_BODY:
            return self._start_before_body(element, tag)
        return self._start_in_frameset(element, tag)

    def end(self, element: int) -> None:
        """Take an end tag."""
        self._left_noscript &= element != _NOSCRIPT
        if self._stack.top.namespace and self._ends_foreign(element):
            return
        if self._mode == Mode.IN_BODY or self._stack.last[_TEMPLATE] >= 0:
            body.ENDS[ENDS[element] if element < FIRST_UNKNOWN else 0](self._stack, element)
        elif self._mode < Mode.IN_BODY:
            self._end_before_body(element)
        elif element == _FRAMESET and self._mode == Mode.IN_FRAMESET:
            self._end_frameset()

    def text(self, start: int, end: int, kind: int = TEXT) -> None:
        """Take text between tags; white space before the body, and all in framesets, is nothing."""
        is_blank = not VISIBLE.search(self._markup, start, end)
        if self._mode != Mode.IN_BODY and self._stack.last[_TEMPLATE] < 0:
            if is_blank or self._mode > Mode.IN_BODY:
                return
            self._leave_head()
        self.add_text(start, end, BLANK if is_blank else kind, self._stack.top.row)
        self._may_be_frameset &= is_blank

    def add_text(self, start: int, end: int, kind: int, parent: int) -> None:
        """Append a row of text."""
        breaks = self._stack.breaks and kind not in (BLANK, RAW)
        own = flags.NOSCRIPT if self._left_noscript else 0
        self._columns.add(kind, 0, start, end, parent, own | flags.AFTER_BLOCK if breaks else own)
        self._stack.breaks &= not breaks

    def raw(self, start: int, end: int, kind: int) -> None:
        """Take the raw text of the element that begins the last row."""
        row = self._columns.count - 1
        if start < end:
            self.add_text(start, end, kind, row)
            self._columns.close(row, row + 2)
        self._stack.breaks |= kind == VERBATIM

    def finish(self) -> None:
        """Close all that is open."""
        self._stack.pop_to(0)
        if self.body_row == NONE:
            self.body_row = self._columns.count

    def _start_in_body(self, element: int, tag: Tag) -> int:
        rule = RULES[element] if element < FIRST_UNKNOWN else Rule.ANY
        if rule in _OWN_RULES:
            return _OWN_RULES[rule](self, element, tag)
        if not body.STARTS[rule](self._stack, element):
            return Content.DATA
        return self._insert(_IMG if element == _IMAGE else element, tag)

    def _insert(self, element: int, tag: Tag, own: int = 0) -> int:
        traits, content = (TRAITS[element], CONTENT[element]) if element < FIRST_UNKNOWN else (0, 0)
        if traits & Trait.NO_FRAMESET and not (element == _INPUT and _is_hidden_input(tag)):
            self._may_be_frameset = False
        if traits & Trait.BLOCK:
            self._stack.breaks = True
        in_table = element == _FORM and self._stack.top.element in _TABLE_PARTS
        if not traits & Trait.WHOLE_PAGE:
            own |= self._own_flags(element, tag)
        if self._left_noscript and content == Content.VOID:
            own |= flags.NOSCRIPT
        row = self._add(element, tag, own)
        if element == _H1 or own & flags.ARTICLE_BODY:
            self._meet_own_content(row, element == _H1)
        if content in (Content.DATA, Content.PLAINTEXT) and not in_table:
            self._stack.push(row, element, traits)
        return content

    def _add(self, element: int, tag: Tag, own: int = 0) -> int:
        return self._columns.add(START, element, tag.start(), tag.end(), self._stack.top.row, own)

    def _own_flags(self, element: int, tag: Tag) -> int:
        own = OF_NUMBER[element] if element < FIRST_UNKNOWN else 0
        if self._telling.next < tag.end() and self._telling.is_in(tag.start(), tag.end()):
            own |= read_flags(tag[3])
        if element in _OF_PAGE and all(self._stack.last[section] < 0 for section in _SECTIONS):
            own |= _OF_PAGE[element]
        return own

    def _meet_own_content(self, row: int, is_headline: bool) -> None:
        """Take flags by words from the first headline, from the first body of an article, and from all around."""
        if is_headline not in self._met and self._stack.last[_TEMPLATE] < 0:
            self._met.add(is_headline)
            for around in (row, *(opened.row for opened in self._stack)):
                self._columns.unmark(around, flags.BY_WORD)

    def _merge(self, element: int, tag: Tag) -> int:
        """Note a further `<html>` or `<body>`: the standard gives its attributes to the first."""
        self._may_be_frameset &= element != _BODY
        if self._stack.last[_TEMPLATE] < 0:
            self._add(element, tag)
        return Content.DATA

    def _replace_body(self, element: int, tag: Tag) -> int:
        """13.2.6.4.7: a frameset takes the place of a body that holds nothing yet."""
        if self._may_be_frameset and self._stack.last[_TEMPLATE] < 0:
            self._stack.pop_to(self._below_head)
            self._columns.truncate(self.body_row)
            self._start_frameset(element, tag)
        return Content.DATA

    def _insert_root(self, element: int, tag: Tag) -> int:
        return self._insert_foreign(element, tag, Namespace.SVG if element == _SVG else Namespace.MATH)

    def _insert_foreign(self, element: int, tag: Tag, namespace: int) -> int:
        row = self._add(element + FOREIGN_NAME, tag, self._own_flags(element, tag) | flags.FOREIGN)
        if not tag[4].endswith(b"/"):
            integration = foreign.integration(element, tag[3], namespace)
            traits = foreign.POINT_TRAITS if integration else 0
            self._stack.push(row, element + FOREIGN_NAME, traits, namespace, integration)
        return Content.DATA

    def _ends_foreign(self, element: int) -> bool:
        """13.2.6.5: whether an end tag closes an element of SVG or MathML, and no more."""
        if element in (_P, _BR):
            self._stack.pop_to(self._stack.top.takes_html + 1)
            return False
        place = self._stack.last[element + FOREIGN_NAME]
        if place <= self._stack.top.html:
            return False
        self._stack.pop_to(place)
        return True

    @property
    def _below_head(self) -> int:
        """Number of open elements below the head and the body."""
        return 1 if self._stack.last[_HTML] >= 0 else 0

    def _leave_head(self) -> None:
        self._left_noscript |= self._stack.top.element == _NOSCRIPT
        self._stack.pop_to(self._below_head)
        self._stack.breaks = True
        self._mode = Mode.IN_BODY
        self.body_row = self._columns.count

    def _start_before_body(self, element: int, tag: Tag) -> int:
        if element == _HTML:
            return self._start_html(element, tag)
        if element == _HEAD:
            return self._start_head(element, tag)
        if self._is_head_content(element):
            self._mode = max(self._mode, Mode.IN_HEAD)
            return self._insert(element, tag, flags.IN_HEAD)
        if self._stack.top.element == _NOSCRIPT and element != _NOSCRIPT:
            self._left_noscript = True
            self._stack.pop_to(len(self._stack) - 1)
            return self._start_before_body(element, tag)
        return self._start_body(element, tag)

    def _is_head_content(self, element: int) -> bool:
        traits = TRAITS[element] if element < FIRST_UNKNOWN else 0
        if self._stack.top.element == _NOSCRIPT:
            return bool(traits & Trait.NOSCRIPT_CONTENT)
        return bool(traits & Trait.HEAD_CONTENT) and (element != _NOSCRIPT or self._mode != Mode.AFTER_HEAD)

    def _start_html(self, element: int, tag: Tag) -> int:
        if self._mode != Mode.BEFORE_HEAD or self._stack.last[_HTML] >= 0:
            return self._merge(element, tag)
        return self._insert(element, tag)

    def _start_head(self, element: int, tag: Tag) -> int:
        if self._mode == Mode.BEFORE_HEAD:
            self._mode = Mode.IN_HEAD
            self._insert(element, tag, flags.IN_HEAD)
        return Content.DATA

    def _start_body(self, element: int, tag: Tag) -> int:
        if self._stack.top.element == _NOSCRIPT:  # a `<noscript>` in one of the head
            return Content.DATA
        self._leave_head()
        if element == _FRAMESET:
            return self._start_frameset(element, tag)
        return self._insert(element, tag) if element == _BODY else self._start_in_body(element, tag)

    def _end_before_body(self, element: int) -> None:
        in_noscript = self._stack.top.element == _NOSCRIPT
        if element == _BR or (element in (_BODY, _HTML) and not in_noscript):
            self._leave_head()
        elif in_noscript and element == _NOSCRIPT:
            self._stack.pop_to(len(self._stack) - 1)
        elif element == _HEAD and not in_noscript:
            self._stack.pop_to(self._below_head)
            self._mode = Mode.AFTER_HEAD

    def _start_frameset(self, element: int, tag: Tag) -> int:
        self._mode = Mode.IN_FRAMESET
        return self._insert(element, tag)

    def _start_in_frameset(self, element: int, tag: Tag) -> int:
        if element == _HTML:
            return self._merge(element, tag)
        is_taken = element == _NOFRAMES or (self._mode == Mode.IN_FRAMESET and element in (_FRAMESET, _FRAME))
        return self._insert(element, tag) if is_taken else Content.DATA

    def _end_frameset(self) -> None:
        self._stack.pop_to(self._stack.last[_FRAMESET])
        if self._stack.last[_FRAMESET] < 0:
            self._mode = Mode.AFTER_FRAMESET


def _is_hidden_input(tag: Tag) -> bool:
    return values_of(tag[3]).get(b"type", b"").lower() == b"hidden"


_OWN_RULES: dict[int, Callable[[Tree, int, Tag], int]] = {
    Rule.HTML: Tree._merge,
    Rule.BODY: Tree._merge,
    Rule.FRAMESET: Tree._replace_body,
    Rule.SVG: Tree._insert_root,
    Rule.MATH: Tree._insert_root,
}
