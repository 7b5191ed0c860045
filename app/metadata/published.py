"""Dates of publication and change: declared in tags, else shown near the headline."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice

from app.metadata import jsonld
from app.metadata.containment import contained, nothing
from app.metadata.dates import date_in_url, find_dates, has_year, parse_date
from app.metadata.document import Document
from app.metadata.html import flags
from app.metadata.html.patterns import Patterns
from app.metadata.shown_dates import days_apart, headline_date, is_foreign, is_of_update, text_date
from app.metadata.values import first_of, url_path

CLASS_RANGE = 120_000
"""Bytes of the body in which the attributes of elements are read for a date."""

MAX_FINDS = 50
"""Places in scripts looked at for a date."""

MAX_TIMES = 20
"""`<time>` elements looked at."""

MAX_MARKED = 100
"""Elements with `itemprop` or `property` looked at."""

MAX_ROWS = 40
"""Tags and texts of an element that shows a date."""

MAX_DATED = 100
"""Characters of an element that shows a date."""

_PUBLISHED_METAS = (
    "article:published_time", "og:article:published_time", "og:published_time", "datepublished", "dc.date.issued",
    "dcterms.issued", "parsely-pub-date", "sailthru.date", "citation_publication_date", "citation_date",
    "citation_online_date", "pubdate", "publishdate", "publish-date", "publish_date", "published_time", "published",
    "publication_date", "article.published", "rnews:datepublished", "cxenseparse:recs:publishtime",
    "article:published", "uploaddate", "article_date_original", "originalpublicationdate",
    "shareaholic:article_published_time",
)  # fmt: skip
_DATE_METAS = (
    "date", "dc.date", "dcterms.date", "dcterms.created", "dc.date.created", "dc.created",
    "datecreated", "article.created", "date.created", "creation_date", "timestamp",
)  # fmt: skip
_META_NAME = re.compile(
    r"date(?:(?<![a-z]date)|$)|pub(?:(?<![a-z]pub)|lish)|issued(?<![a-z]issued)|released(?<![a-z]released)"
)
_OTHER_DATE = re.compile(r"modif|updat|expir|review|valid|revis|event|start|\bend|last|accept|receiv|submi(?!tted)")
_MODIFIED_METAS = (
    "article:modified_time", "og:article:modified_time", "og:updated_time", "datemodified", "dcterms.modified",
    "dc.date.modified", "last-modified", "lastmod", "revised", "modified_time",
)  # fmt: skip
_DATE_ATTRIBUTES = ("datetime", "content", "data-utime", "title", "data-datetime", "data-timestamp", "data-date")
_IN_SCRIPT = r"""["']?\s?[:=]\s?["']([^"'<>]{8,40})["']"""
_PUBLISHED_IN_SCRIPT = re.compile(
    r"(?:date_?published|(?:first_?)?published?_?(?:at|date|time|on)?(?:_?time)?)" + _IN_SCRIPT, re.IGNORECASE
)
_CREATED_IN_SCRIPT = re.compile(r"(?:date_?created|created_?(?:at|on|date))" + _IN_SCRIPT, re.IGNORECASE)
_ISO_TITLE = re.compile(r"\d{4}-\d\d-\d\d[T ]")
_PUBLISHED = Patterns(b"ublish")
_CREATED = Patterns(b"reated")
_DATES = Patterns(b"date", b"Date", b"datum", b"ublish", b"ubmitted", b'title="20', b"data-utime")
_DATE_CLASS = re.compile(r"publish|date|posted|submitted|created|timestamp|time\b|datum|fecha")


@contained("published_time", nothing)
def read_published(document: Document) -> str | None:
    """Read the date of publication, as ISO 8601."""
    return (
        _first_date(document, document.meta_all("article:published_time"))
        or _json_ld_date(document, "datePublished")
        or _first_date(document, document.meta_all(*_PUBLISHED_METAS))
        or _itemprop_date(document)
        or _meta_date(document)
        or _json_ld_date(document, "uploadDate")
        or _json_ld_date(document, "dateCreated")
        or date_in_url(document.path)
        or _script_date(document, _PUBLISHED, _PUBLISHED_IN_SCRIPT)
        or _day(headline_date(document))
        or _class_date(document)
        or _time_date(document)
        or _described_date(document)
        or _script_date(document, _CREATED, _CREATED_IN_SCRIPT)
        or text_date(document)
    )


@contained("modified_time", nothing)
def read_modified(document: Document) -> str | None:
    """Read the date of the last change, as ISO 8601, if a tag declares it."""
    return _json_ld_date(document, "dateModified") or _first_date(document, document.meta_all(*_MODIFIED_METAS))


def _day(moment: str | None) -> str | None:
    return moment and moment[:10]


def _json_ld_date(document: Document, key: str) -> str | None:
    works = document.json_ld.works
    return _first_date(document, (jsonld.text_of(work[key]) for work in works if key in work))


def _first_date(document: Document, values: Iterable[str | None]) -> str | None:
    return first_of(parse_date(value, month_first=document.month_first) for value in values)


def _meta_date(document: Document) -> str | None:
    """Day in an ambiguous tag; another day beside the headline corrects the day of a change."""
    told = _first_date(document, document.meta_all(*_DATE_METAS)) or _first_date(document, _other_metas(document))
    shown = headline_date(document, unlabelled=True) if told else None
    return shown[:10] if told and shown and days_apart(told, shown) > 1 else told


def _other_metas(document: Document) -> Iterator[str]:
    for name, row in document.metas.names:
        if _META_NAME.search(name) and not _OTHER_DATE.search(name):
            yield document.metas.contents[row]


def _itemprop_date(document: Document) -> str | None:
    for name in ("itemprop", "property"):
        for row in islice(document.table.having(name), MAX_MARKED):
            is_marked = "datePublished" in (document.table.attribute(row, name) or "")
            if is_marked and not is_foreign(document, row) and (found := _date_of(document, row)):
                return found
    return None


def _date_of(document: Document, row: int) -> str | None:
    """Date that an element has in an attribute, or shows."""
    table = document.table
    told = first_of(table.attribute(row, name) for name in _DATE_ATTRIBUTES)
    if found := parse_date(told, month_first=document.month_first):
        return found
    end = min(table.end_of(row), row + MAX_ROWS)
    shown = " ".join(
        document.body.runs(row + 1, end, flags.FOREIGN)
    )  # day and month often stand in elements of their own
    return parse_date(shown, month_first=document.month_first) if len(shown) <= MAX_DATED else None


def _class_date(document: Document) -> str | None:
    table = document.table
    for row in document.body.rows_with(_DATES, table.body, document.body.row_after(table.body, CLASS_RANGE)):
        names = _names_of(document, row)
        told = table.attribute(row, "data-utime") is not None or _ISO_TITLE.match(table.attribute(row, "title") or "")
        if (told or _DATE_CLASS.search(names)) and _is_own(document, row) and (found := _date_of(document, row)):
            return found
    return None


def _time_date(document: Document) -> str | None:
    """First `<time>`; before others those marked as the day of publication (HTML 5.0, microformats)."""
    table = document.table
    rows = [row for row in table.all("time")[:MAX_TIMES] if _is_own(document, row)]
    marked = [
        row for row in rows if table.attribute(row, "pubdate") is not None or "publish" in _names_of(document, row)
    ]
    return first_of(_date_of(document, row) for row in (*marked, *rows))


def _is_own(document: Document, row: int) -> bool:
    """Whether the date of an element is not that of a change, a comment, a teaser or an event."""
    is_other = is_foreign(document, row) or _OTHER_DATE.search(_names_of(document, row))
    return not is_other and not is_of_update(document, row)


def _names_of(document: Document, row: int) -> str:
    table = document.table
    return " ".join(table.attribute(row, name) or "" for name in ("class", "id", "itemprop")).lower()


def _script_date(document: Document, patterns: Patterns, pattern: re.Pattern[str]) -> str | None:
    """Date under a telling name in a script or a data attribute."""
    table, markup = document.table, document.markup
    for _, place, _ in islice(patterns.find(markup), MAX_FINDS):
        row = table.at(place)
        if row < 0 or place >= table.end(row) or is_foreign(document, row):
            continue
        start, end = max(table.start(row), place - 12), min(table.end(row), place + 80)
        found = pattern.search(markup[start:end].decode("utf-8", "replace"))
        if found and not _is_json_ld(document, row) and (iso := parse_date(found[1], month_first=document.month_first)):
            return iso
    return None


def _is_json_ld(document: Document, row: int) -> bool:
    """Whether a row is the text of JSON-LD, which is read by itself."""
    script = document.table.parent(row)
    return script >= 0 and "ld+json" in (document.table.attribute(script, "type") or "")


def _described_date(document: Document) -> str | None:
    """Day in the title, in the description, or in the path of the picture."""
    told = " | ".join(filter(None, (document.title, document.meta("description"))))
    image = document.meta_url("og:image")
    in_text = (found.iso[:10] for found in find_dates(told, month_first=document.month_first) if has_year(told))
    return next(in_text, None) or (date_in_url(url_path(image)) if image else None)
