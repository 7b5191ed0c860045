"""Names of people: a name has no address, no date, no label and no markup."""

from __future__ import annotations

import re
from collections.abc import Iterable

from app.metadata.dates import find_dates
from app.metadata.leaks import without_markup
from app.metadata.values import one_line, squash

MAX_AUTHORS = 200
"""Characters of all names together."""

MAX_NAME = 60
"""Characters of one name in the body."""

MAX_NAME_WORDS = 6
"""Words of one name in the body."""

_LABEL = re.compile(
    r"^(?:(?:(?:posted|written|authored|published|story|words|text|recipe|article|artikel|beitrag|interview|eingestellt"
    r"|veröffentlicht|verfasst|geschrieben|gepostet|erstellt|écrit|publié|escrito|publicado|scritto|pubblicato)\s)?"
    r"(?:by|via|von|vom|durch|par|por)\b(?=\s|:|$)\s?:?\s*"
    r"|(?:text[eo]?|words|story|interview|verfasst von|geschrieben von|redaktion|quelle|source|di|av|door|автор"
    r"|autor(?:in)?|authors?|auteur|autore|contributors?|作者|文)\s?[:：/|｜]\s*)+",
    re.IGNORECASE,
)
LABELLED = re.compile(
    r"^(?:(?:(?:posted |written |authored |published |story |words |recipe )?by|von|par|por"
    r"|verfasst von|geschrieben von"
    r"|ein (?:beitrag|artikel|interview|text|gastbeitrag) von|(?:artikel|beitrag|interview) von)\b\s?:?\s?(?=\S|$)"
    r"|(?:text|autor(?:in)?|authors?|auteur|contributors?|interview)\s?:\s?(?=\S|$))",
    re.IGNORECASE,
)
"""Label before a name in running text."""

_NO_NAME = re.compile(
    r"[<>={}\[\]\\@#|]|https?:|www\.|\d{3}|\d[:.]\d|\.(?:com|de|org|net)\b|(?:\b|_)(?:comments?|kommentare?|share|teilen|follow|folgen|newsletter"
    r"|erforderlich|required|benutzername|username|passwor[dt]|email|e-mail|name|more|mehr|read|lesen|view|all|alle|home|login|admin|posts?|artikel|articles?"
    r"|author|autor|veröffentlicht|datum|unknown|updated|published|posted|print|drucken|contact|kontakt|about|über|archive|rss|feed|profil|profile|biography|beiträge|min|minutes?|minuten|uhr"
    r"|bio|rights|content|subscribe|sign|log|download|pdf|abstract|affiliations?)(?:\b|_)",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"^/|://|www\.|\[at\]|\(at\)|\S@\S", re.IGNORECASE)
_SITE_AND_PERSON = re.compile(r",\s|\s[-–—|/]\s")
_SPLIT = re.compile(r"\s*[|·•–—]\s*|\s-\s|,\s(?=\d)|\s(?:am|on|vom|le|el)(?:\s(?=\w*\s?\d)|$)|\s?//\s?|\s{2,}")
_AND = re.compile(r",\s|\s(?:und|and|et|y|e|&)\s")
_LAST_FIRST = re.compile(r"([^,;]{1,60}),\s*([^,;]{1,60})$")
_SUFFIX = re.compile(r"(?:jr|sr|ph\.?d|m\.?d|esq|inc|ltd|llc|gmbh|i{2,3}|iv)\.?$", re.IGNORECASE)


def join(names: Iterable[str]) -> str | None:
    """Join declared names to one line, without labels, addresses and dates."""
    people = (_declared_name(name) for name in names)
    return one_line(", ".join(dict.fromkeys(person for person in people if person)), MAX_AUTHORS)


def _declared_name(name: str) -> str | None:
    if len(name) > 4 * MAX_AUTHORS:
        return None
    name = _LABEL.sub("", (without_markup(name) or "").strip()).strip(" ,;|·•-–—:@[]()")
    if not name or len(name) > MAX_AUTHORS or _ADDRESS.search(name) or name.isdigit() or find_dates(name):
        return None
    return name


def turn(name: str) -> str:
    """`Ida Roe` of `Roe, Ida`: the order of bibliographies."""
    found = _LAST_FIRST.match(name.strip())
    return f"{found[2].strip()} {found[1].strip()}" if found and not _SUFFIX.match(found[2].strip()) else name


def without_sites(names: str, sites: set[str]) -> str:
    """Remove the site that some pages name beside the person: `The Site - Ann Lee`."""
    parts = _SITE_AND_PERSON.split(names)
    people = [part for part in parts if squash(part) not in sites]
    told = ", ".join(people)
    return told if len(people) < len(parts) and " " in told else names


def shown_name(text: str | None) -> str | None:
    """Name, or names, that a text of the body consists of; None of any other text."""
    for part in _SPLIT.split(text or ""):
        names = _LABEL.sub("", part).strip(" ,;|·•-–—:()./\"'@")
        if names:
            return names if all(_is_name(name) for name in _AND.split(names)) else None
    return None


def _is_name(name: str) -> bool:
    return (
        1 < len(name) <= MAX_NAME
        and len(name.split()) <= MAX_NAME_WORDS
        and any(letter.isalpha() for letter in name)
        and not _NO_NAME.search(name)
        and not (" " in name and (name.islower() or any(letter.isdigit() for letter in name)))
        and not find_dates(name)
    )
