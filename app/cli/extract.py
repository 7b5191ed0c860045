"""`pagecard extract`: the engine of the API, its guard and its cache, without the server."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import TextIO

import click
import orjson
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from app.batch import Outcomes, encode_batch, extract_batch, parse_urls
from app.cli import read_settings
from app.cli.cards import show_results
from app.deadline import Deadline
from app.extractor import Options
from app.fetch import TargetUrl
from app.logs import configure_logs
from app.services import Services
from app.settings import Settings

SLICE = 100  # URLs that are asked side by side, each slice within BATCH_TIMEOUT


@click.command()
@click.argument("urls", nargs=-1, metavar="URL...")
@click.option(
    "--file", type=click.File(encoding="utf-8", errors="replace"), help="One URL a line; - is standard input."
)
@click.option("--json", "as_json", is_flag=True, help='The JSON of a batch: {"results": [...], "summary": {...}}.')
@click.option("--no-cache", is_flag=True, help="Fetch afresh, and keep what was fetched.")
def extract(urls: tuple[str, ...], file: TextIO | None, as_json: bool, no_cache: bool) -> None:
    """Turn URLs into cards. Exit status 1 if any of them failed."""
    asked = [*urls, *_lines(file)]
    if not asked:
        raise click.UsageError("Give at least one URL, or --file.")
    configure_logs("error")
    answer = _extract(read_settings(), asked, Options(fresh=no_cache))
    batch = orjson.loads(answer)
    if as_json:
        click.echo(answer)
    else:
        show_results(Console(), batch["results"])
    sys.exit(batch["summary"]["failed"] > 0)


def _lines(file: TextIO | None) -> list[str]:
    return [line.strip() for line in file or () if line.strip()]


def _extract(settings: Settings, urls: Sequence[str], options: Options) -> bytes:
    judged = parse_urls(urls)
    targets = [each for each in judged if isinstance(each, TargetUrl)]
    with closing(Services.open(settings)) as services:
        done = _with_progress(_slices(services, targets, options), len(set(targets)))
        return b"".join(encode_batch(urls, judged, done))


def _slices(services: Services, targets: Sequence[TargetUrl], options: Options) -> Iterator[Outcomes]:
    unique = list(dict.fromkeys(targets))
    for start in range(0, len(unique), SLICE):
        deadline = Deadline.after(services.settings.batch_timeout)
        some = unique[start : start + SLICE]
        yield from extract_batch(some, services.extractor, services.pool, options, deadline, tenant="")


def _with_progress(done: Iterator[Outcomes], total: int) -> Iterator[Outcomes]:
    """The same, with a bar on standard error where that is a terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("Fetching"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("", total=total)
        for some in done:
            progress.advance(bar, len(some))
            yield some
