"""Language of a page, as a BCP 47 tag."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from app.metadata import jsonld
from app.metadata.containment import contained, nothing
from app.metadata.document import Document
from app.metadata.model import OpenGraph
from app.metadata.values import first_of

MAX_LANGUAGE = 100
"""Characters of a value that is read as a language."""

MAX_ARTICLES = 10
"""Elements around an article or its headline that may declare a language."""

_METAS = (
    "content-language",
    "language",
    "dc.language",
    "dcterms.language",
    "inlanguage",
    "article:language",
    "og:language",
)
_TAG = re.compile(r"[a-z]{2,3}(?:[-_][a-z0-9]{1,8})*(?=[\s,;.@]|$)", re.IGNORECASE)
# RFC 5646, 2.2.1: the shorter code of ISO 639 is the right one where there are two.
_SHORTER = {
    "ara": "ar", "bul": "bg", "ces": "cs", "chi": "zh", "cze": "cs", "dan": "da", "deu": "de", "dut": "nl", "ell": "el",
    "eng": "en", "fin": "fi", "fra": "fr", "fre": "fr", "ger": "de", "gre": "el", "heb": "he", "hin": "hi", "hrv": "hr",
    "hun": "hu", "ind": "id", "ita": "it", "jpn": "ja", "kor": "ko", "nld": "nl", "nor": "no", "pol": "pl", "por": "pt",
    "ron": "ro", "rum": "ro", "rus": "ru", "slk": "sk", "slo": "sk", "slv": "sl", "spa": "es", "srp": "sr", "swe": "sv",
    "tha": "th", "tur": "tr", "ukr": "uk", "vie": "vi", "zho": "zh",
}  # fmt: skip
_NAMES = {
    "arabic": "ar", "chinese": "zh", "czech": "cs", "danish": "da", "dansk": "da", "deutsch": "de", "dutch": "nl",
    "english": "en", "español": "es", "finnish": "fi", "francais": "fr", "français": "fr", "french": "fr",
    "german": "de", "greek": "el", "hindi": "hi", "hungarian": "hu", "italian": "it", "italiano": "it",
    "japanese": "ja", "korean": "ko", "nederlands": "nl", "norwegian": "no", "polish": "pl", "polski": "pl",
    "portuguese": "pt", "português": "pt", "russian": "ru", "spanish": "es", "svenska": "sv", "swedish": "sv",
    "turkish": "tr", "ukrainian": "uk", "русский": "ru", "日本語": "ja", "中文": "zh",
}  # fmt: skip


@contained("language", nothing)
def read_language(document: Document, og: OpenGraph) -> str | None:
    """Read the declared language of a page; None without a valid tag."""
    return next(
        (tag for value in _declared(document, og) if value and (tag := language_tag(value[:MAX_LANGUAGE]))), None
    )


def _declared(document: Document, og: OpenGraph) -> Iterator[str | None]:
    yield document.language
    yield og.locale
    yield from document.meta_all(*_METAS)
    for node in document.json_ld.nodes:
        yield _language_of(node.get("inLanguage"))
    # HTML standard, 3.2.6.2: what the page itself leaves open
    yield document.page.headers.get("content-language")
    yield _own_alternate(document)
    yield _language_of_article(document)


@lru_cache(maxsize=256)
def language_tag(value: str) -> str | None:
    """Read the first language of a value, in the case of RFC 5646, 2.1.1; None without any."""
    value = value.strip()
    if name := _NAMES.get(value.lower()):
        return name
    found = _TAG.match(value)
    if found is None:
        return None
    language, *others = re.split("[-_]", found[0].lower())
    return "-".join((_SHORTER.get(language, language), *(_cased(other) for other in others)))


def _cased(subtag: str) -> str:
    """A region in capitals, a script like a name."""
    return subtag.upper() if len(subtag) == 2 else subtag.title() if len(subtag) == 4 else subtag


def _language_of(value: object) -> str | None:
    """schema.org: a tag, or a `Language` whose code stands in `alternateName` or `identifier`."""
    if isinstance(value, dict):
        value = value.get("alternateName") or value.get("identifier") or value
    return jsonld.text_of(value)


def _own_alternate(document: Document) -> str | None:
    """Language of the page in its list of translations, where it stands as well."""
    own = {document.page.final_url, document.link("canonical")}
    for rels, link in document.links:
        if (
            "alternate" in rels
            and link.get("hreflang", "x-default") != "x-default"
            and document.resolve(link["href"]) in own
        ):
            return link["hreflang"]
    return None


def _language_of_article(document: Document) -> str | None:
    table = document.table
    rows = table.all("article", "main", "h1")[:MAX_ARTICLES]
    return first_of(table.attribute(row, "lang") for row in rows)
