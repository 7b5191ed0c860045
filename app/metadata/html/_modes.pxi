# Rows of elements by the insertion modes (13.2.6): `tree.py` and `foreign.py` again.


cdef int _add(Reader *r, int kind, int element, int start, int end, int parent, unsigned int flags) noexcept:
    """Append a row; its index, that of the last one without memory."""
    cdef Row *grown
    cdef Row *row
    if r.size == r.capacity:
        grown = <Row *> realloc(r.rows, 2 * r.capacity * sizeof(Row))
        if grown is NULL:
            r.has_failed = True
            return r.size - 1
        r.rows = grown
        r.capacity *= 2
    row = r.rows + r.size
    row.kind, row.element, row.start, row.end, row.parent = kind, element, start, end, parent
    row.end_of = r.size + 1
    row.flags = flags
    row.attribute = row.attributes = 0
    r.size += 1
    return r.size - 1


cdef void _add_text(Reader *r, int start, int end, int kind, int parent) noexcept:
    cdef bint breaks = r.breaks and kind != _BLANK and kind != _RAW
    cdef unsigned int own = _IN_NOSCRIPT if r.left_noscript else 0
    _add(r, kind, 0, start, end, parent, own | _AFTER_BLOCK if breaks else own)
    if breaks:
        r.breaks = False


cdef int _add_tag(Reader *r, int element, Tag *tag, unsigned int flags) noexcept:
    """Append the row of a start tag, which keeps its attributes."""
    cdef int row = _add(r, _START, element, tag.start, tag.end, r.top.row, flags)
    r.rows[row].attribute, r.rows[row].attributes = tag.first, tag.attributes
    tag.first = r.attribute_count
    return row


cdef unsigned int _own_flags(Reader *r, int element, Tag *tag) noexcept:
    cdef unsigned int own = _of_element[element]
    cdef int n
    if tag.marks:
        own |= _read_flags(r, tag)
    if _of_page[element]:
        for n in range(_section_count):
            if r.last[_sections[n]] >= 0:
                return own
        own |= _of_page[element]
    return own


cdef void _meet_own_content(Reader *r, int row, bint is_headline) noexcept:
    """Take flags by words from the first headline, from the first body of an article, and from all around."""
    cdef int place
    if r.last[_TEMPLATE] >= 0 or (r.has_headline if is_headline else r.has_article_body):
        return
    if is_headline:
        r.has_headline = True
    else:
        r.has_article_body = True
    r.rows[row].flags &= ~_BY_WORD
    for place in range(r.depth):
        r.rows[r.stack[place].row].flags &= ~_BY_WORD


cdef inline bint _is_in_table(int element) noexcept:
    return element == _TABLE or element == _TBODY or element == _TFOOT or element == _THEAD or element == _TR


cdef int _insert(Reader *r, int element, Tag *tag, unsigned int own) noexcept:
    """Insert an element; how its content is to be read."""
    cdef int traits = _traits[element], content = _content[element], row
    cdef bint in_table = element == _FORM and _is_in_table(r.top.element)
    if traits & _NO_FRAMESET and not (element == _INPUT and _is_hidden_input(r, tag)):
        r.may_be_frameset = False
    if traits & _BLOCK:
        r.breaks = True
    if not traits & _WHOLE_PAGE:
        own |= _own_flags(r, element, tag)
    if r.left_noscript and content == _VOID:
        own |= _IN_NOSCRIPT
    row = _add_tag(r, element, tag, own)
    if element == _H1 or own & _ARTICLE_BODY:
        _meet_own_content(r, row, element == _H1)
    if (content == _DATA or content == _PLAINTEXT) and not in_table:
        _push(r, row, element, traits, IN_HTML, NO_INTEGRATION)
    return content


cdef Attribute *_attribute_of(Reader *r, Tag *tag, const unsigned char *name, int size) noexcept:
    cdef Row row
    row.attribute, row.attributes = tag.first, tag.attributes
    return _find_attribute(r, &row, name, size)


cdef bint _has_value(Reader *r, Tag *tag, const unsigned char *name, int size, const unsigned char *value, int length) noexcept:
    """Whether an attribute has this value, in any case."""
    cdef Attribute *found = _attribute_of(r, tag, name, size)
    return found is not NULL and _is_value(r.text + found.value, found.value_size, value, length)


cdef bint _is_hidden_input(Reader *r, Tag *tag) noexcept:
    return _has_value(r, tag, b"type", 4, b"hidden", 6)


cdef int _merge(Reader *r, int element, Tag *tag) noexcept:
    """Note a further `<html>` or `<body>`: the standard gives its attributes to the first."""
    if element == _BODY:
        r.may_be_frameset = False
    if r.last[_TEMPLATE] < 0:
        _add_tag(r, element, tag, 0)
    return _DATA


cdef inline int _below_head(Reader *r) noexcept:
    """Number of open elements below the head and the body."""
    return 1 if r.last[_HTML] >= 0 else 0


cdef int _start_frameset(Reader *r, int element, Tag *tag) noexcept:
    r.mode = IN_FRAMESET
    return _insert(r, element, tag, 0)


cdef int _replace_body(Reader *r, int element, Tag *tag) noexcept:
    """13.2.6.4.7: a frameset takes the place of a body that holds nothing yet."""
    if r.may_be_frameset and r.last[_TEMPLATE] < 0:
        _pop_to(r, _below_head(r))
        r.size = r.body
        _start_frameset(r, element, tag)
    return _DATA


cdef int _start_in_body(Reader *r, int element, Tag *tag) noexcept:
    cdef int rule = _rules[element]
    if rule:
        if element == _HTML or element == _BODY:
            return _merge(r, element, tag)
        if element == _FRAMESET:
            return _replace_body(r, element, tag)
        if element == _SVG:
            return _insert_foreign(r, element, tag, IN_SVG)
        if element == _MATH:
            return _insert_foreign(r, element, tag, IN_MATH)
        if not _starts[rule](r, element):
            return _DATA
    return _insert(r, _IMG if element == _IMAGE else element, tag, 0)


# In SVG and MathML.


cdef bint _takes_html(Reader *r, int element) noexcept:
    """13.2.6: whether a start tag is one of HTML at the current node, which is in SVG or MathML."""
    if r.top.integration == TEXT_POINT:
        return element != _MGLYPH and element != _MALIGNMARK
    return r.top.integration == HTML_POINT or (r.top.integration == SVG_POINT and element == _SVG)


cdef bint _breaks_out(Reader *r, int element, Tag *tag) noexcept:
    if element == _FONT:
        return (
            _attribute_of(r, tag, b"color", 5) is not NULL or _attribute_of(r, tag, b"face", 4) is not NULL
            or _attribute_of(r, tag, b"size", 4) is not NULL
        )
    return _traits[element] & _BREAKOUT != 0


cdef int _integration_of(Reader *r, int element, Tag *tag, int namespace) noexcept:
    if namespace == IN_SVG:
        return HTML_POINT if _traits[element] & _HTML_INTEGRATION else NO_INTEGRATION
    if element == _ANNOTATION:
        if _has_value(r, tag, b"encoding", 8, b"text/html", 9):
            return HTML_POINT
        return HTML_POINT if _has_value(r, tag, b"encoding", 8, b"application/xhtml+xml", 21) else SVG_POINT
    return TEXT_POINT if _traits[element] & _TEXT_INTEGRATION else NO_INTEGRATION


cdef int _insert_foreign(Reader *r, int element, Tag *tag, int namespace) noexcept:
    cdef int integration = _integration_of(r, element, tag, namespace)
    cdef int row = _add_tag(r, element + _FOREIGN, tag, _own_flags(r, element, tag) | _IN_FOREIGN)
    if not tag.is_self_closing:
        _push(r, row, element + _FOREIGN, _POINT_TRAITS if integration else 0, namespace, integration)
    return _DATA


cdef bint _ends_foreign(Reader *r, int element) noexcept:
    """13.2.6.5: whether an end tag closes an element of SVG or MathML, and no more."""
    cdef int place
    if element == _P or element == _BR:
        _pop_to(r, r.top.takes_html + 1)
        return False
    place = r.last[element + _FOREIGN]
    if place <= r.top.html:
        return False
    _pop_to(r, place)
    return True


# Before the body and in framesets.


cdef void _leave_head(Reader *r) noexcept:
    if r.top.element == _NOSCRIPT:
        r.left_noscript = True
    _pop_to(r, _below_head(r))
    r.breaks = True
    r.mode = IN_BODY
    r.body = r.size


cdef bint _is_head_content(Reader *r, int element) noexcept:
    if r.top.element == _NOSCRIPT:
        return _traits[element] & _NOSCRIPT_CONTENT != 0
    return _traits[element] & _HEAD_CONTENT != 0 and (element != _NOSCRIPT or r.mode != AFTER_HEAD)


cdef int _start_html(Reader *r, int element, Tag *tag) noexcept:
    if r.mode != BEFORE_HEAD or r.last[_HTML] >= 0:
        return _merge(r, element, tag)
    return _insert(r, element, tag, 0)


cdef int _start_head(Reader *r, int element, Tag *tag) noexcept:
    if r.mode == BEFORE_HEAD:
        r.mode = IN_HEAD
        _insert(r, element, tag, _IN_HEAD)
    return _DATA


cdef int _start_body(Reader *r, int element, Tag *tag) noexcept:
    _leave_head(r)
    if element == _FRAMESET:
        return _start_frameset(r, element, tag)
    return _insert(r, element, tag, 0) if element == _BODY else _start_in_body(r, element, tag)


cdef int _start_before_body(Reader *r, int element, Tag *tag) noexcept:
    if element == _HTML:
        return _start_html(r, element, tag)
    if element == _HEAD:
        return _start_head(r, element, tag)
    if r.top.element == _NOSCRIPT and not _is_head_content(r, element):
        if element == _NOSCRIPT:
            return _DATA
        r.left_noscript = True
        _pop_to(r, r.depth - 1)
    if _is_head_content(r, element):
        r.mode = max(r.mode, <int> IN_HEAD)
        return _insert(r, element, tag, _IN_HEAD)
    return _start_body(r, element, tag)


cdef void _end_before_body(Reader *r, int element) noexcept:
    cdef bint in_noscript = r.top.element == _NOSCRIPT
    if element == _BR or ((element == _BODY or element == _HTML) and not in_noscript):
        _leave_head(r)
    elif in_noscript and element == _NOSCRIPT:
        _pop_to(r, r.depth - 1)
    elif element == _HEAD and not in_noscript:
        _pop_to(r, _below_head(r))
        r.mode = AFTER_HEAD


cdef int _start_in_frameset(Reader *r, int element, Tag *tag) noexcept:
    if element == _HTML:
        return _merge(r, element, tag)
    if element == _NOFRAMES or (r.mode == IN_FRAMESET and (element == _FRAMESET or element == _FRAME)):
        return _insert(r, element, tag, 0)
    return _DATA


cdef void _end_frameset(Reader *r) noexcept:
    _pop_to(r, r.last[_FRAMESET])
    if r.last[_FRAMESET] < 0:
        r.mode = AFTER_FRAMESET
