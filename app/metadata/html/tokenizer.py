"""Tags, comments and raw text in markup: the tokenizer states of the HTML standard (13.2.5) as patterns.

Rule 1: every pattern is possessive, so that each is linear and reads each byte at most once.
Rule 2: a tag that the markup ends in is none.
"""

from __future__ import annotations

import re

from app.metadata.html.elements import Content

MAX_ATTRIBUTES = 100
"""Attributes kept of one tag; the rest is passed over."""

SPACES = b"\t\n\f\r "

_SPACE = rb"[\t\n\f\r ]*+"
_VALUE = rb"""(?:"([^"]*+)"|'([^']*+)'|(?!["'])([^\t\n\f\r >]*+))"""
_ATTRIBUTE = rb"([^\t\n\f\r />][^\t\n\f\r />=]*+)(?:%b=%b%b|(?!%b=))" % (_SPACE, _SPACE, _VALUE, _SPACE)
_UNNAMED = re.sub(rb"\((?!\?)", b"(?:", _ATTRIBUTE)

MARKUP = re.compile(rb"<(?=[A-Za-z!?]|/.)", re.DOTALL)
"""What is no text (13.2.5.6 and 7): the beginning of a tag, a comment or a bogus one."""

TAG = re.compile(rb"<(/?)([A-Za-z][^\t\n\f\r />]*+)((?:[\t\n\f\r /]*+%b)*+)([\t\n\f\r /]*+)>" % _UNNAMED)
"""A tag at EOF, or with a quote that never closes, is dropped. Groups: `/`, name, attributes, what precedes `>`."""

ATTRIBUTE = re.compile(_ATTRIBUTE)
"""One of the attributes of a tag. Groups: name, value in double quotes, in single quotes, without quotes."""

VISIBLE = re.compile(rb"[^\t\n\f\r ]")

_COMMENT_END = re.compile(rb"--!?>")
_SCRIPT_STEP = re.compile(rb"<(/?)script(?=[\t\n\f\r />])|<!--|-->", re.IGNORECASE)
_NAME_END = rb"(?=[\t\n\f\r />])"


def comment_end(markup: bytes, at: int) -> int:
    """Position after the comment whose `<!--` begins at `at` (13.2.5.43 to 52); the size without an end."""
    if markup.startswith(b">", at + 4):
        return at + 5
    if markup.startswith(b"->", at + 4):
        return at + 6
    found = _COMMENT_END.search(markup, at + 4)
    return found.end() if found else len(markup)


def after(markup: bytes, text: bytes, at: int) -> int:
    """Position after the next `text` from `at` on; the size without any."""
    found = markup.find(text, at)
    return found + len(text) if found >= 0 else len(markup)


def raw_end(markup: bytes, at: int, content: int, name: bytes) -> int:
    """Position of the end tag of an element with raw text that begins at `at`; the size without any."""
    if content == Content.PLAINTEXT:
        return len(markup)
    if content == Content.SCRIPT:
        return _script_end(markup, at)
    found = re.compile(rb"</%b%b" % (re.escape(name), _NAME_END), re.IGNORECASE).search(markup, at)
    return found.start() if found else len(markup)


def _script_end(markup: bytes, at: int) -> int:
    """13.2.5.15 to 31: within `<!--` a script in the script hides an end tag."""
    depth = 0  # 0: script data, 1: escaped, 2: double escaped
    while found := _SCRIPT_STEP.search(markup, at):
        at = found.end()
        step = found[0][:2]
        if step == b"</" and depth < 2:
            return found.start()
        if step == b"<!":
            depth, at = depth or 1, at - 2  # "<!-->" ends what it begins
        elif step == b"--":
            depth = 0
        elif depth:
            depth = 1 if step == b"</" else 2
    return len(markup)
