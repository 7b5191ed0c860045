# Flags that attributes give an element: `words.py` again.

cdef enum Mark:
    CLASS = 1, ID = 2, STYLE = 4, HIDDEN = 8, ARIA_HIDDEN = 16, ARIA_MODAL = 32, ROLE = 64, ITEMPROP = 128

cdef unsigned int _HIDDEN = _flags.HIDDEN, _ARIA_HIDDEN = _flags.ARIA_HIDDEN, _DIALOG = _flags.DIALOG

cdef struct Spelling:
    const unsigned char *letters
    int size
    unsigned int flags
    int next  # of those with the same first letter; 0 if none

cdef enum:
    SPELLINGS = 128

cdef Spelling[SPELLINGS] _spellings
cdef int[256] _by_letter
cdef int _spelling_count = 1
cdef list _kept = []  # the bytes that spellings point into


cdef int _add_spelling(bytes letters, unsigned int flags, int next) except -1:
    """Number of a new spelling."""
    global _spelling_count
    _kept.append(letters)
    if _spelling_count == SPELLINGS:
        raise ValueError("too many words")
    _spellings[_spelling_count] = Spelling(letters, len(letters), flags, next)
    _spelling_count += 1
    return _spelling_count - 1


cdef int _add_table(dict table) except -1:
    """Number of the first spelling of a table."""
    cdef int next = 0
    for letters, flags in reversed(table.items()):
        next = _add_spelling(letters, flags, next)
    return next


for _letters, _bits in reversed(_flags.OF_WORD.items()):
    _by_letter[_letters[0]] = _add_spelling(_letters, _bits, _by_letter[_letters[0]])

cdef int _roles = _add_table(_flags.OF_ROLE), _itemprops = _add_table(_flags.OF_ITEMPROP)
cdef int _unmarked = _add_table(dict.fromkeys(_flags.UNMARKED, 1))


cdef inline int _kind_of_mark(const unsigned char *name, int size) noexcept:
    """What an attribute of this name says about flags, 0 if nothing."""
    if size == 5:
        return CLASS if _matches(name, b"class", 5) else STYLE if _matches(name, b"style", 5) else 0
    if size == 2:
        return ID if _matches(name, b"id", 2) else 0
    if size == 4:
        return ROLE if _matches(name, b"role", 4) else 0
    if size == 6:
        return HIDDEN if _matches(name, b"hidden", 6) else 0
    if size == 8:
        return ITEMPROP if _matches(name, b"itemprop", 8) else 0
    if size == 10:
        return ARIA_MODAL if _matches(name, b"aria-modal", 10) else 0
    return ARIA_HIDDEN if size == 11 and _matches(name, b"aria-hidden", 11) else 0


cdef inline bint _is_alnum(unsigned char byte) noexcept:
    return _is_letter[byte] or c'0' <= byte <= c'9'


cdef inline bint _is_value(const unsigned char *text, int size, const unsigned char *letters, int length) noexcept:
    return size == length and _matches(text, letters, length)


cdef unsigned int _in_table(int number, const unsigned char *text, int size) noexcept:
    """Flags of a value in the table whose first spelling has this number."""
    while number:
        if _is_value(text, size, _spellings[number].letters, _spellings[number].size):
            return _spellings[number].flags
        number = _spellings[number].next
    return 0


cdef int _spelled(const unsigned char *text, int size, Spelling *spelling) noexcept:
    """How much of `text` the spelling takes at its beginning, 0 if it does not fit."""
    cdef int n, at = 0, most
    for n in range(spelling.size):
        if spelling.letters[n] == c'-':
            most = min(at + 3, size)
            while at < most and (text[at] == c'-' or text[at] == c'_'):
                at += 1
        elif at < size and _lower[text[at]] == spelling.letters[n]:
            at += 1
        else:
            return 0
    return at


cdef int _word(const unsigned char *text, int size, unsigned int *found) noexcept:
    """Note the flags of the word at the beginning of `text`; how long it is, 1 if it is none that tells."""
    cdef int number = _by_letter[_lower[text[0]]], taken
    while number:
        taken = _spelled(text, size, &_spellings[number])
        if taken:
            found[0] |= _spellings[number].flags
            return taken
        number = _spellings[number].next
    return 1


cdef inline bint _begins_word(const unsigned char *text, int at) noexcept:
    if at == 0 or not _is_alnum(text[at - 1]):
        return True
    return c'A' <= text[at] <= c'Z' and not c'A' <= text[at - 1] <= c'Z'


cdef unsigned int _of_words(const unsigned char *text, int size) noexcept:
    """Flags of the words in a `class` or `id`, but those of parts that begin with one of `flags.UNMARKED`."""
    cdef unsigned int found = 0
    cdef int at = 0, end
    while at < size:
        while at < size and _is_space[text[at]]:
            at += 1
        end = at
        while end < size and _is_alnum(text[end]):
            end += 1
        if end - at <= 8 and _in_table(_unmarked, text + at, end - at):
            while at < size and not _is_space[text[at]]:
                at += 1
            continue
        while at < size and not _is_space[text[at]]:
            if _by_letter[_lower[text[at]]] and _begins_word(text, at):
                at += _word(text + at, size - at, &found)
            else:
                at += 1
    return found


cdef bint _declares(const unsigned char *text, int size, const unsigned char *name, int length, const unsigned char *value, int width) noexcept:
    """Whether a style begins with this property and value."""
    cdef int at = length
    if size < length + width + 1 or not _matches(text, name, length):
        return False
    while at < size and _is_space[text[at]]:
        at += 1
    if at == size or text[at] != c':':
        return False
    at += 1
    while at < size and _is_space[text[at]]:
        at += 1
    return size - at >= width and _matches(text + at, value, width)


cdef unsigned int _of_style(const unsigned char *text, int size) noexcept:
    cdef int at
    for at in range(size):
        if _lower[text[at]] != c'd' and _lower[text[at]] != c'v':
            continue
        if at and (_is_letter[text[at - 1]] or text[at - 1] == c'-'):
            continue
        if _declares(text + at, size - at, b"display", 7, b"none", 4):
            return _HIDDEN
        if _declares(text + at, size - at, b"visibility", 10, b"hidden", 6):
            return _HIDDEN
    return 0


cdef unsigned int _of_value(int mark, const unsigned char *text, int size) noexcept:
    """Flags of the value of an attribute of this kind."""
    if mark == CLASS or mark == ID:
        return _of_words(text, size)
    if mark == STYLE:
        return _of_style(text, size)
    if mark == HIDDEN:
        return 0 if _is_value(text, size, b"until-found", 11) else _HIDDEN
    if mark == ARIA_HIDDEN:
        return _ARIA_HIDDEN if _is_value(text, size, b"true", 4) else 0
    if mark == ARIA_MODAL:
        return _DIALOG if _is_value(text, size, b"true", 4) else 0
    return _in_table(_roles if mark == ROLE else _itemprops, text, size)


cdef unsigned int _read_flags(Reader *r, Tag *tag) noexcept:
    """Flags of an element with these attributes; the first of two with one name counts."""
    cdef unsigned int found = 0
    cdef int n, mark, left = tag.marks
    cdef Attribute *attribute = r.attributes + tag.first
    for n in range(tag.attributes):
        if not left:
            break
        mark = _kind_of_mark(r.text + attribute.name, attribute.name_size)
        if mark & left:
            found |= _of_value(mark, r.text + attribute.value, attribute.value_size)
            left &= ~mark
        attribute += 1
    return found
