# Flags that attributes give an element: `words.py` again.

cdef enum Mark:
    CLASS = 1, ID = 2, STYLE = 4, HIDDEN = 8, ARIA_HIDDEN = 16, ARIA_MODAL = 32, ROLE = 64, ITEMPROP = 128

cdef unsigned int _HIDDEN = _flags.HIDDEN, _ARIA_HIDDEN = _flags.ARIA_HIDDEN, _DIALOG = _flags.DIALOG

cdef bytes _streamed_letters = _flags.STREAMED
cdef const unsigned char *_streamed = _streamed_letters
assert len(_streamed_letters) == 2

cdef struct Spelling:
    const unsigned char *letters
    int size
    unsigned int flags
    int next  # of those in the same place; 0 if none

cdef enum:
    SPELLINGS = 128

cdef Spelling[SPELLINGS] _spellings
cdef short[32768] _by_letters  # the first of those that begin with the same three letters
cdef bint[256] _begins_spelling
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




cdef inline int _slot_of_letters(const unsigned char *text) noexcept:
    return (text[0] & 31) << 10 | (text[1] & 31) << 5 | (text[2] & 31)


cdef int _load_words() except -1:
    """Enter the spellings of `flags.OF_WORD`, where a dash may be among the first three letters."""
    cdef bytes letters, beginning
    cdef int slot
    for letters, bits in reversed(_flags.OF_WORD.items()):
        for beginning in {letters[:3], letters[:3].replace(b"-", b"_"), letters.replace(b"-", b"")[:3]}:
            slot = _slot_of_letters(beginning)
            _by_letters[slot] = _add_spelling(letters, bits, _by_letters[slot])
        _begins_spelling[letters[0]] = _begins_spelling[letters.upper()[0]] = True


_load_words()
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
    """How much of `text` a word at its beginning takes, with its flags; 0 if no word does."""
    cdef int number = _by_letters[_slot_of_letters(text)], taken
    while number:
        taken = _spelled(text, size, &_spellings[number])
        if taken:
            found[0] = _spellings[number].flags
            return taken
        number = _spellings[number].next
    return 0


cdef inline bint _begins_word(const unsigned char *text, int at) noexcept:
    if at == 0 or not _is_alnum(text[at - 1]):
        return True
    return c'A' <= text[at] <= c'Z' and not c'A' <= text[at - 1] <= c'Z'


cdef inline bint _is_unmarked(const unsigned char *text, int size) noexcept:
    """Whether a part of a class begins with one of `flags.UNMARKED`."""
    cdef int end = 0
    while end < size and end < 9 and _is_alnum(text[end]):
        end += 1
    return _in_table(_unmarked, text, end) != 0


cdef unsigned int _of_words(const unsigned char *text, int size) noexcept:
    """Flags of the words in a `class` or `id`, but those of parts that begin with one of `flags.UNMARKED`."""
    cdef unsigned int found = 0, bits = 0
    cdef int at = 0, part = 0, seen = 0, taken
    while at + 3 < size:
        taken = 0
        if _begins_spelling[text[at]] and _begins_word(text, at):
            taken = _word(text + at, size - at, &bits)
        if not taken:
            at += 1
            continue
        while seen < at:
            if _is_space[text[seen]]:
                part = seen + 1
            seen += 1
        if _is_unmarked(text + part, size - part):
            while at < size and not _is_space[text[at]]:
                at += 1
        else:
            found |= bits
            at += taken
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
    cdef bint is_streamed = False
    cdef Attribute *attribute = r.attributes + tag.first
    for n in range(tag.attributes):
        if not left:
            break
        mark = _kind_of_mark(r.text + attribute.name, attribute.name_size)
        if mark & left:
            found |= _of_value(mark, r.text + attribute.value, attribute.value_size)
            left &= ~mark
            if mark == ID:
                is_streamed = attribute.value_size >= 2 and memcmp(r.text + attribute.value, _streamed, 2) == 0
        attribute += 1
    return found & ~_HIDDEN if is_streamed and tag.marks & HIDDEN else found
