"""`pagecard check`: grade how links to pages look elsewhere. Files are read without network or database."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urljoin, urlsplit

import click
import orjson

from app.cli import read_settings
from app.validation.model import GRADES

HTML = "text/html"
SUFFIXES = (".html", ".htm", ".xhtml")
BASE = "https://localhost/"
FORMATS = ("text", "json", "github")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of one page. `validation` is None for a page that cannot be read, `problem` says why."""

    name: str
    validation: dict[str, Any] | None = None
    problem: str = ""

    def passes(self, least: str) -> bool:
        return self.validation is not None and self.validation["score"] >= GRADES[least]


@click.command()
@click.argument("places", nargs=-1, required=True, metavar="URL|FILE|DIR...")
@click.option("--min-grade", type=click.Choice(list(GRADES)), default="B", show_default=True, help="The least grade.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True, help="Of the output.")
@click.option(
    "--url", "base", default=BASE, show_default=True, help="Address that DIR, or FILE's folder, is published at."
)
def check(places: tuple[str, ...], min_grade: str, form: str, base: str) -> None:
    """Grade how links to pages look on social platforms.

    A URL is fetched; FILE and DIR are read offline. Exit status 1 if a page is below the grade, 2 if one cannot be
    read.
    """
    pages = list(_pages(places, base))
    _WRITERS[form](pages, min_grade)
    if any(page.validation is None for page in pages):
        sys.exit(2)
    sys.exit(not all(page.passes(min_grade) for page in pages))


def _pages(places: tuple[str, ...], base: str) -> Iterator[Verdict]:
    """Check each place, in order; URLs side by side."""
    fetched = _fetch([place for place in places if _is_url(place)])
    for place in places:
        if _is_url(place):
            yield fetched[place]
        elif Path(place).is_dir():
            yield from _folder(Path(place), base)
        else:
            yield _file(Path(place), Path(place).parent, base)


def _is_url(place: str) -> bool:
    return place.lower().startswith(("http://", "https://"))


def _fetch(urls: list[str]) -> dict[str, Verdict]:
    if not urls:
        return {}
    from app.cli.extraction import extract_urls
    from app.extractor import VALIDATION, Options

    options = Options(include=frozenset((VALIDATION,)), fresh=True)
    results = orjson.loads(extract_urls(read_settings(), urls, options))["results"]
    return {result["url"]: _verdict(result) for result in results}


def _verdict(result: dict[str, Any]) -> Verdict:
    if not result["success"]:
        return Verdict(result["url"], problem=result["error"]["message"])
    return Verdict(result["url"], result["data"]["validation"])


def _folder(folder: Path, base: str) -> Iterator[Verdict]:
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    if not files:
        yield Verdict(str(folder), problem="has no HTML page")
    for path in files:
        yield _file(path, folder, base)


def _file(path: Path, root: Path, base: str) -> Verdict:
    try:
        body = path.read_bytes()
    except OSError as error:
        return Verdict(str(path), problem=error.strerror or type(error).__name__)
    return Verdict(str(path), _validate(body, _address(path.relative_to(root), base), root))


def _address(path: Path, base: str) -> str:
    name = path.as_posix()
    return urljoin(base, quote(name.removesuffix("index.html") if path.name == "index.html" else name))


def _validate(body: bytes, url: str, root: Path) -> dict[str, Any]:
    import msgspec

    from app.metadata import Document, read_metadata
    from app.page import Page
    from app.validation import validate_page

    limit = read_settings().max_bytes
    document = Document(Page(url, url, 200, HTML, body[:limit], len(body) > limit, len(body)))
    metadata = read_metadata(document)
    size = _size(root, metadata.open_graph.image)
    told: dict[str, Any] = msgspec.to_builtins(
        validate_page(document, metadata, robots=_robots(root), image_bytes=size)
    )
    return told


def _robots(root: Path) -> str:
    try:
        return (root / "robots.txt").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _size(root: Path, image: str | None) -> int | None:
    """Bytes of a picture that lies in the folder; None elsewhere."""
    if not image:
        return None
    try:
        file = (root / unquote(urlsplit(image).path).lstrip("/")).resolve()
        return file.stat().st_size if file.is_relative_to(root.resolve()) and file.is_file() else None
    except (OSError, ValueError):
        return None


def _as_text(pages: list[Verdict], least: str) -> None:
    for page in pages:
        if page.validation is None:
            click.echo(f"-   {page.name}: {page.problem}")
            continue
        click.echo(f"{page.validation['grade']} {page.validation['score']:3} {page.name}")
        for advice in page.validation["recommendations"]:
            click.echo(f"      {advice}")
    passed = sum(page.passes(least) for page in pages)
    click.echo(f"{passed} of {len(pages)} pages have grade {least} or better.")


def _as_json(pages: list[Verdict], least: str) -> None:
    told = [
        {"page": page.name, "passed": page.passes(least), "error": page.problem or None, "validation": page.validation}
        for page in pages
    ]
    click.echo(orjson.dumps({"min_grade": least, "pages": told}).decode())


def _as_github(pages: list[Verdict], least: str) -> None:
    """Write workflow commands of GitHub Actions: errors for pages below the grade, else warnings."""
    for page in pages:
        level = "warning" if page.passes(least) else "error"
        if page.validation is None:
            _annotate(level, page.name, "Link preview", page.problem)
            continue
        title = f"Link preview: grade {page.validation['grade']}, {page.validation['score']} of 100"
        for advice in page.validation["recommendations"]:
            _annotate(level, page.name, title, advice)


def _annotate(level: str, name: str, title: str, message: str) -> None:
    click.echo(f"::{level} file={_property(name)},title={_property(title)}::{_message(message)}")


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")


_WRITERS = {"text": _as_text, "json": _as_json, "github": _as_github}
