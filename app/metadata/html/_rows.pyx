# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
"""`rows.py` again, compiled: the same rows and answers in a fraction of the time.

Rule 1: no byte is read but those of the markup: each access stands behind a comparison with `size`.
Rule 2: reading is linear: a byte that was passed over is not looked at again.
Rule 3: nothing of Python runs while a page is read; positions fit 31 bits.
"""

cimport cython
from cpython.unicode cimport PyUnicode_1BYTE_DATA, PyUnicode_AsUTF8AndSize, PyUnicode_DecodeUTF8
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memchr, memcmp, memcpy, memset

import os
from html.entities import html5

from app.metadata.html import flags as _flags
from app.metadata.html.columns import BLANK, MAX_ROWS, RAW, START, TEXT, VERBATIM
from app.metadata.html.elements import CONTENT, ENDS, FIRST_UNKNOWN, FOREIGN_NAME, HEADINGS, IDS, LAST_NAME
from app.metadata.html.elements import MAX_DEPTH, MAX_UNKNOWN, NAMES, RULES, TRAITS, Content, End, Rule, Trait
from app.metadata.html.references import decode, decode_attribute, decode_text
from app.metadata.html.rows import MAX_RUN
from app.metadata.html.tokenizer import MAX_ATTRIBUTES
from app.metadata.html.tree import Mode

include "_structs.pxi"
include "_tokens.pxi"
include "_marks.pxi"
include "_stack.pxi"
include "_body.pxi"
include "_modes.pxi"
include "_reader.pxi"
include "_references.pxi"

cdef object _MAX_MARKUP = 2**31 - 1
cdef unsigned int _UNSEEN = _flags.UNSEEN


cdef inline str _decode(const unsigned char *text, Py_ssize_t size):
    """Text of markup, as `references.decode` gives it."""
    if memchr(text, c'\r', size) is NULL and memchr(text, 0, size) is NULL:
        return PyUnicode_DecodeUTF8(<const char *> text, size, "replace")
    return decode(text[:size])


cdef inline str _decode_with(object decode_references, const unsigned char *text, Py_ssize_t size):
    """Text of markup with its references decoded."""
    cdef str decoded
    if memchr(text, c'&', size) is NULL:
        return _decode(text, size)
    if memchr(text, c'\r', size) is NULL and memchr(text, 0, size) is NULL:
        decoded = _decode_plain(text, size)
        if decoded is not None:
            return decoded
    return decode_references(decode(text[:size]))


cdef class Rows:
    """Rows of the tokens of `markup`, in order of the document."""

    cdef readonly bytes markup
    cdef Reader *reader
    cdef Row *rows
    cdef Py_ssize_t size

    def __cinit__(self, bytes markup):
        if len(markup) > _MAX_MARKUP:
            raise ValueError("markup of more than 2 GiB")
        self.markup = markup
        self.reader = _new_reader(markup, len(markup))
        if self.reader is NULL or not _read(self.reader):
            raise MemoryError
        self.rows = self.reader.rows
        self.size = self.reader.size

    def __dealloc__(self):
        _free_reader(self.reader)

    def __len__(self):
        return self.size

    @property
    def is_cut(self):
        """Whether a cap was met: rows are missing, none is wrong."""
        return self.reader.is_cut

    @property
    def body(self):
        """First row of the body."""
        return self.reader.body

    cdef Row *at_row(self, Py_ssize_t row) except NULL:
        if row < 0 or row >= self.size:
            raise IndexError(row)
        return self.rows + row

    cpdef int kind(self, Py_ssize_t row) except -1:
        """Kind of a row: `START`, `TEXT`, `BLANK`, `RAW` or `VERBATIM`."""
        return self.at_row(row).kind

    cpdef int element(self, Py_ssize_t row) except -1:
        """Number of an element, as in `elements.IDS`; 0 of text."""
        return self.at_row(row).element

    def name(self, Py_ssize_t row):
        """Name of an element in lower case; "" of text."""
        cdef Row *found = self.at_row(row)
        cdef int number = found.element & (_FOREIGN - 1)
        if number < _FIRST_UNKNOWN:
            return NAMES[number]
        number = found.start + 1 + _name_size(self.reader, found.start + 1)
        return decode(self.markup[found.start + 1:number].lower())

    def start(self, Py_ssize_t row):
        """Position in the markup where a tag or text begins."""
        return self.at_row(row).start

    def end(self, Py_ssize_t row):
        """Position in the markup after a tag or text."""
        return self.at_row(row).end

    def parent(self, Py_ssize_t row):
        """Row of the start tag of the parent, -1 at the top."""
        return self.at_row(row).parent

    def end_of(self, Py_ssize_t row):
        """Row after the last one inside an element."""
        return self.at_row(row).end_of

    def flags(self, Py_ssize_t row):
        """Flags of a row and of all that it stands in."""
        return self.at_row(row).flags & ~_AFTER_BLOCK

    def after_block(self, Py_ssize_t row):
        """Whether a block boundary lies between this text and the one before it."""
        return self.at_row(row).flags & _AFTER_BLOCK != 0

    def all(self, *names):
        """Start tags with these names, in order: those that a page shows or uses, none of templates.

        Namesakes in SVG and MathML are left out, but for `svg` and `math` themselves.
        """
        cdef list found = []
        cdef int row
        for name in names:
            row = self.head(name)
            while row >= 0:
                found.append(row)
                row = self.rows[row].next
        if len(names) > 1:
            found.sort()
        return found

    def first(self, *names):
        """First start tag with one of these names, -1 without any."""
        cdef int first = -1, row
        for name in names:
            row = self.head(name)
            if row >= 0 and (first < 0 or row < first):
                first = row
        return first

    cdef int head(self, str name) except -2:
        number = IDS.get(name)
        cdef const unsigned char *letters
        cdef Py_ssize_t size
        cdef int found
        if number is None:
            letters = <const unsigned char *> PyUnicode_AsUTF8AndSize(name, &size)
            found = _find_unknown(self.reader, letters, size)
            return self.reader.heads[found] if found else -1
        return self.reader.heads[<int> number + (_FOREIGN if name == "svg" or name == "math" else 0)]

    def having(self, str name):
        """Start tags with an attribute of this name, in order; the same are left out."""
        cdef Py_ssize_t row, size
        cdef const unsigned char *letters = <const unsigned char *> PyUnicode_AsUTF8AndSize(name, &size)
        cdef list found = []
        for row in range(self.size):
            if self.rows[row].attributes and self.rows[row].element < _FOREIGN and not self.rows[row].flags & _INERT:
                if _find_attribute(self.reader, self.rows + row, letters, size) is not NULL:
                    found.append(row)
        return found

    def at(self, Py_ssize_t position):
        """Last row that begins at or before a position of the markup, -1 before the first."""
        cdef Py_ssize_t low = 0, high = self.size, middle
        while low < high:
            middle = (low + high) // 2
            if self.rows[middle].start <= position:
                low = middle + 1
            else:
                high = middle
        return low - 1

    cpdef attribute(self, Py_ssize_t row, str name):
        """Decoded value of an attribute, None without it."""
        cdef Py_ssize_t size
        cdef const unsigned char *letters = <const unsigned char *> PyUnicode_AsUTF8AndSize(name, &size)
        cdef Attribute *found = _find_attribute(self.reader, self.at_row(row), letters, size)
        return None if found is NULL else self.value(found)

    def values_of(self, list rows, str name):
        """Decoded values of an attribute of several elements, None without it."""
        return [self.attribute(row, name) for row in rows]

    def attributes(self, Py_ssize_t row):
        """Decoded values of all attributes of an element, by name in lower case."""
        cdef Row *found = self.at_row(row)
        cdef Attribute *attribute
        cdef dict values = {}
        cdef int n
        for n in range(found.attributes):
            attribute = self.reader.attributes + found.attribute + n
            name = self.attribute_name(attribute)
            if name not in values:
                values[name] = self.value(attribute)
        return values

    cdef str attribute_name(self, Attribute *attribute):
        cdef const unsigned char *letters = self.reader.text + attribute.name
        cdef int n, size = attribute.name_size
        cdef str name = <str> _usual_names[_slot_of_name(letters, size)]
        if name is not None and len(name) == size and memcmp(PyUnicode_1BYTE_DATA(name), letters, size) == 0:
            return name
        for n in range(size):
            if c'A' <= letters[n] <= c'Z':
                return decode(letters[:size].lower())
        return _decode(letters, size)

    cdef str value(self, Attribute *attribute):
        return _decode_with(decode_attribute, self.reader.text + attribute.value, attribute.value_size)

    cpdef str run(self, Py_ssize_t row, Py_ssize_t limit=MAX_RUN):
        """Decoded text of one row of text, its white space kept, of at most `limit` bytes of markup."""
        cdef Row *found = self.at_row(row)
        cdef const unsigned char *text = self.reader.text + found.start
        cdef Py_ssize_t size = min(<Py_ssize_t> (found.end - found.start), limit)
        return _decode_with(decode_text, text, size) if found.kind == _TEXT else _decode(text, size)

    def texts(self, Py_ssize_t start, Py_ssize_t end, unsigned int without=_UNSEEN):
        """Rows of text other than white space and code, from `start` to `end`, without a flag of `without`."""
        cdef list found = []
        cdef Py_ssize_t at
        cdef Row *row
        for at in range(max(start, 0), min(end, self.size)):
            row = self.rows + at
            if (row.kind == _TEXT or row.kind == _VERBATIM) and not row.flags & without:
                found.append(at)
        return found

    def runs(self, Py_ssize_t start, Py_ssize_t end, Py_ssize_t limit, unsigned int without):
        """Decoded texts of the rows from `start` to `end`, a space at each block boundary.

        Rows that have a flag of `without` are left out, and so is what lies behind the first `limit` bytes.
        """
        cdef list found = []
        cdef Py_ssize_t at
        cdef Row *row
        for at in range(max(start, 0), min(end, self.size)):
            row = self.rows + at
            if row.kind == _START or row.kind == _RAW or row.flags & without:
                continue
            if limit <= 0:
                break
            if row.flags & _AFTER_BLOCK:
                found.append(" ")
            found.append(self.run(at, limit))
            limit -= row.end - row.start
        return <str> found[0] if len(found) == 1 else "".join(found)
