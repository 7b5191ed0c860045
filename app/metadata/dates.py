"""Dates in the spellings of people and machines, as ISO 8601.

Rule 1: nothing is invented: neither a time nor a zone nor a day.
Rule 2: an impossible date (February 30, the year 1066 or 3000) is none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import NamedTuple

OLDEST_YEAR = 1970
"""Older dates are an epoch, or a date in the text."""

WIDEST_ZONE = 14
"""Hours; the largest offset from UTC in use."""

MAX_DATE_TEXT = 200
"""Characters read of a value."""

BESIDE_YEAR = 40
"""Characters on either side of a year that hold the rest of its date."""

MAX_FOUND = 20
"""Dates that are looked for in one text."""

MAX_ANCHORS = 100
"""Years and the like around which dates are looked for in one text."""

_MONTHS_BY_LANGUAGE = """
january february march april may june july august september october november december
jan feb mar apr may jun jul aug sep oct nov dec
januar februar märz april mai juni juli august september oktober november dezember
jänner feber mrz apr mai jun jul aug sept okt nov dez
janvier février mars avril mai juin juillet août septembre octobre novembre décembre
janv févr mars avr mai juin juil août sept oct nov déc
enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre
ene feb mar abr may jun jul ago sept oct nov dic
gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre
gen feb mar apr mag giu lug ago set ott nov dic
janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro
jan fev mar abr mai jun jul ago set out nov dez
januari februari maart april mei juni juli augustus september oktober november december
jan feb mrt apr mei jun jul aug sep okt nov dec
januari februari mars april maj juni juli augusti september oktober november december
januar februar marts april maj juni juli august september oktober november desember
stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia
ledna února března dubna května června července srpna září října listopadu prosince
ocak şubat mart nisan mayıs haziran temmuz ağustos eylül ekim kasım aralık
января февраля марта апреля мая июня июля августа сентября октября ноября декабря
january fevrier march april mai juin juillet aout september october november decembre
januari pebruari maret april mei juni juli agustus september oktober november desember
tammikuuta helmikuuta maaliskuuta huhtikuuta toukokuuta kesäkuuta \
heinäkuuta elokuuta syyskuuta lokakuuta marraskuuta joulukuuta
január február március április május június július augusztus szeptember október november december
січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня
янв фев мар апр май июн июл авг сен окт ноя дек
januari februari mac april mei jun julai ogos september oktober november disember
gener febrer març abril maig juny juliol agost setembre octubre novembre desembre
ianuarie februarie martie aprilie mai iunie iulie august septembrie octombrie noiembrie decembrie
ian feb mar apr mai iun iul aug sept oct noi dec
januára februára marca apríla mája júna júla augusta septembra októbra novembra decembra
januar februar marec april maj junij julij avgust september oktober november december
siječnja veljače ožujka travnja svibnja lipnja srpnja kolovoza rujna - studenoga prosinca
januara februara marta aprila maja juna jula avgusta septembra oktobra novembra decembra
јануар фебруар март април мај јун јул август септембар октобар новембар децембар
януари февруари март април май юни юли август септември октомври ноември декември
jaanuar veebruar märts aprill mai juuni juuli august september oktoober november detsember
janvāris februāris marts aprīlis maijs jūnijs jūlijs augusts septembris oktobris novembris decembris
sausio vasario kovo balandžio gegužės birželio liepos rugpjūčio rugsėjo spalio lapkričio gruodžio
janúar febrúar mars apríl maí júní júlí ágúst september október nóvember desember
jan feb márc ápr máj jún júl aug szept okt nov dec
oca şub mar nis may haz tem ağu eyl eki kas ara
ιανουαρίου φεβρουαρίου μαρτίου απριλίου μαΐου ιουνίου ιουλίου αυγούστου σεπτεμβρίου οκτωβρίου νοεμβρίου δεκεμβρίου
ינואר פברואר מרץ אפריל מאי יוני יולי אוגוסט ספטמבר אוקטובר נובמבר דצמבר
בינואר בפברואר במרץ באפריל במאי ביוני ביולי באוגוסט בספטמבר באוקטובר בנובמבר בדצמבר
يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر
يناير فبراير مارس ابريل مايو يونيه يوليه اغسطس سبتمبر اكتوبر نوفمبر ديسمبر
- شباط آذار نيسان أيار حزيران تموز - أيلول - - -
ژانویه فوریه مارس آوریل - ژوئن ژوئیه اوت سپتامبر اکتبر نوامبر دسامبر
"""
_MONTHS = {
    name: number for line in _MONTHS_BY_LANGUAGE.strip().splitlines() for number, name in enumerate(line.split(), 1)
}
_AHEAD = timedelta(days=366)
_STARTED = date.today()  # dates before it need no look at the clock
# Each date has an anchor, and few texts have many: a year, or digits between dots, slashes or dashes.
# The pattern begins with one set of characters, which `re` searches for quickly: the digits of scripts with dates.
_ANCHOR = re.compile(r"[0-9٠-٩۰-۹०-९০-৯０-９](?:(?<=1)9\d\d|(?<=2)0\d\d|[./-]\s?\d{1,2}[./-]\s?\d\d(?!\d))")
_ISO = re.compile(
    r"(\d\d{3})(?:-(\d{1,2})-(\d{1,2})|/(\d{1,2})/(\d{1,2})|\.\s?(\d{1,2})\.\s?(\d{1,2})|(\d\d)(\d\d))(?!\d)"
    r"(?:(?:T|\s|,\s)\s?(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,]\d{1,9})?)?\s?(Z|UTC|GMT|[+-]\d\d:?\d\d|[+-]\d\d(?!\d))?)?",
    re.IGNORECASE,
)
_CLOCK = re.compile(
    r"\s?,?\s?(?:[-–|·]\s|(?:at|um|à|a las|klo|kl\.|ore|às)\s)?(\d{1,2})[:h](\d\d)(?!\d)(?::(\d\d))?\s?([ap]\.?m\.?)?"
    r"\s?((?:GMT|UTC)?[+-]\d\d:?\d\d|GMT|UTC|Z)?",
    re.IGNORECASE,
)
_WORD = r"([^\W\d_]{3,12})"
_DAY_MONTH_YEAR = re.compile(
    rf"(\d(?<!\d\d)\d?)(?:st|nd|rd|th|er|º|ª)?\.?[\s/-]?(?:de |of |di |d['’])?{_WORD}"
    # The Levant names its months beside those of Egypt: "نيسان / أبريل".
    r"(?:\s/\s\w{3,12})?\.?,?[\s/-]?(?:de |del )?(\d{4})(?!\d)",
    re.IGNORECASE,
)
_MONTH_DAY_YEAR = re.compile(
    rf"(?<![^\W\d_]){_WORD}\.?[\s/-](\d{{1,2}})(?:st|nd|rd|th)?(?:,\s?|[\s/-])(\d{{4}})(?!\d)", re.IGNORECASE
)
_MONTH_DAY_CLOCK_YEAR = re.compile(
    rf"(?<![^\W\d_]){_WORD}\s(\d{{1,2}})\s\d\d:\d\d:\d\d\s(?:\w{{3,5}}\s|[+-]\d{{4}}\s)?(\d{{4}})(?!\d)"
)
# Hungarian, Lithuanian: "2024. május 6.", "2024 m. gegužės 6 d."
_YEAR_MONTH_DAY = re.compile(rf"(\d(?<!\d\d)\d{{3}})[.,]?(?:\sm\.)?[\s-]{_WORD}\.?[\s-](\d{{1,2}})(?![\d:])")
_NUMERIC = re.compile(r"(\d(?<![\d.]\d)\d?)([./-])\s?(\d{1,2})\2\s?(\d{4}|\d\d)(?![\d])")
_CJK = re.compile(r"(\d\d{3})\s?[年년]\s?(\d{1,2})\s?[月월]\s?(\d{1,2})\s?[日일]")
_VIETNAMESE = re.compile(r"(\d(?<!\d\d)\d?) tháng (\d{1,2}),?(?: năm)? (\d{4})(?!\d)", re.IGNORECASE)
_EPOCH = re.compile(r"\d{10}(?:\d{3})?$")
_DIGITS_OF_A_MOMENT = re.compile(r"20\d{12}$")
_URL_DATES = (
    (re.compile(r"/(\d{4})[/_-](\d{1,2})[/_-](\d{1,2})(?=[/_-]|\b)"), (1, 2, 3)),
    (re.compile(r"[/_-](20\d\d)-?(\d\d)-?(\d\d)(?=\D)"), (1, 2, 3)),
    (re.compile(r"[/_-](\d\d)[_-](\d\d)[_-](20\d\d)(?=\D)"), (3, 2, 1)),
)
"""Patterns of days in a path, and the numbers of their groups for year, month and day."""


has_year = _ANCHOR.search
"""Quick test for texts that can hold a date."""


class FoundDate(NamedTuple):
    """A date and its place in a text."""

    start: int
    end: int
    iso: str


def parse_date(value: str | None, *, month_first: bool = False) -> str | None:
    """Read a short value as a date in ISO 8601; None of any other value.

    `month_first`: 03/04/2020 is the fourth of March.
    """
    if not value:
        return None
    value = " ".join(value[:MAX_DATE_TEXT].split())
    if _EPOCH.match(value):
        return _from_epoch(int(value[:10]))
    if _DIGITS_OF_A_MOMENT.match(value):
        value = value[:8]
    isos = (read(found, month_first) for read, pattern in _forms_in(value) for found in pattern.finditer(value))
    return next(filter(None, isos), None)


def find_dates(text: str, *, month_first: bool = False) -> list[FoundDate]:
    """Find dates in running text, in their order."""
    found: dict[int, FoundDate] = {}
    for anchor in islice(_ANCHOR.finditer(text), MAX_ANCHORS):
        start = max(0, anchor.start() - BESIDE_YEAR)
        for near in _dates_in(text, month_first, start, anchor.end() + BESIDE_YEAR):
            found.setdefault(near.start, near)
        if len(found) >= MAX_FOUND:
            break
    return sorted(found.values())


def _dates_in(text: str, month_first: bool, start: int, end: int) -> Iterator[FoundDate]:
    for read, pattern in _forms_in(text):
        for found in pattern.finditer(text, start, end):
            iso = read(found, month_first)
            if iso:
                yield FoundDate(found.start(), found.end(), iso)


def _iso(found: re.Match[str], _: bool) -> str | None:
    year, *days, hour, minute, second, zone = found.groups()
    month, day = filter(None, days)
    found_day = _day(year, month, day)
    return found_day and found_day + (_time(hour, minute, second, zone) if hour else "")


def _day_month_year(found: re.Match[str], _: bool) -> str | None:
    return _with_clock(_day(found[3], _MONTHS.get(found[2].lower()), found[1]), found)


def _month_day_year(found: re.Match[str], _: bool) -> str | None:
    return _with_clock(_day(found[3], _MONTHS.get(found[1].lower()), found[2]), found)


def _year_month_day(found: re.Match[str], _: bool) -> str | None:
    return _day(found[1], _MONTHS.get(found[2].lower()), found[3])


def _vietnamese(found: re.Match[str], _: bool) -> str | None:
    return _with_clock(_day(found[3], found[2], found[1]), found)


def _cjk(found: re.Match[str], _: bool) -> str | None:
    return _day(found[1], found[2], found[3])


def _numeric(found: re.Match[str], month_first: bool) -> str | None:
    one, separator, two, year = found.groups()
    american = int(two) > 12 or (month_first and separator == "/" and int(one) <= 12)
    month, day = (one, two) if american else (two, one)
    return _with_clock(_day(year if len(year) == 4 else f"20{year}", month, day), found)


_Form = tuple[Callable[[re.Match[str], bool], str | None], re.Pattern[str]]
_FORMS: tuple[_Form, ...] = (
    (_iso, _ISO),
    (_day_month_year, _DAY_MONTH_YEAR),
    (_month_day_year, _MONTH_DAY_YEAR),
    (_month_day_year, _MONTH_DAY_CLOCK_YEAR),
    (_year_month_day, _YEAR_MONTH_DAY),
    (_cjk, _CJK),
    (_vietnamese, _VIETNAMESE),
    (_numeric, _NUMERIC),
)
_ASCII_FORMS = tuple(form for form in _FORMS if form[1] not in (_CJK, _VIETNAMESE))


def _forms_in(text: str) -> tuple[_Form, ...]:
    return _ASCII_FORMS if text.isascii() else _FORMS


def _day(year: str, month: str | int | None, day: str) -> str | None:
    if month is None or int(year) < OLDEST_YEAR:
        return None
    try:
        parsed = date(int(year), int(month), int(day))
    except ValueError:
        return None
    return parsed.isoformat() if parsed <= _STARTED or parsed <= date.today() + _AHEAD else None


def _with_clock(day: str | None, found: re.Match[str]) -> str | None:
    """Add the time of day right after `day`."""
    clock = _CLOCK.match(found.string, found.end()) if day else None
    return day and day + (_clock_time(clock) if clock else "")


def _clock_time(found: re.Match[str]) -> str:
    hour, minute, second, half, zone = found.groups()
    if half:
        hour = str(int(hour) % 12 + (12 if half[0] in "pP" else 0))
    return _time(hour, minute, second, zone)


def _time(hour: str, minute: str, second: str | None, zone: str | None) -> str:
    if int(hour) > 23 or int(minute) > 59 or int(second or 0) > 59:
        return ""
    clock = f"T{int(hour):02}:{minute}" + (f":{second}" if second else "")
    return clock + _zone(zone or "")


def _zone(zone: str) -> str:
    if not zone:
        return ""
    offset = zone.upper().removeprefix("GMT").removeprefix("UTC")
    digits = offset[1:].replace(":", "")
    if not digits.isdigit() or int(digits) == 0:
        return "Z"
    hours, minutes = digits[:2], digits[2:] or "00"
    return f"{offset[0]}{hours}:{minutes}" if int(hours) <= WIDEST_ZONE and int(minutes) < 60 else ""


def _from_epoch(seconds: int) -> str | None:
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def date_in_url(path: str) -> str | None:
    """Find the day in a path such as /2019/06/05/ or /20190605-title."""
    for pattern, (year, month, day) in _URL_DATES:
        for found in pattern.finditer(path[:500] + "/"):
            if iso := _day(found[year], found[month], found[day]):
                return iso
    return None
