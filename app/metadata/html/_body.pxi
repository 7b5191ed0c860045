# Rules of the body (13.2.6.4.7 to 15): `body.py` again.

ctypedef bint (*StartRule)(Reader *, int) noexcept
ctypedef void (*EndRule)(Reader *, int) noexcept

cdef enum:
    BEFORE_HEAD = 0, IN_HEAD = 1, AFTER_HEAD = 2, IN_BODY = 3, IN_FRAMESET = 4, AFTER_FRAMESET = 5

assert [int(_mode) for _mode in Mode] == [BEFORE_HEAD, IN_HEAD, AFTER_HEAD, IN_BODY, IN_FRAMESET, AFTER_FRAMESET]

cdef int _ANNOTATION = IDS["annotation-xml"], _BODY = IDS["body"], _BR = IDS["br"], _BUTTON = IDS["button"]
cdef int _CAPTION = IDS["caption"], _COLGROUP = IDS["colgroup"], _DD = IDS["dd"], _DT = IDS["dt"], _FONT = IDS["font"]
cdef int _FORM = IDS["form"], _FRAME = IDS["frame"], _FRAMESET = IDS["frameset"], _H1 = IDS["h1"], _HEAD = IDS["head"]
cdef int _HR = IDS["hr"], _HTML = IDS["html"], _IMAGE = IDS["image"], _IMG = IDS["img"], _INPUT = IDS["input"]
cdef int _LI = IDS["li"], _MATH = IDS["math"], _NOFRAMES = IDS["noframes"], _NOSCRIPT = IDS["noscript"], _OPTGROUP = IDS["optgroup"]
cdef int _OPTION = IDS["option"], _P = IDS["p"], _RTC = IDS["rtc"], _RUBY = IDS["ruby"], _SELECT = IDS["select"]
cdef int _SVG = IDS["svg"], _TABLE = IDS["table"], _TBODY = IDS["tbody"], _TD = IDS["td"], _TEMPLATE = IDS["template"]
cdef int _TFOOT = IDS["tfoot"], _TH = IDS["th"], _THEAD = IDS["thead"], _TR = IDS["tr"], _XMP = IDS["xmp"]
cdef int _MGLYPH = IDS["mglyph"], _MALIGNMARK = IDS["malignmark"], _PRE = IDS["pre"], _LISTING = IDS["listing"]
cdef int _TEXTAREA = IDS["textarea"]
cdef int _VOID = Content.VOID, _DATA = Content.DATA, _PLAINTEXT = Content.PLAINTEXT, _RCDATA = Content.RCDATA
cdef int _SCRIPT = Content.SCRIPT
cdef int[6] _headings
cdef int[8] _sections
cdef int _section_count = len(_flags.SECTIONS)
cdef unsigned int _BY_WORD = _flags.BY_WORD, _IN_HEAD = _flags.IN_HEAD, _IN_FOREIGN = _flags.FOREIGN
cdef unsigned int _IN_NOSCRIPT = _flags.NOSCRIPT

for _number, _name in enumerate(HEADINGS):
    _headings[_number] = IDS[_name]
for _number, _name in enumerate(_flags.SECTIONS):
    _sections[_number] = IDS[_name]

# Start tags: each rule closes what the tag ends, and tells whether the tag makes an element.


cdef inline void _close_paragraph(Reader *r) noexcept:
    if r.last[_P] > r.top.button:
        _pop_to(r, r.last[_P])


cdef inline bint _in_select(Reader *r) noexcept:
    return r.last[_SELECT] >= 0 and r.last[_SELECT] == r.top.scope


cdef inline int _last_rows(Reader *r) noexcept:
    return max(r.last[_TBODY], r.last[_THEAD], r.last[_TFOOT])


cdef bint _start_any(Reader *r, int element) noexcept:
    return True


cdef bint _start_block(Reader *r, int element) noexcept:
    _close_paragraph(r)
    if element == _HR and _in_select(r):
        _pop_implied(r, 0)
    return True


cdef bint _start_heading(Reader *r, int element) noexcept:
    cdef int n
    _close_paragraph(r)
    for n in range(6):
        if r.top.element == _headings[n]:
            _pop_to(r, r.depth - 1)
            break
    return True


cdef bint _start_item(Reader *r, int element) noexcept:
    if _element_at(r, r.top.barrier) == _LI:
        _pop_to(r, r.top.barrier)
    _close_paragraph(r)
    return True


cdef bint _start_term(Reader *r, int element) noexcept:
    cdef int barrier = _element_at(r, r.top.barrier)
    if barrier == _DD or barrier == _DT:
        _pop_to(r, r.top.barrier)
    _close_paragraph(r)
    return True


cdef bint _start_link(Reader *r, int element) noexcept:
    _end_formatting(r, element)
    return True


cdef bint _start_button(Reader *r, int element) noexcept:
    if r.last[element] > r.top.scope:
        _pop_to(r, r.last[element])
    return True


cdef bint _start_select(Reader *r, int element) noexcept:
    if not _in_select(r):
        return True
    _pop_to(r, r.last[element])
    return False


cdef bint _start_option(Reader *r, int element) noexcept:
    if _in_select(r):
        _pop_implied(r, _OPTGROUP)
    elif r.top.element == _OPTION:
        _pop_to(r, r.depth - 1)
    return True


cdef bint _start_option_group(Reader *r, int element) noexcept:
    if not _in_select(r):
        return _start_option(r, element)
    _pop_implied(r, 0)
    return True


cdef bint _start_input(Reader *r, int element) noexcept:
    if _in_select(r):
        _pop_to(r, r.last[_SELECT])
    return True


cdef bint _start_ruby_base(Reader *r, int element) noexcept:
    if r.last[_RUBY] > r.top.scope:
        _pop_implied(r, 0)
    return True


cdef bint _start_ruby_text(Reader *r, int element) noexcept:
    if r.last[_RUBY] > r.top.scope:
        _pop_implied(r, _RTC)
    return True


cdef bint _start_table(Reader *r, int element) noexcept:
    """A table outside the cells of another ends that."""
    cdef int place = r.top.table
    if _element_at(r, place) == _TABLE and max(r.last[_TD], r.last[_TH], r.last[_CAPTION]) < place:
        _pop_to(r, place)
    else:
        _close_paragraph(r)
    return True


cdef bint _clear_to(Reader *r, int parent) noexcept:
    """Clear the stack back to the table or the nearest of its parts that takes the tag."""
    if r.top.table < 0:
        return False
    _pop_to(r, max(<int> r.top.table, parent) + 1)
    return True


cdef bint _start_cell(Reader *r, int element) noexcept:
    return _clear_to(r, max(<int> r.last[_TR], _last_rows(r)))


cdef bint _start_row(Reader *r, int element) noexcept:
    return _clear_to(r, _last_rows(r))


cdef bint _start_rows(Reader *r, int element) noexcept:
    return _clear_to(r, -1)


cdef bint _start_column(Reader *r, int element) noexcept:
    return _clear_to(r, r.last[_COLGROUP])


cdef bint _start_form(Reader *r, int element) noexcept:
    return r.last[element] <= r.last[_TEMPLATE]


cdef bint _start_ignored(Reader *r, int element) noexcept:
    return False


cdef StartRule[32] _starts
for _number in range(32):
    _starts[_number] = _start_any
_starts[<int> Rule.BLOCK] = _start_block
_starts[<int> Rule.HEADING] = _start_heading
_starts[<int> Rule.ITEM] = _start_item
_starts[<int> Rule.TERM] = _start_term
_starts[<int> Rule.LINK] = _start_link
_starts[<int> Rule.BUTTON] = _start_button
_starts[<int> Rule.SELECT] = _start_select
_starts[<int> Rule.OPTION] = _start_option
_starts[<int> Rule.OPTION_GROUP] = _start_option_group
_starts[<int> Rule.INPUT] = _start_input
_starts[<int> Rule.RUBY_BASE] = _start_ruby_base
_starts[<int> Rule.RUBY_TEXT] = _start_ruby_text
_starts[<int> Rule.TABLE] = _start_table
_starts[<int> Rule.CELL] = _start_cell
_starts[<int> Rule.ROW] = _start_row
_starts[<int> Rule.ROWS] = _start_rows
_starts[<int> Rule.COLUMN] = _start_column
_starts[<int> Rule.FORM] = _start_form
_starts[<int> Rule.HEAD] = _start_ignored
_starts[<int> Rule.FRAME] = _start_ignored

# End tags.


cdef void _end_any(Reader *r, int element) noexcept:
    if r.last[element] >= 0 and r.last[element] >= r.top.special:
        _pop_to(r, r.last[element])


cdef void _end_scoped(Reader *r, int element) noexcept:
    if r.last[element] >= 0 and r.last[element] >= r.top.scope:
        _pop_to(r, r.last[element])


cdef void _end_paragraph(Reader *r, int element) noexcept:
    _close_paragraph(r)
    r.breaks = True


cdef void _end_item(Reader *r, int element) noexcept:
    if r.last[element] > r.top.list:
        _pop_to(r, r.last[element])


cdef void _end_heading(Reader *r, int element) noexcept:
    cdef int n, place = -1
    for n in range(6):
        place = max(place, <int> r.last[_headings[n]])
    if place > r.top.scope:
        _pop_to(r, place)


cdef void _end_formatting(Reader *r, int element) noexcept:
    """Close a formatting element; blocks that were opened in it stay open."""
    cdef int place = r.last[element]
    if place > r.top.special:
        _pop_to(r, place)
    elif place > r.top.scope:
        _remove(r, place)


cdef void _end_form(Reader *r, int element) noexcept:
    cdef int place = r.last[element]
    if place > r.top.scope:
        _pop_implied(r, 0)
        if place == r.depth - 1:
            _pop_to(r, place)
        else:
            _remove(r, place)


cdef void _end_table(Reader *r, int element) noexcept:
    if r.last[element] >= 0 and r.last[element] >= r.top.table:
        _pop_to(r, r.last[element])


cdef void _end_template(Reader *r, int element) noexcept:
    if r.last[element] >= 0:
        _pop_to(r, r.last[element])


cdef void _end_break(Reader *r, int element) noexcept:
    r.breaks = True


cdef void _end_ignored(Reader *r, int element) noexcept:
    pass


cdef EndRule[16] _end_rules
_end_rules[<int> End.ANY] = _end_any
_end_rules[<int> End.SCOPED] = _end_scoped
_end_rules[<int> End.PARAGRAPH] = _end_paragraph
_end_rules[<int> End.ITEM] = _end_item
_end_rules[<int> End.HEADING] = _end_heading
_end_rules[<int> End.FORMATTING] = _end_formatting
_end_rules[<int> End.FORM] = _end_form
_end_rules[<int> End.TABLE] = _end_table
_end_rules[<int> End.TEMPLATE] = _end_template
_end_rules[<int> End.BREAK] = _end_break
_end_rules[<int> End.HEAD] = _end_ignored
_end_rules[<int> End.IGNORED] = _end_ignored
