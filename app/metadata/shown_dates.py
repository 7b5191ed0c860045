"""Dates in the text of a page, near the headline, with their labels."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta, timezone

from app.metadata.body import BY_WORD
from app.metadata.containment import contained, nothing
from app.metadata.dates import WIDEST_ZONE, find_dates, has_year
from app.metadata.document import Document
from app.metadata.html import flags
from app.metadata.values import clean

AFTER_HEADLINE = 8_000
"""Bytes of markup after the headline in which a date belongs to it."""

BEFORE_HEADLINE = 3_000
"""Bytes of markup before the headline in which a date belongs to it."""

MAX_BELOW = 800
"""Visible characters between the headline and a date below it."""

MAX_ABOVE = 200
"""Visible characters between the headline and a date above it."""

MAX_DATELINE = 100
"""Characters of a text that is a date and little else; longer ones tell of other days."""

MAX_LABEL = 40
"""Characters of a text that may be the label of the date behind it."""

QUARTER = timedelta(minutes=15)
"""Unit of the offsets of all zones."""

MAX_TEXT = 40_000
"""Bytes of markup searched for a date when nothing else names one."""

MAX_RUN = 1_000
"""Characters of one text searched for dates."""

_UPDATED = re.compile(
    r"updat|modif|edited|revised|\blast|aktualisi|geändert|zuletzt|bearbeitet|actualiz|mise? à jour|aggiorn|atualiz"
    r"|bijgewerkt|uppdater|oppdater|opdater|päivit|aktualiz|güncel|обновл|измен|оновл|更新|수정|تحديث",
    re.IGNORECASE,
)
_NOT_PUBLISHED = re.compile(
    _UPDATED.pattern + r"|regist|joined|member since|mitglied|dabei seit|inscrit|born|geboren|expires|valid|gültig"
    r"|accessed|retrieved|abgerufen|zugriff|deadline|accept|receiv|submitted on|submission|event\b|copyright|©"
    r"|founded|gegründet"
    r"|fondé|fundad|fondat|version|established|since|seit\b|depuis|until|bis\b|starts?\b|ends?\b|begins|beginn|closes"
    r"|opens|due\b|release of|takes place|veranstaltung|eingegangen|angenommen|reçu|accepté|aceptado|recibido|accettato"
    r"|ricevuto|effective|died|gestorben",
    re.IGNORECASE,
)
# Words that may stand before the day of publication in its own line; any other makes it the day of something else.
_PUBLICATION = re.compile(
    r"(?:publi|post|written|veröffentl|erschien|erstellt|stand\b|datum|date|fecha|data\b|creat|posté|paru|mis en ligne"
    r"|pubbli|inserit|geplaatst|gepubliceerd|publicer|udgivet|julkaistu|opublik|yayın|опубл|дата|发布|發布|公開|掲載|投稿|게시|입력|등록)",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]+")
_PARTICLE = re.compile(r"on|the|at|of|and|\w{1,10}(?:day|tag|di|dag)|[^\W\d_]{1,3}", re.IGNORECASE)
_NOT_OWN = flags.UNSEEN | (flags.NOT_OWN & ~flags.ASIDE)
_OF_OTHERS = flags.UNSEEN | flags.COOKIE | flags.COMMENT | flags.REVIEW | flags.RELATED


@contained("date", nothing)
def shown_time(document: Document, published: str | None) -> str | None:
    """Correct `published` to the calendar of the page, where a date beside the headline is a day off.

    The result is the same moment in the zone of the page if its time of day is shown too, else the shown day.
    """
    shown = headline_date(document) if published and "T" in published else None
    if not shown or not published or days_apart(shown, published) != 1:
        return None
    return _in_zone_of(shown, published)


def days_apart(one: str, other: str) -> int:
    """Days between two dates in ISO 8601."""
    return abs((date.fromisoformat(one[:10]) - date.fromisoformat(other[:10])).days)


def _in_zone_of(shown: str, published: str) -> str:
    """Move `published` to the zone with the time of day of `shown`; the shown day without any."""
    moment, local = datetime.fromisoformat(published), datetime.fromisoformat(shown[:16])
    if moment.tzinfo is None or "T" not in shown:
        return shown[:10]
    quarters = round((local - moment.astimezone(UTC).replace(tzinfo=None)) / QUARTER)
    offset = quarters * QUARTER
    there = moment.astimezone(timezone(offset)) if abs(offset) <= timedelta(hours=WIDEST_ZONE) else None
    return there.isoformat() if there and there.strftime("%H:%M") == shown[11:16] else shown[:10]


def headline_date(document: Document, *, unlabelled: bool = False) -> str | None:
    """Find the nearest date by itself below the headline, else above.

    `unlabelled`: nothing but a word of publication may stand before the date.
    """
    row = document.headline
    if row is None:
        return None
    below = _labelled(document.body.raw_runs(row, document.body.row_after(row, AFTER_HEADLINE), _NOT_OWN))
    found = _date_by_itself(below, MAX_BELOW, document, unlabelled)
    return found or _date_above(document, row, unlabelled)


def _date_above(document: Document, row: int, unlabelled: bool) -> str | None:
    start = document.body.row_after(row, -BEFORE_HEADLINE)
    if not has_year(document.body.markup_between(start, row)):
        return None
    runs = list(_labelled(document.body.raw_runs(start, row, _NOT_OWN)))
    return _date_by_itself(reversed(runs), MAX_ABOVE, document, unlabelled)


def _labelled(runs: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Give each run of text the run before, if short enough for a label."""
    before = ""
    for run in runs:
        yield before if len(before) <= MAX_LABEL else "", run
        before = run


def _date_by_itself(
    runs: Iterable[tuple[str, str]], distance: int, document: Document, unlabelled: bool = False
) -> str | None:
    """First date with a run of text to itself, within `distance` characters.

    The day of an update serves for want of any other.
    """
    updated = None
    for label, run in runs:
        if distance < 0:
            break
        distance -= len(run)
        if has_year(run) and len(run := clean(run) or "") <= MAX_DATELINE:
            for told, iso in _told_dates(label, run, document):
                if not _NOT_PUBLISHED.search(told) and not (unlabelled and told != label and _is_label(told)):
                    return iso
                updated = updated or (iso if _UPDATED.search(told) else None)
    return updated


def _is_label(told: str) -> bool:
    """Whether the words before a date in its run tell of something other than publication."""
    names_other = any(not _PARTICLE.fullmatch(word) for word in _WORD.findall(told))
    return names_other and not _PUBLICATION.search(told)


def _told_dates(label: str, run: str, document: Document) -> Iterator[tuple[str, str]]:
    """Dates of a run of text, each with the text before it."""
    end = 0
    for found in find_dates(run, month_first=document.month_first):
        yield run[end : found.start] if found.start else label, found.iso
        end = found.end


def is_foreign(document: Document, row: int) -> bool:
    """Whether an element belongs to a comment, a review, a teaser or the frame of the page."""
    return bool(document.table.flags(row) & _NOT_OWN & ~(flags.UNSEEN | BY_WORD)) or document.body.is_foreign(row)


def is_of_update(document: Document, row: int) -> bool:
    """Whether the text right before an element labels its date as other than of publication."""
    table = document.table
    before = next((each for each in range(row - 1, max(row - 6, -1), -1) if _is_visible(document, each)), None)
    if before is None:
        return False
    text = clean(table.run(before)) or ""
    return len(text) <= MAX_LABEL and bool(_NOT_PUBLISHED.search(text))


def _is_visible(document: Document, row: int) -> bool:
    return next(document.body.runs(row, row + 1), None) is not None


def text_date(document: Document) -> str | None:
    """First day by itself in the text, else the first day at all."""
    start = document.headline or document.table.body
    runs = _labelled(document.body.raw_runs(start, document.body.row_after(start, MAX_TEXT), _OF_OTHERS))
    dated = [(label, run) for label, run in runs if has_year(run)]
    month_first = document.month_first
    named = (found.iso for _, run in dated for found in find_dates(run[:MAX_RUN], month_first=month_first))
    moment = _date_by_itself(dated, MAX_TEXT, document) or next(named, None)
    return moment and moment[:10]
