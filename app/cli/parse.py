"""`pagecard parse`: read saved pages as the API would. No network, no database."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import click
import orjson

from app.cli import read_settings
from app.content import content_fields
from app.errors import UnsupportedContent
from app.metadata import Document, encode, flat_fields, has_card, read_metadata
from app.page import Page

HTML = "text/html"
TEXTS = ("html_path", "url")


@click.command()
@click.argument("file", required=False, type=click.File("rb"))
@click.option("--url", help="Where the page is from; its relative links are read against it.")
@click.option("--content-type", default=HTML, show_default=True, help="The Content-Type that it was served with.")
@click.option("--markdown", is_flag=True, help="Add `markdown` and `main_content`.")
@click.option("--ndjson", is_flag=True, help="Read many: standard input names a page a line.")
@click.option(
    "--root",
    default=".",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="With --ndjson: the folder that html_path is relative to.",
)
def parse(file: IO[bytes] | None, url: str | None, content_type: str, markdown: bool, ndjson: bool, root: Path) -> None:
    """Read the saved page FILE (- is standard input) and print what the API's `data` would be.

    With --ndjson each line of standard input is {"id", "html_path", "url", "content_type"?}, and each line of the
    output {"id", "data": {...}} and the fields that collections of labelled pages use, side by side; with --markdown
    also {"markdown", "main_content"}, the text of what the page is about. A page that
    cannot be read gives {"id", "error"}, and in the end exit status 1.
    """
    max_bytes = read_settings().max_bytes
    if ndjson and not file:
        sys.exit(not _parse_lines(sys.stdin.buffer, root, max_bytes, markdown))
    if ndjson or not file or not url:
        raise click.UsageError("Give a FILE and its --url, or --ndjson and neither.")
    try:
        document = _document(file.read(), url, content_type, max_bytes)
    except UnsupportedContent as error:
        raise click.ClickException(error.message) from None
    metadata = read_metadata(document)
    content = content_fields(document, metadata, max_bytes) if markdown else {}
    _print(orjson.loads(encode(metadata)) | content, orjson.OPT_INDENT_2)


def _parse_lines(lines: IO[bytes], root: Path, max_bytes: int, markdown: bool) -> bool:
    """Answer each line; whether all were read."""
    complete = True
    for number, line in enumerate(lines, 1):
        if line.strip():
            answer = _parse_line(number, line, root, max_bytes, markdown)
            complete &= "error" not in answer
            _print(answer)
    return complete


def _parse_line(number: int, line: bytes, root: Path, max_bytes: int, markdown: bool) -> dict[str, Any]:
    try:
        asked = orjson.loads(line)
        if not isinstance(asked, dict):
            raise TypeError("must be a JSON object")
    except (ValueError, TypeError) as error:
        return {"id": None, "error": f"line {number}: {error}"}
    try:
        return {"id": asked.get("id"), **_answer(asked, root, max_bytes, markdown)}
    except Exception as error:  # one page must not cost the others their answers
        return {"id": asked.get("id"), "error": _reason(error)}


def _answer(asked: Mapping[str, Any], root: Path, max_bytes: int, markdown: bool) -> dict[str, Any]:
    missing = [name for name in TEXTS if not isinstance(asked.get(name), str)]
    if missing:
        raise ValueError(f"{' and '.join(missing)} must be given, as a string")
    body = (root / asked["html_path"]).read_bytes()
    document = _document(body, asked["url"], asked.get("content_type") or HTML, max_bytes)
    metadata = read_metadata(document)
    content = content_fields(document, metadata, max_bytes) if markdown else {}
    return {"data": orjson.Fragment(encode(metadata)), **flat_fields(document, metadata), **content}


def _document(body: bytes, url: str, content_type: str, max_bytes: int) -> Document:
    """Build a page like the fetcher. Raises UnsupportedContent for a type without a card."""
    page = Page(url, url, 200, content_type, body[:max_bytes], len(body) > max_bytes, len(body))
    if not has_card(page):
        raise UnsupportedContent
    return Document(page)


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return str(error) or type(error).__name__


def _print(value: object, option: int = 0) -> None:
    sys.stdout.buffer.write(orjson.dumps(value, option=option | orjson.OPT_APPEND_NEWLINE))
