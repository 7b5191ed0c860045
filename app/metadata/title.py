"""The title of a page without the name of its site."""

from __future__ import annotations

import re

from app.metadata.values import first

MIN_HEADING = 8
"""Characters; a shorter heading says too little to replace a title."""

MIN_SHARE = 0.35
"""Of the title that a heading must make up to replace it."""

_SEPARATOR = re.compile(r"\s+[|\-–—»«•·:/~⋆›>]+\s+|\s*[|»•·]\s*|(?<=\w):\s+")


def refine_title(title: str | None, headings: list[str], names: list[str]) -> str | None:
    """`title` without the first or last part that is one of the site's `names`, or the heading inside it."""
    if not title:
        return first(*headings)
    title = _without_site(title, {_squash(name) for name in names if name})
    return _heading_within(title, headings) or title


def _without_site(title: str, names: set[str]) -> str:
    cuts = [(found.start(), found.end()) for found in _SEPARATOR.finditer(title)]
    if not cuts:
        return title
    if _squash(title[cuts[-1][1] :]) in names:
        return title[: cuts[-1][0]].strip() or title
    if _squash(title[: cuts[0][0]]) in names:
        return title[cuts[0][1] :].strip() or title
    return title


def _heading_within(title: str, headings: list[str]) -> str | None:
    whole = title.casefold()
    for heading in headings:
        if (
            len(heading) > MIN_HEADING
            and len(heading) >= MIN_SHARE * len(title)
            and heading.casefold() in whole
        ):
            return heading
    return None


def _squash(text: str) -> str:
    return re.sub(r"\W+", "", text.casefold())
