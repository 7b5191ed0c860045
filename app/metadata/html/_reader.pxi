# The page as rows: the reader of `rows.py` again.


cdef Reader *_new_reader(const unsigned char *text, Py_ssize_t length) noexcept:
    """A reader at the beginning of some markup, NULL without memory."""
    cdef Reader *r = <Reader *> calloc(1, sizeof(Reader))
    if r is NULL:
        return NULL
    r.text, r.length = text, <int> length
    r.capacity = r.attribute_capacity = <int> (length // 128) + 64
    r.rows = <Row *> malloc(r.capacity * sizeof(Row))
    r.attributes = <Attribute *> malloc(r.attribute_capacity * sizeof(Attribute))
    if r.rows is NULL or r.attributes is NULL:
        _free_reader(r)
        return NULL
    r.body = -1
    r.may_be_frameset = r.breaks = True
    r.left_noscript = False
    r.top = _EMPTY
    memset(r.last, 0xFF, sizeof(r.last))
    memset(r.heads, 0xFF, sizeof(r.heads))
    memcpy(r.slots, _known_slots, sizeof(r.slots))
    return r


cdef void _free_reader(Reader *r) noexcept:
    if r is not NULL:
        free(r.rows)
        free(r.attributes)
        free(r)


cdef int _start_tag(Reader *r, Tag *tag) noexcept:
    """Take a start tag; how its content is to be read."""
    if r.top.namespace and not _takes_html(r, tag.element):
        if not _breaks_out(r, tag.element, tag):
            return _insert_foreign(r, tag.element, tag, r.top.namespace)
        _pop_to(r, r.top.takes_html + 1)
    if r.mode == IN_BODY or r.last[_TEMPLATE] >= 0:
        return _start_in_body(r, tag.element, tag)
    if r.mode < IN_BODY:
        return _start_before_body(r, tag.element, tag)
    return _start_in_frameset(r, tag.element, tag)


cdef void _end_tag(Reader *r, int element) noexcept:
    if element == _NOSCRIPT:
        r.left_noscript = False
    if r.top.namespace and _ends_foreign(r, element):
        return
    if r.mode == IN_BODY or r.last[_TEMPLATE] >= 0:
        _end_rules[_ends[element]](r, element)
    elif r.mode < IN_BODY:
        _end_before_body(r, element)
    elif element == _FRAMESET and r.mode == IN_FRAMESET:
        _end_frameset(r)


cdef void _take_text(Reader *r, int start, int end, int kind) noexcept:
    """Take text between tags; white space before the body, and all in framesets, is nothing."""
    cdef int at = start
    if start >= end:
        return
    while at < end and _is_space[r.text[at]]:
        at += 1
    if r.mode != IN_BODY and r.last[_TEMPLATE] < 0:
        if at == end or r.mode > IN_BODY:
            return
        _leave_head(r)
    _add_text(r, start, end, _BLANK if at == end else kind, r.top.row)
    if at < end:
        r.may_be_frameset = False


cdef int _take_raw(Reader *r, Tag *tag, int content, int start) noexcept:
    """Take the raw text of the element that begins the last row; the position after its end tag."""
    cdef int end = r.length, row = r.size - 1, kind = _RAW
    if content == _SCRIPT:
        end = _script_end(r, start)
    elif content != _PLAINTEXT:
        end = _raw_end(r, start, _known_letters[tag.element], _known_sizes[tag.element])
    if content == _RCDATA:
        kind = _TEXT
    elif content == _PLAINTEXT or tag.element == _XMP:
        kind = _VERBATIM
    if start < end:
        _add_text(r, start, end, kind, row)
        r.rows[row].end_of = row + 2
    if kind == _VERBATIM:
        r.breaks = True
    return end


cdef int _after_newline(Reader *r, int at) noexcept:
    """13.2.6.4.7: a newline at the start of `<pre>` is none."""
    if _is_at(r, at, "\r\n", 2):
        return at + 2
    return at + 1 if _is_at(r, at, "\n", 1) or _is_at(r, at, "\r", 1) else at


cdef int _take_tag(Reader *r, int at) noexcept:
    """Take the tag at `at` and the raw text that it begins; the position after them."""
    cdef Tag tag
    cdef int content, start
    if not _read_tag(r, &tag, at):
        return r.length
    if tag.is_end:
        _end_tag(r, tag.element)
        return tag.end
    content = _start_tag(r, &tag)
    if tag.first != r.attribute_count:
        r.attribute_count = tag.first  # those of a tag that is no element
    start = tag.end
    if tag.element == _PRE or tag.element == _TEXTAREA or tag.element == _LISTING:
        start = _after_newline(r, start)
    if content <= _VOID:
        return start
    start = _take_raw(r, &tag, content, start)
    if start == r.length:
        return start
    return tag.end if _read_tag(r, &tag, start) else r.length


cdef int _take_cdata(Reader *r, int start) noexcept:
    cdef int after = _after(r, "]]>", 3, start)
    cdef bint ends = after - 3 >= start and _is_at(r, after - 3, "]]>", 3)
    _take_text(r, start, after - 3 if ends else r.length, _VERBATIM)
    return after


cdef int _pass_over(Reader *r, int at) noexcept:
    """Position after what begins with "<!", "<?" or "</" and is no tag."""
    if _is_at(r, at, "<!--", 4):
        return _after_comment(r, at)
    if r.top.namespace and _is_at(r, at, "<![CDATA[", 9):
        return _take_cdata(r, at + 9)
    return min(_find(r, c'>', at) + 1, r.length)


cdef inline bint _begins_tag(Reader *r, int at) noexcept:
    """Whether a letter follows the "<" or "</" at `at`."""
    at += 1
    if at < r.length and r.text[at] == c'/':
        at += 1
    return at < r.length and _is_letter[r.text[at]]


cdef inline bint _begins_comment(Reader *r, int at) noexcept:
    """Whether a comment, a bogus one included, begins at `at` (13.2.5.6 and 7)."""
    cdef unsigned char follower = r.text[at + 1] if at + 1 < r.length else 0
    return follower == c'!' or follower == c'?' or (follower == c'/' and at + 2 < r.length)


cdef void _inherit(Reader *r) noexcept:
    """Give each row the flags of its parent, which stands before it, and chain those of one element."""
    cdef int n
    cdef Row *row
    for n in range(r.size):
        row = r.rows + n
        if row.parent >= 0:
            row.flags |= r.rows[row.parent].flags & ~_AFTER_BLOCK
    for n in range(r.size - 1, -1, -1):
        row = r.rows + n
        if row.kind == _START and not row.flags & _INERT:
            row.next = r.heads[row.element]
            r.heads[row.element] = n


cdef bint _read(Reader *r) noexcept:
    """Read all of the markup; whether there was memory for it."""
    cdef int text = 0, at = _find(r, c'<', 0)
    cdef bint is_tag
    while at < r.length and not r.has_failed:
        is_tag = _begins_tag(r, at)
        if not is_tag and not _begins_comment(r, at):
            at = _find(r, c'<', at + 1)
            continue
        _take_text(r, text, at, _TEXT)
        r.is_cut = r.size >= _MAX_ROWS
        text = r.length if r.is_cut else _take_tag(r, at) if is_tag else _pass_over(r, at)
        at = _find(r, c'<', text)
    _take_text(r, text, r.length, _TEXT)
    _pop_to(r, 0)
    if r.body < 0:
        r.body = r.size
    _inherit(r)
    return not r.has_failed
