"""`pagecard extract`: the engine of the API, its guard and its cache, without the server."""

from __future__ import annotations

import json
import sys
from typing import TextIO

import click

from app.cli import read_settings


@click.command()
@click.argument("urls", nargs=-1, metavar="URL...")
@click.option(
    "--file", type=click.File(encoding="utf-8", errors="replace"), help="One URL a line; - is standard input."
)
@click.option("--json", "as_json", is_flag=True, help='The JSON of a batch: {"results": [...], "summary": {...}}.')
@click.option("--html", "as_html", is_flag=True, help="Cards as HTML without script, one a line; failures as links.")
@click.option("--no-cache", is_flag=True, help="Fetch afresh, and keep what was fetched.")
def extract(urls: tuple[str, ...], file: TextIO | None, as_json: bool, as_html: bool, no_cache: bool) -> None:
    """Turn URLs into cards. Exit status 1 if any of them failed."""
    asked = [*urls, *_lines(file)]
    if not asked:
        raise click.UsageError("Give at least one URL, or --file.")
    if as_json and as_html:
        raise click.UsageError("Give --json or --html, not both.")
    from app.cli.extraction import (
        extract_urls,
        print_html,
        show_cards,
    )  # a second of imports, which --help does without
    from app.extractor import Options

    answer = extract_urls(read_settings(), asked, Options(fresh=no_cache))
    batch = json.loads(answer)
    if as_json:
        click.echo(answer)
    elif as_html:
        print_html(batch["results"])
    else:
        show_cards(batch["results"])
    sys.exit(batch["summary"]["failed"] > 0)


def _lines(file: TextIO | None) -> list[str]:
    return [line.strip() for line in file or () if line.strip()]
