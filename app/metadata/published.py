"""When a page was published: what it says to machines, else what it shows near its headline."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import islice

from app.metadata import jsonld
from app.metadata.containment import contained, nothing
from app.metadata.dates import WIDEST_ZONE, date_in_url, find_dates, has_year, parse_date
from app.metadata.document import Document
from app.metadata.html.markup import element_text
from app.metadata.html.patterns import Patterns
from app.metadata.html.scan import raw_pieces
from app.metadata.html.tags import Tag
from app.metadata.values import clean_text, first_of, url_path

AFTER_HEADLINE = 8_000
"""Bytes of markup after the headline in which a date belongs to it."""

BEFORE_HEADLINE = 3_000
"""Bytes of markup before the headline in which a date belongs to it."""

CLASS_RANGE = 120_000
"""Bytes of the body in which the attributes of elements are asked for a date."""

MAX_BELOW = 800
"""Visible characters between the headline and a date below it."""

MAX_ABOVE = 200
"""Visible characters between the headline and a date above it."""

MAX_DATELINE = 100
"""Characters of a text that is a date and little else; longer ones tell of other days."""

MAX_LABEL = 40
"""Characters of a text that tells what the date behind it is."""

MAX_FINDS = 50
"""Places in scripts where a date is looked for."""

MAX_TIMES = 20
"""`<time>` elements looked at."""

QUARTER = timedelta(minutes=15)
"""What the offsets of all zones are multiples of."""

MAX_TEXT = 40_000
"""Bytes of markup that are searched for a date when nothing else names one."""

_PUBLISHED_METAS = (
    "article:published_time", "og:article:published_time", "og:published_time", "datepublished", "dc.date.issued",
    "dcterms.issued", "parsely-pub-date", "sailthru.date", "citation_publication_date", "citation_online_date",
    "pubdate", "publishdate", "publish-date", "publish_date", "published_time", "published", "publication_date",
    "article.published", "rnews:datepublished", "cxenseparse:recs:publishtime", "article:published",
    "uploaddate", "article_date_original", "originalpublicationdate", "shareaholic:article_published_time",
)  # fmt: skip
_DATE_METAS = (
    "date", "dc.date", "dcterms.date", "dcterms.created", "dc.date.created", "dc.created", "citation_date",
    "datecreated", "article.created", "date.created", "creation_date", "timestamp",
)  # fmt: skip
_META_NAME = re.compile(
    r"date(?:(?<![a-z]date)|$)|pub(?:(?<![a-z]pub)|lish)|issued(?<![a-z]issued)|released(?<![a-z]released)"
)
_OTHER_DATE = re.compile(r"modif|updat|expir|review|valid|revis|event|start|\bend|last")
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
_UPDATED = re.compile(
    r"updat|modif|edited|revised|\blast|aktualisi|geändert|zuletzt|bearbeitet|actualiz|mise? à jour|aggiorn|atualiz"
    r"|bijgewerkt|uppdater|oppdater|opdater|päivit|aktualiz|güncel|обновл|измен|оновл|更新|수정|تحديث",
    re.IGNORECASE,
)
_NOT_PUBLISHED = re.compile(
    _UPDATED.pattern + r"|regist|joined|member since|mitglied|dabei seit|inscrit|born|geboren|expires|valid|gültig"
    r"|accessed|retrieved|abgerufen|zugriff|deadline",
    re.IGNORECASE,
)
_PUBLISHED = Patterns(b"ublish")
_CREATED = Patterns(b"reated")
_ITEMPROP = Patterns(b"datePublished")
_DATES = Patterns(b"date", b"Date", b"datum", b"ublish", b"ubmitted", b'title="20', b"data-utime")
_DATE_CLASS = re.compile(r"publish|date|posted|submitted|created|timestamp|time\b|datum|fecha")


@contained("published_time", nothing)
def read_published(document: Document) -> str | None:
    """When the page was published, as ISO 8601."""
    return (
        parse_date(document.meta("article:published_time"))
        or _json_ld_date(document, "datePublished")
        or _first_date(document.meta_all(*_PUBLISHED_METAS))
        or _itemprop_date(document)
        or _meta_date(document)
        or _json_ld_date(document, "uploadDate")
        or _json_ld_date(document, "dateCreated")
        or date_in_url(document.path)
        or _script_date(document, _PUBLISHED, _PUBLISHED_IN_SCRIPT)
        or _day(_headline_date(document))
        or _class_date(document)
        or _time_date(document)
        or _described_date(document)
        or _script_date(document, _CREATED, _CREATED_IN_SCRIPT)
        or _text_date(document)
    )


@contained("shown_time", nothing)
def shown_time(document: Document, published: str | None) -> str | None:
    """`published` as the page shows it to its readers, where their calendar is a day off.

    The same moment in their zone if their time of day is shown too, else their day.
    """
    shown = _headline_date(document) if published and "T" in published else None
    if not shown or not published or _days_apart(shown, published) != 1:
        return None
    return _in_zone_of(shown, published)


def _days_apart(one: str, other: str) -> int:
    return abs((date.fromisoformat(one[:10]) - date.fromisoformat(other[:10])).days)


def _in_zone_of(shown: str, published: str) -> str:
    """`published` in the zone in which its time of day is the one of `shown`; the day of `shown` if there is none."""
    moment, local = datetime.fromisoformat(published), datetime.fromisoformat(shown[:16])
    if moment.tzinfo is None or "T" not in shown:
        return shown[:10]
    quarters = round((local - moment.astimezone(UTC).replace(tzinfo=None)) / QUARTER)
    offset = quarters * QUARTER
    there = moment.astimezone(timezone(offset)) if abs(offset) <= timedelta(hours=WIDEST_ZONE) else None
    return there.isoformat() if there and there.strftime("%H:%M") == shown[11:16] else shown[:10]


def _day(moment: str | None) -> str | None:
    return moment and moment[:10]


@contained("modified_time", nothing)
def read_modified(document: Document) -> str | None:
    """When the page was last changed, as ISO 8601, if it says so to machines."""
    return _json_ld_date(document, "dateModified") or _first_date(document.meta_all(*_MODIFIED_METAS))


def _json_ld_date(document: Document, key: str) -> str | None:
    return _first_date(jsonld.text_of(work[key]) for work in document.works if key in work)


def _first_date(values: Iterable[str | None]) -> str | None:
    return first_of(map(parse_date, values))


def _meta_date(document: Document) -> str | None:
    """The day in a tag that may tell of the last change as well: another one beside the headline is right."""
    told = _first_date(document.meta_all(*_DATE_METAS)) or _first_date(_other_metas(document))
    shown = _headline_date(document) if told else None
    return shown[:10] if told and shown and _days_apart(told, shown) > 1 else told


def _other_metas(document: Document) -> Iterator[str]:
    for name, value in document.metas:
        if _META_NAME.search(name) and not _OTHER_DATE.search(name):
            yield value


def _itemprop_date(document: Document) -> str | None:
    for tag in document.tags_with(_ITEMPROP):
        names = tag.attributes.get("itemprop") or tag.attributes.get("property") or ""
        if "datePublished" in names and (found := _tag_date(tag, document)):
            return found
    return None


def _tag_date(tag: Tag, document: Document) -> str | None:
    """The date that a tag holds for machines, or shows."""
    get = tag.attributes.get
    told = first_of(map(get, _DATE_ATTRIBUTES))
    shown = element_text(document.markup, tag.name, tag.end, 500)
    return parse_date(told) or (_short_date(shown, document) if shown else None)


def _short_date(text: str, document: Document) -> str | None:
    return parse_date(text, month_first=document.month_first) if len(text) < 100 else None


def _headline_date(document: Document) -> str | None:
    """The date that stands by itself nearest to the headline: below it, or else above it."""
    position = document.headline
    if position is None:
        return None
    below = _labelled(raw_pieces(document.markup, position, position + AFTER_HEADLINE))
    return _date_by_itself(below, MAX_BELOW, document) or _date_above(document, position)


def _date_above(document: Document, position: int) -> str | None:
    earliest = max(0, position - BEFORE_HEADLINE)
    start = max(earliest, document.markup.find(b">", earliest, position) + 1)
    dated = has_year(document.text(start, position))
    pieces = list(_labelled(raw_pieces(document.markup, start, position))) if dated else []
    return _date_by_itself(reversed(pieces), MAX_ABOVE, document)


def _labelled(pieces: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Behind the piece of text before it, if that is short enough to be its label, each piece."""
    before = ""
    for piece in pieces:
        yield before if len(before) <= MAX_LABEL else "", piece
        before = piece


def _date_by_itself(pieces: Iterable[tuple[str, str]], distance: int, document: Document) -> str | None:
    """The first date that is most of its piece of text, within `distance` characters.

    The day of an update is given for want of any other.
    """
    updated = None
    for label, piece in pieces:
        if distance < 0:
            break
        distance -= len(piece)
        if len(piece) <= MAX_DATELINE and has_year(piece):
            for told, iso in _told_dates(label, piece, document):
                if not _NOT_PUBLISHED.search(told):
                    return iso
                updated = updated or (iso if _UPDATED.search(told) else None)
    return updated


def _told_dates(label: str, piece: str, document: Document) -> Iterator[tuple[str, str]]:
    """The dates of a piece of text, and what stands before each."""
    text, end = clean_text(piece) or "", 0
    for found in find_dates(text, month_first=document.month_first):
        yield text[end : found.start] if found.start else label, found.iso
        end = found.end


def _class_date(document: Document) -> str | None:
    start = document.body_start
    for tag in document.tags_with(_DATES, start, start + CLASS_RANGE):
        names = _names_of(tag)
        told = "data-utime" in tag.attributes or _ISO_TITLE.match(tag.attributes.get("title", ""))
        if (
            (told or _DATE_CLASS.search(names))
            and not _OTHER_DATE.search(names)
            and (found := _tag_date(tag, document))
        ):
            return found
    return None


def _time_date(document: Document) -> str | None:
    """The first `<time>`; one that is marked as the day of publication before others (HTML 5.0, microformats)."""
    tags = [tag for tag in document.all("time")[:MAX_TIMES] if not _OTHER_DATE.search(_names_of(tag))]
    marked = [tag for tag in tags if "pubdate" in tag.attributes or "publish" in _names_of(tag)]
    return next((found for tag in (*marked, *tags) if (found := _tag_date(tag, document))), None)


def _names_of(tag: Tag) -> str:
    return " ".join(tag.attributes.get(name, "") for name in ("class", "id", "itemprop")).lower()


def _script_date(document: Document, needles: Patterns, pattern: re.Pattern[str]) -> str | None:
    """A date that stands under a telling name in a script or a data attribute."""
    for _, position, _ in islice(needles.find(document.markup), MAX_FINDS):
        found = pattern.search(document.text(max(0, position - 12), position + 80))
        if found and (iso := parse_date(found[1])):
            return iso
    return None


def _described_date(document: Document) -> str | None:
    """A day in the title, in the description, or in the path of the picture."""
    told = " | ".join(filter(None, (document.title, document.meta("description"))))
    image = document.meta_url("og:image")
    in_text = (found.iso[:10] for found in find_dates(told, month_first=document.month_first))
    return next(in_text, None) or (date_in_url(url_path(image)) if image else None)


def _text_date(document: Document) -> str | None:
    """The first day that stands by itself, or else the first that any text names."""
    start = document.headline or document.body_start
    pieces = _labelled(raw_pieces(document.markup, start, start + MAX_TEXT))
    dated = [(label, piece) for label, piece in pieces if has_year(piece)]
    named = (
        found for _, piece in dated for found in find_dates(clean_text(piece) or "", month_first=document.month_first)
    )
    return _day(_date_by_itself(dated, MAX_TEXT, document) or next((found.iso for found in named), None))
