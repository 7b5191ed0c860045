# cython: language_level=3, boundscheck=False, wraparound=False
"""`tags.py`, `metas.py` and `pieces.py` again, compiled: the same answers in a fraction of the time.

Rule 1: no byte is read but those of the markup: each access stands behind a comparison with `size`.
Rule 2: it is linear: what is passed over is not looked at again.
"""

cimport cython
from cpython.unicode cimport PyUnicode_1BYTE_DATA, PyUnicode_DecodeUTF8, PyUnicode_GET_LENGTH
from libc.string cimport memchr, memcmp

from app.metadata.html.metas import MAX_METAS, usual_name
from app.metadata.html.references import decode_attribute
from app.metadata.html.text_runs import INVISIBLE
from app.metadata.html.tags import ELEMENTS, LONG_TAG, MAX_ATTRIBUTES, MAX_TAGS, RAW_TEXT, Tag

cdef enum Take:
    AS_ELEMENT, AS_TEXT, AS_SCRIPT, AS_NOSCRIPT, AS_HIDDEN

cdef struct Markup:
    const unsigned char *text
    Py_ssize_t size

cdef Py_ssize_t _LONG_TAG = LONG_TAG, _MAX_ATTRIBUTES = MAX_ATTRIBUTES, _MAX_TAGS = MAX_TAGS
cdef Py_ssize_t _MAX_METAS = MAX_METAS
cdef object _new = tuple.__new__  # what `Tag(…)` calls, without the call


@cython.final
cdef class _Kind:
    """What is called so, what is made of it, and the next kind that begins with the same letter."""

    cdef str name
    cdef bytes spelling
    cdef const unsigned char *letters
    cdef Py_ssize_t length
    cdef Take take
    cdef _Kind next

    def __init__(self, str name, Take take, _Kind next):
        self.name = name
        self.spelling = name.encode()
        self.letters = self.spelling
        self.length = len(name)
        self.take = take
        self.next = next


cdef list _by_letter = [None] * 256
cdef list _hiding = [None] * 256
cdef bint[256] _telling  # whether what begins with a "<" and this byte may say something

for _take, _names in (
    (AS_ELEMENT, ELEMENTS), (AS_TEXT, ["title"]), (AS_SCRIPT, ["script"]), (AS_NOSCRIPT, ["noscript"]),
    (AS_HIDDEN, RAW_TEXT),
):
    for _name in _names:
        _by_letter[ord(_name[0])] = _Kind(_name, _take, _by_letter[ord(_name[0])])

for _name in INVISIBLE:
    _hiding[ord(_name[0])] = _Kind(_name, AS_HIDDEN, _hiding[ord(_name[0])])

for _byte in range(128):
    _telling[_byte] = _byte == ord("!") or _by_letter[ord(chr(_byte).lower())] is not None

cdef _Kind _NOSCRIPT = _Kind("noscript", AS_NOSCRIPT, None)


# Names of attributes that need not be made anew, each where `_slot` tells.
cdef list _usual_names = [None] * 128


cdef inline Py_ssize_t _slot(const unsigned char *name, Py_ssize_t length) noexcept:
    return (name[0] + 2 * name[length - 1] + 10 * length) & 127


for _name in (
    "property", "content", "name", "rel", "href", "type", "media", "id", "class", "sizes", "lang", "itemprop",
    "http-equiv", "title", "as", "crossorigin", "hreflang", "datetime",
):
    _usual_names[_slot(_name.encode(), len(_name))] = _name


cdef inline bint _is_space(unsigned char byte) noexcept:
    return byte == c' ' or c'\t' <= byte <= c'\r'


cdef inline bint _may_be_space(unsigned char byte) noexcept:
    """Whether a character that is no white space in HTML may be some in Unicode."""
    return byte < c' ' or byte >= 128


cdef inline unsigned char _lower(unsigned char byte) noexcept:
    return byte + 32 if c'A' <= byte <= c'Z' else byte


cdef inline Py_ssize_t _find(Markup markup, unsigned char byte, Py_ssize_t at) noexcept:
    """Where `byte` stands from `at` on; the size if nowhere."""
    cdef const void *found = NULL
    if at < markup.size:
        found = memchr(markup.text + at, byte, markup.size - at)
    return markup.size if found is NULL else <const unsigned char *> found - markup.text


cdef inline bint _is_at(Markup markup, Py_ssize_t at, const unsigned char *letters, Py_ssize_t length) noexcept:
    """Whether `letters`, which are small, stand at `at` in any case; that much markup there must be."""
    cdef Py_ssize_t n
    for n in range(length):
        if _lower(markup.text[at + n]) != letters[n]:
            return False
    return True


cdef inline Py_ssize_t _after_name(Markup markup, Py_ssize_t at, _Kind kind) noexcept:
    """Where the name of a tag ends that begins at `at`, if it is of this kind; else 0."""
    cdef Py_ssize_t after = at + kind.length
    if after >= markup.size or not (_is_space(markup.text[after]) or markup.text[after] in b"/>"):
        return 0
    return after if _is_at(markup, at, kind.letters, kind.length) else 0


cdef Py_ssize_t _end_tag(Markup markup, Py_ssize_t at, _Kind kind) noexcept:
    """Where an end tag of this kind begins from `at` on; the size if nowhere."""
    at = _find(markup, c'<', at)
    while at + 1 < markup.size and not (markup.text[at + 1] == c'/' and _after_name(markup, at + 2, kind)):
        at = _find(markup, c'<', at + 1)
    return at if at + 1 < markup.size else markup.size


cdef inline bint _is_comment(Markup markup, Py_ssize_t at) noexcept:
    return at + 3 < markup.size and memcmp(markup.text + at, b"<!--", 4) == 0


cdef Py_ssize_t _end_of_comment(Markup markup, Py_ssize_t at) noexcept:
    """HTML standard, 13.2.5.43 to 51: "<!-->" and "<!--->" are whole comments, and "--!>" ends one, too."""
    cdef Py_ssize_t dash = _find(markup, c'-', at + 2)
    while dash + 2 < markup.size:
        if memcmp(markup.text + dash, b"-->", 3) == 0:
            return dash
        if dash >= at + 4 and dash + 3 < markup.size and memcmp(markup.text + dash, b"--!>", 4) == 0:
            return dash
        dash = _find(markup, c'-', dash + 1)
    return markup.size


cdef inline Py_ssize_t _skip_spaces(Markup markup, Py_ssize_t at) noexcept:
    while at < markup.size and _is_space(markup.text[at]):
        at += 1
    return at


cdef inline Py_ssize_t _after_attribute_name(Markup markup, Py_ssize_t at) noexcept:
    at += 1  # it may begin with "="
    while at < markup.size and not (_is_space(markup.text[at]) or markup.text[at] in b"/>="):
        at += 1
    return at


cdef inline Py_ssize_t _after_bare_value(Markup markup, Py_ssize_t at) noexcept:
    while at < markup.size and not (_is_space(markup.text[at]) or markup.text[at] == c'>'):
        at += 1
    return at


cdef Py_ssize_t _after_tag(Markup markup, Py_ssize_t at) noexcept:
    """Position after the next ">" that stands in no quoted value."""
    cdef Py_ssize_t quote
    while at < markup.size and markup.text[at] != c'>':
        at += 1
        if markup.text[at - 1] == c'=':
            quote = _skip_spaces(markup, at)
            if quote < markup.size and markup.text[quote] in b"\"'":
                at = _find(markup, markup.text[quote], quote + 1)
    return min(at + 1, markup.size)


cdef inline str _decode(Markup markup, Py_ssize_t start, Py_ssize_t end):
    return PyUnicode_DecodeUTF8(<const char *> markup.text + start, end - start, "replace")


cdef str _decode_value(Markup markup, Py_ssize_t start, Py_ssize_t end):
    cdef str value = _decode(markup, start, end)
    return decode_attribute(value) if memchr(markup.text + start, c'&', end - start) is not NULL else value


cdef str _attribute_name(Markup markup, Py_ssize_t start, Py_ssize_t end):
    cdef Py_ssize_t n
    cdef str name = <str> _usual_names[_slot(markup.text + start, end - start)]
    if name is not None and PyUnicode_GET_LENGTH(name) == end - start:
        if memcmp(PyUnicode_1BYTE_DATA(name), markup.text + start, end - start) == 0:
            return name
    name = _decode(markup, start, end)
    for n in range(start, end):
        if c'A' <= markup.text[n] <= c'Z' or markup.text[n] >= 128:
            return name.lower()
    return name


cdef tuple _attributes(Markup markup, Py_ssize_t at):
    """The attributes of the tag that is open at `at`, and where the tag ends."""
    cdef dict attributes = {}
    cdef str key
    cdef Py_ssize_t stop = at + _LONG_TAG, name, after_name, value, after_value, closed
    while at < stop:
        name = _skip_spaces(markup, at)
        while name < markup.size and markup.text[name] == c'/':
            name = _skip_spaces(markup, name + 1)
        if name >= markup.size or markup.text[name] == c'>':
            break
        at = after_name = value = after_value = _after_attribute_name(markup, name)
        closed = _skip_spaces(markup, at)
        if closed < markup.size and markup.text[closed] == c'=':
            value = _skip_spaces(markup, closed + 1)
            closed = markup.size
            if value < markup.size and markup.text[value] in b"\"'":
                closed = _find(markup, markup.text[value], value + 1)
            if closed < markup.size:
                value, after_value, at = value + 1, closed, closed + 1
            else:
                at = after_value = _after_bare_value(markup, value)
        if len(attributes) < _MAX_ATTRIBUTES:
            key = _attribute_name(markup, name, after_name)
            if key not in attributes:
                attributes[key] = _decode_value(markup, value, after_value)
    return attributes, min(_find(markup, c'>', at) + 1, markup.size)


@cython.final
cdef class _Reading:
    """How far the tags of some markup have been read."""

    cdef bytes body
    cdef Markup markup
    cdef dict tags
    cdef list noscripts

    def __init__(self, bytes body):
        self.body = body
        self.markup = Markup(body, len(body))
        self.tags = {}
        self.noscripts = []

    cdef int keep(self, _Kind kind, dict attributes, Py_ssize_t start, Py_ssize_t end, bytes raw) except -1:
        tags = self.tags.get(kind.name)
        if tags is None:
            tags = self.tags[kind.name] = []
        (<list> tags).append(_new(Tag, (kind.name, attributes, start, end, raw)))

    cdef int close_noscripts(self, Py_ssize_t end) except -1:
        for start in self.noscripts:
            self.keep(_NOSCRIPT, {}, start, end, b"")
        self.noscripts.clear()

    cdef Py_ssize_t take(self, _Kind kind, Py_ssize_t start, Py_ssize_t after) except -1:
        """Read the tag of this kind that begins at `start`; where to go on."""
        cdef Py_ssize_t end, closed
        if kind.take == AS_NOSCRIPT:
            self.noscripts.append(start)
            return after
        if kind.take == AS_HIDDEN:
            return _end_tag(self.markup, after, kind)
        attributes, end = _attributes(self.markup, after)
        if kind.take == AS_SCRIPT and "ld+json" not in (<str> attributes.get("type", "")).lower():
            return _end_tag(self.markup, after, kind)
        if kind.take == AS_ELEMENT:
            self.keep(kind, attributes, start, end, b"")
            return end
        closed = _end_tag(self.markup, end, kind)
        self.keep(kind, attributes, start, end, self.body[end:closed])
        return closed

    cdef Py_ssize_t take_any(self, Py_ssize_t start) except -1:
        """Read the tag that begins at `start`, if it is of any kind that says something; where to go on, else 0."""
        cdef _Kind kind
        cdef Py_ssize_t after
        if _is_comment(self.markup, start):
            return _end_of_comment(self.markup, start)
        kind = <_Kind> _by_letter[_lower(self.markup.text[start + 1])]
        while kind is not None:
            after = _after_name(self.markup, start + 1, kind)
            if after:
                return self.take(kind, start, after)
            kind = kind.next
        return 0

    cdef int read(self) except -1:
        """Read all tags."""
        cdef Markup markup = self.markup
        cdef Py_ssize_t left = _MAX_TAGS, at = _find(markup, c'<', 0), after
        while left and at + 1 < markup.size:
            after = 0
            if _telling[markup.text[at + 1]]:
                after = self.take_any(at)
                left -= after > 0
            elif markup.text[at + 1] == c'/' and self.noscripts and _after_name(markup, at + 2, _NOSCRIPT):
                self.close_noscripts(at)
            at = _find(markup, c'<', after or at + 1)
        self.close_noscripts(markup.size)


cdef inline str _said(dict attributes, str one, str other):
    """What the first of two attributes says that says something, or None."""
    cdef str value = attributes.get(one)
    return value if value else <str> attributes.get(other)


cdef str _stripped(str text):
    return text.strip() if text[0].isspace() or text[len(text) - 1].isspace() else text


cdef bint _is_one_name(str names):
    """Whether that is one name, in small letters."""
    cdef Py_UCS4 letter
    for letter in names:
        if not c' ' < letter < 127 or c'A' <= letter <= c'Z':
            return False
    return True


cdef int _keep_meta(list metas, dict by_name, str name, str content) except -1:
    if name[0] == c'd':
        name = usual_name(name)
    metas.append((name, content))
    said = by_name.get(name)
    if said is None:
        by_name[name] = [content]
    else:
        (<list> said).append(content)


def read_metas(list tags):
    """All that these tags say, and the same by name."""
    cdef list metas = []
    cdef dict by_name = {}, attributes
    cdef str content, names, name
    for tag in tags[:_MAX_METAS]:
        attributes = <dict> (<tuple> tag)[1]
        content = _said(attributes, "content", "value")
        names = _said(attributes, "property", "name") or _said(attributes, "itemprop", "http-equiv")
        content = _stripped(content) if content else None
        if not content or not names:
            continue
        for name in (names,) if _is_one_name(names) else names.lower().split():
            if len(metas) < _MAX_METAS:
                _keep_meta(metas, by_name, name, content)
    return metas, by_name


@cython.final
cdef class raw_pieces:
    """The texts between the tags of `markup[start:end]` as they are written, without white space around them."""

    cdef bytes body
    cdef Markup markup
    cdef Py_ssize_t at

    def __init__(self, bytes markup, Py_ssize_t start=0, end=None):
        self.body = markup
        self.markup = Markup(markup, len(markup) if end is None else min(max(end, 0), len(markup)))
        self.at = max(start, 0)

    def __iter__(self):
        return self

    def __next__(self):
        cdef Py_ssize_t start, opened
        while self.at < self.markup.size:
            start, opened = self.at, _find(self.markup, c'<', self.at)
            self.at = self.after_hidden(opened)
            piece = self.stripped(start, opened)
            if piece:
                return piece
        raise StopIteration

    cdef Py_ssize_t after_hidden(self, Py_ssize_t start) noexcept:
        """Where the tag ends that begins at `start`, with what it hides."""
        cdef Markup markup = self.markup
        cdef Py_ssize_t after = 0, end = start
        cdef _Kind kind = <_Kind> _hiding[_lower(markup.text[start + 1])] if start + 1 < markup.size else None
        if _is_comment(markup, start):
            end = _end_of_comment(markup, start)
        while kind is not None and not after:
            after = _after_name(markup, start + 1, kind)
            if after:
                end = _end_tag(markup, after, kind)
            kind = kind.next
        return _after_tag(markup, end)

    cdef str stripped(self, Py_ssize_t start, Py_ssize_t end):
        cdef const unsigned char *text = self.markup.text
        while start < end and _is_space(text[start]):
            start += 1
        while start < end and _is_space(text[end - 1]):
            end -= 1
        if start == end:
            return ""
        piece = _decode(self.markup, start, end)
        return piece.strip() if _may_be_space(text[start]) or _may_be_space(text[end - 1]) else piece


def read_attributes(bytes markup, Py_ssize_t position):
    """The attributes of the tag that is open at `position`, and where the tag ends."""
    return _attributes(Markup(markup, len(markup)), min(max(position, 0), len(markup)))


def read_tags(bytes markup):
    """Every tag of `markup` that says something about the page, under their names, in order."""
    reading = _Reading(markup)
    reading.read()
    return reading.tags
