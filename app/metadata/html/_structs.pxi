# What the compiled reader keeps of a page, and the tables of `elements.py` and `flags.py` as numbers of C.

cdef enum:
    SLOTS = 4096
    NUMBERS = 4096
    DEPTH = 512
    UNKNOWN = 1000

cdef struct Row:
    int start, end, parent, end_of
    int attribute  # the first of its attributes
    int next  # the next row of the same element
    unsigned int flags
    unsigned short element
    unsigned char kind, attributes

cdef struct Attribute:
    int name, name_size, value, value_size

cdef struct Open:
    int row
    unsigned short element, traits
    short namespace, integration, before, scope, button, list, table, barrier, special, html, takes_html

cdef struct Tag:
    int start, end, name, name_size, first
    int element, attributes
    unsigned int marks
    bint is_end, is_self_closing

cdef struct Reader:
    const unsigned char *text
    int length
    Row *rows
    int size, capacity
    Attribute *attributes
    int attribute_count, attribute_capacity
    int body, mode, depth, unknown_count
    bint is_cut, has_failed, may_be_frameset, has_headline, has_article_body, breaks, left_noscript
    Open top
    Open stack[DEPTH]
    short last[NUMBERS]
    int heads[NUMBERS]
    unsigned short slots[SLOTS]
    int unknown_name[UNKNOWN]
    int unknown_size[UNKNOWN]

cdef int _START = START, _TEXT = TEXT, _BLANK = BLANK, _RAW = RAW, _VERBATIM = VERBATIM
cdef int _FOREIGN = FOREIGN_NAME, _FIRST_UNKNOWN = FIRST_UNKNOWN, _LAST_NAME = LAST_NAME
cdef int _MAX_ROWS = MAX_ROWS, _MAX_ATTRIBUTES = MAX_ATTRIBUTES
cdef unsigned int _AFTER_BLOCK = _flags.AFTER_BLOCK, _INERT = _flags.INERT, _ARTICLE_BODY = _flags.ARTICLE_BODY

assert MAX_DEPTH == DEPTH and MAX_UNKNOWN == UNKNOWN and 2 * FOREIGN_NAME == NUMBERS and LAST_NAME < FOREIGN_NAME

cdef unsigned char[2048] _content
cdef unsigned char[2048] _rules
cdef unsigned char[2048] _ends
cdef unsigned short[2048] _traits
cdef unsigned int[2048] _of_element
cdef unsigned int[2048] _of_page

for _number in range(FIRST_UNKNOWN):
    _content[_number] = CONTENT[_number]
    _rules[_number] = RULES[_number]
    _ends[_number] = ENDS[_number]
    _traits[_number] = TRAITS[_number]
for _name, _bits in _flags.OF_ELEMENT.items():
    _of_element[IDS[_name]] = _bits
for _name, _bits in _flags.OF_PAGE.items():
    _of_page[IDS[_name]] = _bits
