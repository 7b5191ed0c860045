"""`pagecard read`: the main content of a page as Markdown."""

from __future__ import annotations

import sys

import click
import orjson

from app.cli import fail, read_settings


@click.command()
@click.argument("url")
@click.option("--no-links", is_flag=True, help="Texts of links without addresses.")
@click.option("--no-images", is_flag=True, help="No pictures.")
@click.option("--no-cache", is_flag=True, help="Fetch afresh, and keep what was fetched.")
def read(url: str, no_links: bool, no_images: bool, no_cache: bool) -> None:
    """Print the main content of URL as Markdown, after its title, author, date and address.

    Exit status 1 if it cannot be read.
    """
    from app.cards import render_document
    from app.cli.extraction import extract_urls
    from app.extractor import Options

    options = Options(include=frozenset(("markdown",)), fresh=no_cache, links=not no_links, images=not no_images)
    [result] = orjson.loads(extract_urls(read_settings(), [url], options))["results"]
    if not result["success"]:
        fail(f"{result['error']['code']}: {result['error']['message']}")
    if result["data"]["markdown"] is None:
        fail("the target is no HTML, and has no text to read")
    sys.stdout.write(render_document(result["data"]))
