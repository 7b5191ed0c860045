"""CSS selectors, checked without a browser.

Rule 1: a selector that a browser takes is accepted.
Rule 2: a selector for which a browser throws a SyntaxError is refused.
"""

from __future__ import annotations

import re

import soupsieve

MAX_LENGTH = 4_096  # characters

_STRING = re.compile(r"\"(?:\\.|[^\"\\])*\"?|'(?:\\.|[^'\\])*'?", re.DOTALL)
# A selector may end in a pseudo-element; it matches nothing, and is no error.
_PSEUDO_ELEMENT = re.compile(r"(?<![:\\])::[\w-]+(?:\([\w\s*.-]*\))?(?=\s*(?:,|$))")
# Pseudo-classes that browsers have and the parser lacks (https://drafts.csswg.org/selectors-4/, the HTML
# standard), and the other way round.
_BROWSERS_OWN = re.compile(
    r"(?<![:\\]):(?:valid|invalid|user-valid|fullscreen|modal|autofill|picture-in-picture|buffering|seeking"
    r"|stalled|volume-locked|active-view-transition|state\([\w-]+\)|-webkit-[\w-]+)(?![\w(-])",
    re.IGNORECASE,
)
_PARSERS_OWN = re.compile(r":(?:-soup-)?contains(?:-own)?\(|!=", re.IGNORECASE)
_MEDIA = re.compile(r"(?<![\w.#-])(?:img|picture|image|video|audio)(?![\w-])", re.IGNORECASE)
_BRACKETS = {"(": ")", "[": "]"}


def check_selector(text: str) -> None:
    """Check a selector. Raises ValueError, in one line that names the fault."""
    if len(text) > MAX_LENGTH:
        raise ValueError(f"has more than {MAX_LENGTH:,} characters")
    bare = _BROWSERS_OWN.sub(":root", _PSEUDO_ELEMENT.sub("", _STRING.sub('"x"', text))) or "*"
    if not text.strip() or _PARSERS_OWN.search(bare) or not _parses(bare + _missing_brackets(bare)):
        raise ValueError(f"is no selector of CSS, such as #content or article h1: {text[:100]!r}")


def wants_media(selector: str | None) -> bool:
    """Whether a selector may need an image, a video or a sound to match."""
    return selector is not None and _MEDIA.search(selector) is not None


def _missing_brackets(text: str) -> str:
    """List the brackets that the end of the text closes: https://drafts.csswg.org/css-syntax/#parse-errors."""
    open_ones: list[str] = []
    for character in text:
        if character in _BRACKETS:
            open_ones.append(_BRACKETS[character])
        elif open_ones and character == open_ones[-1]:
            open_ones.pop()
    return "".join(reversed(open_ones))


def _parses(text: str) -> bool:
    try:
        soupsieve.compile(text)
    except (soupsieve.SelectorSyntaxError, NotImplementedError, RecursionError):
        return False
    return True
