"""The title of a page: without the name of its site, and as the page itself shows it.

What the page says in its tags stays untouched in `open_graph.title` and `twitter.title`.
"""

from __future__ import annotations

import re

from app.metadata.values import first, squash, words

MIN_HEADING = 8
"""Characters; a shorter heading says too little to replace a title."""

MIN_SHARE = 0.35
"""Of the title that a heading must make up to replace it."""

MIN_OVERLAP = 0.4
"""Of the words of the shorter that a title and a heading must share to be two versions of the same."""

MAX_SITEWORDS = 5
"""Words of a part of a title that is taken for the name of a site, when that name is only in it."""

_SEPARATOR = re.compile(r"\s[|\-–—»«•·:/~⋆›>│]{1,3}\s|\s?[|»•·│]\s?|(?<=\w):\s")
_QUOTES = str.maketrans("’‘‚ʼ´`“”„«»–—", "''''''\"\"\"\"\"--")


def refine_title(title: str | None, headings: list[str], names: list[str], *, shared: bool) -> str | None:
    """`title` without the first or last part that is one of the site's `names`, or the heading in its place.

    `shared` says that the title was written for social networks, beside the page and not in it.
    """
    if not title:
        return first(*headings)
    title = _without_site(title, [squash(name) for name in names if len(squash(name)) > 1])
    return _heading_within(title, headings) or (shared and _other_version(title, headings)) or title


def split_title(title: str) -> list[str]:
    """The parts of a title between its separators."""
    return [part for part in _SEPARATOR.split(title) if part.strip()]


def _without_site(title: str, names: list[str]) -> str:
    cuts = [(found.start(), found.end()) for found in _SEPARATOR.finditer(title)]
    if not cuts:
        return title
    if _is_site(title[cuts[-1][1] :], title[: cuts[-1][0]], names):
        return title[: cuts[-1][0]].strip()
    if _is_site(title[: cuts[0][0]], title[cuts[0][1] :], names):
        return title[cuts[0][1] :].strip()
    return title


def _is_site(part: str, rest: str, names: list[str]) -> bool:
    if not rest.strip():
        return False
    squashed = squash(part)
    return squashed in names


def _heading_within(title: str, headings: list[str]) -> str | None:
    """A heading that the title holds: most of it, or all that stands before or after a separator."""
    whole = _fold(title)
    parts = {_fold(title[: cut.start()]) for cut in _SEPARATOR.finditer(title)}
    parts |= {_fold(title[cut.end() :]) for cut in _SEPARATOR.finditer(title)}
    for heading in headings:
        folded = _fold(heading)
        if len(heading) > MIN_HEADING and folded in whole:
            if len(heading) >= MIN_SHARE * len(title) or folded in parts:
                return heading
    return None


def _other_version(title: str, headings: list[str]) -> str | None:
    """The only heading of a page, if it says what the title says in other words."""
    if len(headings) != 1 or _fold(title) in _fold(headings[0]):
        return None
    ours, theirs = words(title), words(headings[0])
    smaller = min(len(ours), len(theirs))
    return headings[0] if smaller > 2 and len(ours & theirs) >= MIN_OVERLAP * smaller else None


def _fold(text: str) -> str:
    return text.translate(_QUOTES).casefold().strip()
