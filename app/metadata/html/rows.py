"""Rows of a page, read in Python; `_rows.pyx` is the same again, compiled. A test holds both to one answer."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator

from app.metadata.html import flags, words
from app.metadata.html.columns import BLANK, MAX_ROWS, NONE, RAW, START, TEXT, VERBATIM, Columns
from app.metadata.html.elements import FIRST_UNKNOWN, FOREIGN_NAME, IDS, LAST_NAME, NAMES, Content
from app.metadata.html.flags import UNSEEN
from app.metadata.html.references import decode, decode_attribute, decode_text
from app.metadata.html.tokenizer import MARKUP, TAG, after, comment_end, raw_end
from app.metadata.html.tree import Tag, Tree

MAX_RUN = 1_000_000
"""Bytes of one text that are decoded, without another limit."""

_READABLE = (TEXT, BLANK, VERBATIM)
_NUMBERS = {name.encode(): number for name, number in IDS.items() if name}
_FIRST_NEWLINE = frozenset(IDS[name] for name in ("listing", "pre", "textarea"))
_XMP = IDS["xmp"]
_KINDS: dict[int, int] = {Content.RCDATA: TEXT, Content.RAWTEXT: RAW, Content.SCRIPT: RAW, Content.PLAINTEXT: VERBATIM}


class _Reader:
    """Read markup token by token into columns."""

    def __init__(self, markup: bytes) -> None:
        self.columns = Columns()
        self.tree = Tree(markup, self.columns)
        self.is_cut = False
        self._markup = markup
        self.numbers = _NUMBERS.copy()

    def read(self) -> None:
        """Read all of it."""
        text = 0
        while found := MARKUP.search(self._markup, text):
            opened = found.start()
            self._take_text(text, opened)
            self.is_cut = self.columns.count >= MAX_ROWS
            text = len(self._markup) if self.is_cut else self._take(opened)
        self._take_text(text, len(self._markup))
        self.tree.finish()
        self.columns.finish()

    def _take(self, opened: int) -> int:
        """Position after the markup that begins at `opened`."""
        tag = TAG.match(self._markup, opened)
        return self._take_tag(tag) if tag else self._pass_over(opened)

    def _take_text(self, start: int, end: int) -> None:
        if start < end:
            self.tree.text(start, end)

    def _pass_over(self, opened: int) -> int:
        """Position after what is no tag."""
        markup = self._markup
        if markup.startswith(b"<!--", opened):
            return comment_end(markup, opened)
        if self.tree.in_foreign and markup.startswith(b"<![CDATA[", opened):
            return self._take_cdata(opened + len(b"<![CDATA["))
        is_tag = markup[opened + 1 : opened + 3].lstrip(b"/")[:1].isalpha()  # that the markup ends in
        return len(markup) if is_tag else after(markup, b">", opened)

    def _take_cdata(self, start: int) -> int:
        end = self._markup.find(b"]]>", start)
        end = len(self._markup) if end < 0 else end
        if start < end:
            self.tree.text(start, end, VERBATIM)
        return min(end + 3, len(self._markup))

    def _take_tag(self, tag: Tag) -> int:
        """Position after a tag and the raw text that it begins."""
        name = tag[2].lower()
        element = self.numbers.get(name) or self._number(name)
        if tag[1]:
            self.tree.end(element)
            return tag.end()
        content = self.tree.start(element, tag)
        start = self._after_newline(tag.end()) if element in _FIRST_NEWLINE else tag.end()
        return self._take_raw(element, name, content, start) if content > Content.VOID else start

    def _number(self, name: bytes) -> int:
        number = len(self.numbers) + 1
        if number < LAST_NAME:
            self.numbers[name] = number
        return min(number, LAST_NAME)

    def _after_newline(self, at: int) -> int:
        """13.2.6.4.7: a newline at the start of `<pre>` is none."""
        if self._markup.startswith(b"\r\n", at):
            return at + 2
        return at + 1 if self._markup[at : at + 1] in (b"\n", b"\r") else at

    def _take_raw(self, element: int, name: bytes, content: int, start: int) -> int:
        end = raw_end(self._markup, start, content, name)
        self.tree.raw(start, end, VERBATIM if element == _XMP else _KINDS[content])
        closing = TAG.match(self._markup, end)
        return closing.end() if closing else len(self._markup)


class Rows:
    """Rows of the tokens of `markup`, in order of the document."""

    def __init__(self, markup: bytes) -> None:
        reader = _Reader(markup)
        reader.read()
        self.markup = markup
        self.is_cut = reader.is_cut
        self.body = reader.tree.body_row
        self._numbers = reader.numbers
        self._columns = reader.columns
        self._by_element: dict[int, list[int]] | None = None

    def __len__(self) -> int:
        return self._columns.count

    def kind(self, row: int) -> int:
        """Kind of a row: `START`, `TEXT`, `BLANK`, `RAW` or `VERBATIM`."""
        return self._columns.kinds[row]

    def element(self, row: int) -> int:
        """Number of an element, as in `elements.IDS`; 0 of text."""
        return self._columns.elements[row]

    def name(self, row: int) -> str:
        """Name of an element in lower case; "" of text."""
        number = self._columns.elements[row] & (FOREIGN_NAME - 1)
        return NAMES[number] if number < FIRST_UNKNOWN else decode(self._tag(row)[2].lower())

    def start(self, row: int) -> int:
        """Position in the markup where a tag or text begins."""
        return self._columns.starts[row]

    def end(self, row: int) -> int:
        """Position in the markup after a tag or text."""
        return self._columns.ends[row]

    def parent(self, row: int) -> int:
        """Row of the start tag of the parent, -1 at the top."""
        return self._columns.parents[row]

    def end_of(self, row: int) -> int:
        """Row after the last one inside an element."""
        return self._columns.end_of[row]

    def flags(self, row: int) -> int:
        """Flags of a row, inherited ones included."""
        return self._columns.flags[row] & ~flags.AFTER_BLOCK

    def after_block(self, row: int) -> bool:
        """Whether a block boundary lies before this text."""
        return bool(self._columns.flags[row] & flags.AFTER_BLOCK)

    def all(self, *names: str) -> list[int]:
        """Start tags with these names, in order: those that a page shows or uses, none of templates.

        Namesakes in SVG and MathML are left out, but for `svg` and `math` themselves.
        """
        by_element = self._by_element or self._index()
        found = [row for name in names for row in by_element.get(self._numbered(name), ())]
        return found if len(names) == 1 else sorted(found)

    def first(self, *names: str) -> int:
        """First start tag with one of these names, -1 without any."""
        return min((rows[0] for rows in map(self.all, names) if rows), default=NONE)

    def having(self, name: str) -> list[int]:
        """Start tags with an attribute of this name, in order; the same are left out."""
        wanted = name.encode()
        return [row for row in self._plain_starts() if wanted in self._values(row)]

    def at(self, position: int) -> int:
        """Last row that begins at or before a position of the markup, -1 before the first."""
        return bisect_right(self._columns.starts, position) - 1

    def attribute(self, row: int, name: str) -> str | None:
        """Decoded value of an attribute, None without it."""
        value = self._values(row).get(name.encode())
        return None if value is None else decode_attribute(decode(value))

    def values_of(self, rows: list[int], name: str) -> list[str | None]:
        """Decoded values of an attribute of several elements, None without it."""
        return [self.attribute(row, name) for row in rows]

    def attributes(self, row: int) -> dict[str, str]:
        """Decoded values of all attributes of an element, by name in lower case."""
        values = self._values(row)
        return {decode(name): decode_attribute(decode(value)) for name, value in values.items()}

    def run(self, row: int, limit: int = MAX_RUN) -> str:
        """Decoded text of one row of text, its white space kept, of at most `limit` bytes of markup."""
        start, end = self._columns.starts[row], self._columns.ends[row]
        text = decode(self.markup[start : min(end, start + limit)])
        return decode_text(text) if self._columns.kinds[row] == TEXT else text

    def texts(self, start: int, end: int, without: int = UNSEEN) -> list[int]:
        """Rows of text other than white space and code, from `start` to `end`, without a flag of `without`."""
        kinds = self._columns.kinds
        return [row for row in self._texts(max(start, 0), min(end, len(self)), without) if kinds[row] != BLANK]

    def runs(self, start: int, end: int, limit: int, without: int) -> str:
        """Decoded texts of the rows from `start` to `end`, a space at each block boundary.

        Rows that have a flag of `without` are left out, and so is what lies behind the first `limit` bytes.
        """
        found: list[str] = []
        for row in self._texts(start, end, without):
            if limit <= 0:
                break
            found.append(" " if self.after_block(row) else "")
            found.append(self.run(row, limit))
            limit -= self._columns.ends[row] - self._columns.starts[row]
        return "".join(found)

    def _index(self) -> dict[int, list[int]]:
        by_element: dict[int, list[int]] = {}
        columns = self._columns
        for row, element in enumerate(columns.elements):
            if element and not columns.flags[row] & flags.INERT:
                by_element.setdefault(element, []).append(row)
        self._by_element = by_element
        return by_element

    def _numbered(self, name: str) -> int:
        number = self._numbers.get(name.encode(), NONE)
        return number + FOREIGN_NAME if name in ("svg", "math") else number

    def _texts(self, start: int, end: int, without: int) -> Iterator[int]:
        kinds, own = self._columns.kinds, self._columns.flags
        for row in range(start, end):
            if kinds[row] in _READABLE and not own[row] & without:
                yield row

    def _values(self, row: int) -> dict[bytes, bytes]:
        return words.values_of(self._tag(row)[3]) if self._columns.kinds[row] == START else {}

    def _tag(self, row: int) -> Tag:
        tag = TAG.match(self.markup, self._columns.starts[row])
        if not tag:
            raise ValueError(f"row {row} is text")
        return tag

    def _plain_starts(self) -> Iterator[int]:
        columns = self._columns
        for row, kind in enumerate(columns.kinds):
            if kind == START and columns.elements[row] < FOREIGN_NAME and not columns.flags[row] & flags.INERT:
                yield row
