"""A batch in this process: the engine of `pagecard extract`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from app.batch import Outcomes, extract_batch, in_order, parse_urls
from app.cards import render_card, render_link
from app.cli.cards import Result, show_results
from app.deadline import Deadline
from app.extractor import Options
from app.fetch import TargetUrl
from app.logs import configure_logs
from app.results import encode_batch
from app.services import Services
from app.settings import Settings
from app.text import printable

SLICE = 100  # URLs that are asked side by side, each slice within BATCH_TIMEOUT


def extract_urls(settings: Settings, urls: Sequence[str], options: Options) -> bytes:
    """Answer with the JSON of a batch, however many URLs there are."""
    configure_logs("error")
    judged = parse_urls(urls)
    targets = [each for each in judged if isinstance(each, TargetUrl)]
    with closing(Services.open(settings)) as services:
        done = _with_progress(_slices(services, targets, options), len(set(targets)))
        return b"".join(encode_batch(urls, in_order(judged, done)))


def show_cards(results: list[Result]) -> None:
    show_results(Console(), results)


def print_html(results: list[Result]) -> None:
    """Print a card as HTML for each result, and tell failures on standard error."""
    for result in results:
        url = printable(result["url"])
        if not result["success"]:
            click.echo(f"{url}: {result['error']['message']}", err=True)
        click.echo(render_card(result["data"]) if result["success"] else render_link(url))


def _slices(services: Services, targets: Sequence[TargetUrl], options: Options) -> Iterator[Outcomes]:
    unique = list(dict.fromkeys(targets))
    for start in range(0, len(unique), SLICE):
        deadline = Deadline.after(services.settings.batch_timeout)
        some = unique[start : start + SLICE]
        yield from extract_batch(some, services.extractor, services.pool, options, deadline, tenant="")


def _with_progress(done: Iterator[Outcomes], total: int) -> Iterator[Outcomes]:
    """Pass the outcomes on, and show their number in a bar where standard error is a terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("Fetching"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("", total=total)
        for some in done:
            progress.advance(bar, len(some))
            yield some
