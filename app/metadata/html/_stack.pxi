# The stack of open elements (13.2.4.2): `stack.py` again.

cdef enum:
    NO_INTEGRATION = 0, TEXT_POINT = 1, HTML_POINT = 2, SVG_POINT = 3
    IN_HTML = 0, IN_SVG = 1, IN_MATH = 2

cdef int _BLOCK = Trait.BLOCK, _SPECIAL = Trait.SPECIAL, _SCOPE = Trait.SCOPE, _BUTTON_SCOPE = Trait.BUTTON_SCOPE
cdef int _LIST_SCOPE = Trait.LIST_SCOPE, _TABLE_SCOPE = Trait.TABLE_SCOPE, _BARRIER = Trait.BARRIER
cdef int _IMPLIED_END = Trait.IMPLIED_END, _BREAKOUT = Trait.BREAKOUT, _HEAD_CONTENT = Trait.HEAD_CONTENT
cdef int _NOSCRIPT_CONTENT = Trait.NOSCRIPT_CONTENT, _NO_FRAMESET = Trait.NO_FRAMESET
cdef int _HTML_INTEGRATION = Trait.HTML_INTEGRATION, _TEXT_INTEGRATION = Trait.TEXT_INTEGRATION
cdef int _WHOLE_PAGE = Trait.WHOLE_PAGE
cdef int _POINT_TRAITS = _SCOPE | _BUTTON_SCOPE | _LIST_SCOPE | _BARRIER | _SPECIAL

cdef Open _EMPTY = Open(-1, 0, 0, 0, 0, -1, -1, -1, -1, -1, -1, -1, -1, -1)


cdef void _push(Reader *r, int row, int element, int traits, int namespace, int integration) noexcept:
    """Open an element, if the stack is not too deep."""
    cdef int place = r.depth
    cdef Open *top = &r.top
    if place == DEPTH:
        return
    top.row = row
    top.element = element
    top.traits = traits
    top.namespace = namespace
    top.integration = integration
    top.before = r.last[element]
    if traits & _SCOPE:
        top.scope = place
    if traits & _BUTTON_SCOPE:
        top.button = place
    if traits & _LIST_SCOPE:
        top.list = place
    if traits & _TABLE_SCOPE:
        top.table = place
    if traits & _BARRIER:
        top.barrier = place
    if traits & _SPECIAL:
        top.special = place
    if namespace == IN_HTML:
        top.html = place
    if namespace == IN_HTML or integration == TEXT_POINT or integration == HTML_POINT:
        top.takes_html = place
    r.stack[place] = top[0]
    r.last[element] = place
    r.depth += 1


cdef inline void _close(Reader *r, Open *closed) noexcept:
    r.rows[closed.row].end_of = r.size
    r.last[closed.element] = closed.before
    if closed.traits & _BLOCK:
        r.breaks = True


cdef void _pop_to(Reader *r, int place) noexcept:
    """Close the elements from `place` on."""
    while r.depth > place:
        r.depth -= 1
        if r.stack[r.depth].element:
            _close(r, &r.stack[r.depth])
    r.top = r.stack[r.depth - 1] if r.depth else _EMPTY


cdef void _remove(Reader *r, int place) noexcept:
    """Close an element alone: those above it stay open (13.2.6.4.7, adoption agency)."""
    _close(r, &r.stack[place])
    r.stack[place].element = 0
    r.top = r.stack[r.depth - 1]


cdef void _pop_implied(Reader *r, int kept) noexcept:
    """Generate implied end tags (13.2.6.3), but for the element `kept`."""
    cdef int place = r.depth
    while place and r.stack[place - 1].traits & _IMPLIED_END and r.stack[place - 1].element != kept:
        place -= 1
    _pop_to(r, place)


cdef inline int _element_at(Reader *r, int place) noexcept:
    """Number of the element at a place, 0 below the first."""
    return r.stack[place].element if place >= 0 else 0
