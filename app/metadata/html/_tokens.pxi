# Tags, comments and raw text: the tokenizer states of the HTML standard (13.2.5).

cdef bint[256] _is_space
cdef bint[256] _is_letter
cdef bint[256] _ends_name  # of a tag
cdef bint[256] _ends_attribute  # the name of one
cdef bint[256] _ends_bare  # a value without quotes
cdef unsigned char[256] _lower

for _byte in range(256):
    _is_space[_byte] = _byte in b"\t\n\f\r "
    _is_letter[_byte] = bytes((_byte,)).isalpha()
    _ends_name[_byte] = _byte in b"\t\n\f\r />"
    _ends_attribute[_byte] = _byte in b"\t\n\f\r />="
    _ends_bare[_byte] = _byte in b"\t\n\f\r >"
    _lower[_byte] = bytes((_byte,)).lower()[0]

# Names of elements are hashed with a factor that no page can know: none can make its names collide.
cdef unsigned int _FACTOR = int.from_bytes(os.urandom(4), "little") | 1
cdef unsigned short[SLOTS] _known_slots
cdef list _known_names = [name.encode() for name in NAMES]
ctypedef const unsigned char *Letters
cdef Letters[256] _known_letters
cdef int[256] _known_sizes


cdef inline unsigned int _slot(unsigned int sum) noexcept:
    return (sum ^ sum >> 15) & (SLOTS - 1)


cdef unsigned int _hash(const unsigned char *name, int size) noexcept:
    cdef unsigned int sum = 0
    cdef int n
    for n in range(size):
        sum = (sum + _lower[name[n]]) * _FACTOR
    return sum


for _number in range(1, FIRST_UNKNOWN):
    _known_letters[_number] = <bytes> _known_names[_number]
    _known_sizes[_number] = len(_known_names[_number])
    _at = _slot(_hash(_known_letters[_number], _known_sizes[_number]))
    while _known_slots[_at]:
        _at = (_at + 1) % SLOTS
    _known_slots[_at] = _number


cdef list _usual_names = [None] * 128


cdef inline int _slot_of_name(const unsigned char *name, int size) noexcept:
    return (name[0] + 2 * name[size - 1] + 10 * size) & 127


for _name in (
    "property", "content", "name", "rel", "href", "type", "media", "id", "class", "sizes", "lang", "itemprop",
    "http-equiv", "title", "as", "crossorigin", "hreflang", "datetime", "src", "alt", "width", "height", "style", "target",
):
    _usual_names[_slot_of_name(_name.encode(), len(_name))] = _name


cdef inline int _find(Reader *r, unsigned char byte, int at) noexcept:
    """Where `byte` stands from `at` on; the size if nowhere."""
    cdef const void *found = NULL
    if at < r.length:
        found = memchr(r.text + at, byte, r.length - at)
    return r.length if found is NULL else <int> (<const unsigned char *> found - r.text)


cdef inline bint _is_at(Reader *r, int at, const char *letters, int size) noexcept:
    """Whether `letters` stand at `at` as they are."""
    return at + size <= r.length and memcmp(r.text + at, letters, size) == 0


cdef inline bint _matches(const unsigned char *text, const unsigned char *letters, int size) noexcept:
    """Whether `text` is `letters`, which are small, in any case."""
    cdef int n
    for n in range(size):
        if _lower[text[n]] != letters[n]:
            return False
    return True


cdef inline int _name_size(Reader *r, int at) noexcept:
    cdef int end = at
    while end < r.length and not _ends_name[r.text[end]]:
        end += 1
    return end - at


cdef inline bint _is_named(Reader *r, int number, const unsigned char *name, int size) noexcept:
    """Whether an element's number stands for this name."""
    cdef int n
    cdef const unsigned char *other
    if number < _FIRST_UNKNOWN:
        return _known_sizes[number] == size and _matches(name, _known_letters[number], size)
    if r.unknown_size[number - _FIRST_UNKNOWN] != size:
        return False
    other = r.text + r.unknown_name[number - _FIRST_UNKNOWN]
    for n in range(size):
        if _lower[name[n]] != _lower[other[n]]:
            return False
    return True


cdef int _number_of(Reader *r, int name, int size) noexcept:
    """Number of the element with this name, a new one if need be."""
    cdef unsigned int at = _slot(_hash(r.text + name, size))
    while r.slots[at]:
        if _is_named(r, r.slots[at], r.text + name, size):
            return r.slots[at]
        at = (at + 1) % SLOTS
    if r.unknown_count == UNKNOWN:
        return _LAST_NAME
    r.unknown_name[r.unknown_count] = name
    r.unknown_size[r.unknown_count] = size
    r.slots[at] = _FIRST_UNKNOWN + r.unknown_count
    r.unknown_count += 1
    return r.slots[at]


cdef int _find_unknown(Reader *r, const unsigned char *name, int size) noexcept:
    """Number of an unknown element of the page, 0 without any."""
    cdef int n
    for n in range(r.unknown_count):
        if _is_named(r, _FIRST_UNKNOWN + n, name, size):
            return _FIRST_UNKNOWN + n
    return 0


cdef Attribute *_find_attribute(Reader *r, Row *row, const unsigned char *name, int size) noexcept:
    """The first attribute of this name, which is in small letters."""
    cdef Attribute *attribute = r.attributes + row.attribute
    cdef int n
    for n in range(row.attributes):
        if attribute.name_size == size and _matches(r.text + attribute.name, name, size):
            return attribute
        attribute += 1
    return NULL


cdef inline int _skip_spaces(Reader *r, int at) noexcept:
    while at < r.length and _is_space[r.text[at]]:
        at += 1
    return at


cdef inline bint _keep_attribute(Reader *r, Tag *tag, Attribute *attribute) noexcept:
    """Note an attribute of a start tag; whether there is memory for it."""
    cdef Attribute *grown
    if tag.attributes == _MAX_ATTRIBUTES:
        return True
    if r.attribute_count == r.attribute_capacity:
        grown = <Attribute *> realloc(r.attributes, 2 * r.attribute_capacity * sizeof(Attribute))
        if grown is NULL:
            return False
        r.attributes = grown
        r.attribute_capacity *= 2
    r.attributes[r.attribute_count] = attribute[0]
    r.attribute_count += 1
    tag.attributes += 1
    tag.marks |= _kind_of_mark(r.text + attribute.name, attribute.name_size)
    return True


cdef int _read_value(Reader *r, Attribute *attribute, int at) noexcept:
    """Read the value that begins at `at`; where it ends with its quote, the size at EOF (13.2.5.35 to 38)."""
    cdef unsigned char quote
    at = _skip_spaces(r, at)
    if at == r.length:
        return at
    quote = r.text[at]
    if quote == c'"' or quote == c"'":
        attribute.value = at + 1
        at = _find(r, quote, at + 1)
        attribute.value_size = at - attribute.value
        return min(at + 1, r.length)
    attribute.value = at
    while at < r.length and not _ends_bare[r.text[at]]:
        at += 1
    attribute.value_size = at - attribute.value
    return at


cdef bint _read_attributes(Reader *r, Tag *tag, int at) noexcept:
    """Read the attributes from `at` on (13.2.5.32 to 40); whether the tag ends, and there is memory."""
    cdef Attribute attribute
    cdef int spaces
    while True:
        spaces = at
        while at < r.length and (_is_space[r.text[at]] or r.text[at] == c'/'):
            at += 1
        if at >= r.length:
            return False
        if r.text[at] == c'>':
            tag.is_self_closing = at > spaces and r.text[at - 1] == c'/'
            tag.end = at + 1
            return True
        attribute.name = attribute.value = at
        attribute.value_size = 0
        at += 1  # it may begin with "="
        while at < r.length and not _ends_attribute[r.text[at]]:
            at += 1
        attribute.name_size = at - attribute.name
        spaces = _skip_spaces(r, at)
        if spaces < r.length and r.text[spaces] == c'=':
            at = _read_value(r, &attribute, spaces + 1)
        if not tag.is_end and not _keep_attribute(r, tag, &attribute):
            r.has_failed = True
            return False


cdef bint _read_tag(Reader *r, Tag *tag, int at) noexcept:
    """Read the tag that begins at `at`, where a letter follows "<" or "</"; whether it ends."""
    tag.start = at
    tag.is_end = r.text[at + 1] == c'/'
    tag.is_self_closing = False
    tag.name = at + 1 + tag.is_end
    tag.name_size = _name_size(r, tag.name)
    tag.first = r.attribute_count
    tag.attributes = tag.marks = 0
    if not _read_attributes(r, tag, tag.name + tag.name_size):
        return False
    tag.element = _number_of(r, tag.name, tag.name_size)
    return True


cdef int _after(Reader *r, const char *letters, int size, int at) noexcept:
    """Position after the next `letters` from `at` on; the size without any."""
    at = _find(r, letters[0], at)
    while at < r.length and not _is_at(r, at, letters, size):
        at = _find(r, letters[0], at + 1)
    return min(at + size, r.length)


cdef int _after_comment(Reader *r, int at) noexcept:
    """13.2.5.43 to 52: "<!-->" and "<!--->" are whole comments, and "--!>" ends one, too."""
    at += 4
    if _is_at(r, at, ">", 1):
        return at + 1
    if _is_at(r, at, "->", 2):
        return at + 2
    at = _find(r, c'-', at)
    while at < r.length:
        if _is_at(r, at, "-->", 3):
            return at + 3
        if _is_at(r, at, "--!>", 4):
            return at + 4
        at = _find(r, c'-', at + 1)
    return r.length


cdef inline bint _is_end_of_name(Reader *r, int at) noexcept:
    return at < r.length and _ends_name[r.text[at]]


cdef inline bint _is_name(Reader *r, int at, const unsigned char *name, int size) noexcept:
    """Whether a tag's name stands at `at`."""
    return at + size < r.length and _matches(r.text + at, name, size) and _ends_name[r.text[at + size]]


cdef int _raw_end(Reader *r, int at, const unsigned char *name, int size) noexcept:
    """Where an end tag of this name begins from `at` on; the size without any."""
    at = _find(r, c'<', at)
    while at + 1 < r.length and not (r.text[at + 1] == c'/' and _is_name(r, at + 2, name, size)):
        at = _find(r, c'<', at + 1)
    return at if at + 1 < r.length else r.length


cdef int _script_end(Reader *r, int at) noexcept:
    """13.2.5.15 to 31: within "<!--" a script in the script hides an end tag."""
    cdef int depth = 0
    while True:
        if depth == 0:
            at = _find(r, c'<', at)
        else:
            while at < r.length and r.text[at] != c'<' and r.text[at] != c'-':
                at += 1
        if at >= r.length:
            return r.length
        if r.text[at] == c'-':
            if _is_at(r, at, "-->", 3):
                depth = 0
        elif _is_at(r, at, "</", 2) and _is_name(r, at + 2, b"script", 6):
            if depth < 2:
                return at
            depth = 1
        elif depth == 0 and _is_at(r, at, "<!--", 4):
            depth = 1
            at += 1  # the dashes may be those that end it
        elif depth == 1 and _is_name(r, at + 1, b"script", 6):
            depth = 2
        at += 1
