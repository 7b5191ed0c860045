# References that end with a semicolon, which text and attributes decode alike; `references.py` decodes all others.

cdef dict _named = {
    name.encode(): character.encode()
    for name, character in html5.items()
    if name.endswith(";") and len(character.encode()) <= len(name)
}


cdef inline int _digit(unsigned char byte, int base) noexcept:
    """Value of a digit, -1 if it is none."""
    if c'0' <= byte <= c'9':
        return byte - c'0'
    if base == 16 and c'a' <= byte | 32 <= c'f':
        return (byte | 32) - c'a' + 10
    return -1


cdef int _numbered(const unsigned char *text, Py_ssize_t size, unsigned char *out, int *written) noexcept:
    """Decode the plain numeric reference at the beginning of `text`; how long it is, 0 if it is another."""
    cdef int base = 10, at = 2, code = 0, first
    if size > 2 and text[2] | 32 == c'x':
        base, at = 16, 3
    first = at
    while at < size and at < first + 6 and _digit(text[at], base) >= 0:
        code = code * base + _digit(text[at], base)
        at += 1
    if at == first or at == size or text[at] != c';' or code > 0x10FFFF:
        return 0
    if code < 0x20 or 0x7F <= code < 0xA0 or 0xD800 <= code < 0xE000:
        return 0
    written[0] = _put(code, out)
    return at + 1


cdef int _put(int code, unsigned char *out) noexcept:
    """Write a character in UTF-8; how many bytes it takes."""
    if code < 0x80:
        out[0] = code
        return 1
    if code < 0x800:
        out[0], out[1] = 0xC0 | code >> 6, 0x80 | code & 63
        return 2
    if code < 0x10000:
        out[0], out[1], out[2] = 0xE0 | code >> 12, 0x80 | code >> 6 & 63, 0x80 | code & 63
        return 3
    out[0], out[1] = 0xF0 | code >> 18, 0x80 | code >> 12 & 63
    out[2], out[3] = 0x80 | code >> 6 & 63, 0x80 | code & 63
    return 4


cdef int _named_reference(const unsigned char *text, Py_ssize_t size, unsigned char *out, int *written) except -1:
    """Decode the named reference at the beginning of `text`; how long it is, 0 if it is another."""
    cdef int at = 1
    cdef bytes character
    while at < size and at < 33 and _is_alnum(text[at]):
        at += 1
    if at == size or text[at] != c';':
        return 0
    character = _named.get(text[1:at + 1])
    if character is None:
        return 0
    written[0] = <int> len(character)
    memcpy(out, <const unsigned char *> character, written[0])
    return at + 1


cdef str _decode_plain(const unsigned char *text, Py_ssize_t size):
    """Text with its references decoded, None if one is not plain."""
    cdef unsigned char *out = <unsigned char *> malloc(size)
    if out is NULL:
        raise MemoryError
    try:
        size = _write_plain(text, size, out)
        return None if size < 0 else PyUnicode_DecodeUTF8(<const char *> out, size, "replace")
    finally:
        free(out)


cdef Py_ssize_t _write_plain(const unsigned char *text, Py_ssize_t size, unsigned char *out) except -2:
    """Write text with its references decoded, which is never longer; how much it is, -1 if one is not plain."""
    cdef Py_ssize_t at = 0, length = 0, plain
    cdef int taken, written
    cdef const void *found
    while at < size:
        found = memchr(text + at, c'&', size - at)
        plain = size if found is NULL else <const unsigned char *> found - text
        memcpy(out + length, text + at, plain - at)
        length += plain - at
        at = plain
        if at == size:
            break
        written = taken = 1
        if at + 1 < size and text[at + 1] == c'#':
            taken = _numbered(text + at, size - at, out + length, &written)
        elif at + 1 < size and _is_alnum(text[at + 1]):
            taken = _named_reference(text + at, size - at, out + length, &written)
        else:
            out[length] = c'&'
        if not taken:
            return -1
        at += taken
        length += written
    return length
