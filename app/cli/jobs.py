"""`pagecard jobs`: submit URLs to a running server, watch the job, fetch its results."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, TextIO

import click
import requests
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from app.extractor import FORMATS
from app.jobs.job import ENDED, MAX_URLS, Status

POLL = 1.0  # seconds between two looks at a job
TIMEOUT = 30  # seconds that the server may be silent
CHUNK = 65_536  # bytes


@dataclass(frozen=True, slots=True)
class Server:
    """A running Pagecard, and a key for it."""

    url: str
    key: str

    def ask(self, method: str, path: str, **options: Any) -> requests.Response:
        """Return an answer below 300; exit with a line on any other."""
        while True:
            try:
                answer = requests.request(
                    method,
                    self.url.rstrip("/") + path,
                    headers={"X-Api-Key": self.key},
                    timeout=TIMEOUT,
                    allow_redirects=False,
                    **options,
                )
            except requests.RequestException as error:
                sys.exit(f"pagecard: {self.url} does not answer ({type(error).__name__})")
            if answer.status_code not in (429, 503) or _code(answer) == "QUOTA_EXCEEDED":
                break
            time.sleep(float(answer.headers.get("Retry-After", POLL)))
        if answer.status_code >= 300:
            sys.exit(f"pagecard: {_problem(answer)}")
        return answer

    def job(self, job_id: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.ask("GET", f"/v1/batch/{job_id}?page_size=1").json()
        return found


def _error(answer: requests.Response) -> Mapping[str, Any]:
    try:
        error: Mapping[str, Any] = answer.json()["error"]
    except (ValueError, KeyError, TypeError):
        return {}
    return error


def _code(answer: requests.Response) -> str | None:
    return _error(answer).get("code")


def _problem(answer: requests.Response) -> str:
    error = _error(answer)
    return f"{error['code']}: {error['message']}" if error else f"the server answered {answer.status_code}"


# Their names do not begin with PAGECARD_, which is for what the server is told.
@click.group()
@click.option(
    "--server",
    envvar="PAGECARDCLI_SERVER",
    show_envvar=True,
    default="http://127.0.0.1:8000",
    show_default=True,
    help="Where Pagecard serves.",
)
@click.option("--key", envvar="PAGECARDCLI_KEY", show_envvar=True, required=True, help="An API key of that server.")
@click.pass_context
def jobs(context: click.Context, server: str, key: str) -> None:
    """Work with jobs of a running server."""
    context.obj = Server(server, key)


@jobs.command()
@click.argument("file", type=click.File(encoding="utf-8", errors="replace"))
@click.option("--format", "formats", multiple=True, type=click.Choice(FORMATS), help="What to make of the pages.")
@click.option("--metadata", is_flag=True, help="Add the card of each page.")
@click.option("--render", is_flag=True, help="Read the pages with a browser.")
@click.option("--header", "headers", multiple=True, metavar="NAME:VALUE", help="Send with every request.")
@click.pass_obj
def submit(
    server: Server, file: TextIO, formats: tuple[str, ...], metadata: bool, render: bool, headers: tuple[str, ...]
) -> None:
    """Send the URLs of FILE, one a line (- is standard input), and print the id of the job.

    More than 1,000 URLs become several jobs.
    """
    urls = [line.strip() for line in file if line.strip()]
    if not urls:
        raise click.UsageError("FILE names no URL.")
    asked: dict[str, Any] = {
        "formats": list(formats) if formats or metadata else ["markdown"],
        "include_metadata": metadata,
        "render_js": render,
    }
    if headers:
        asked["headers"] = dict(map(_header, headers))
    for start in range(0, len(urls), MAX_URLS):
        accepted = server.ask("POST", "/v1/batch", json=asked | {"urls": urls[start : start + MAX_URLS]}).json()
        for url in accepted["invalid_urls"]:
            click.echo(f"not accepted: {url}", err=True)
        click.echo(accepted["job_id"])


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon:
        raise click.UsageError(f"A header is NAME:VALUE, not {text!r}.")
    return name.strip(), value.strip()


@jobs.command()
@click.argument("job_id")
@click.pass_obj
def watch(server: Server, job_id: str) -> None:
    """Show the progress of a job until its end. Exit status 1 unless completed."""
    console = Console(stderr=True)
    columns = (
        *(TextColumn("{task.fields[status]}"), BarColumn(), MofNCompleteColumn()),
        *(TextColumn("{task.fields[rate]}"), TextColumn("{task.fields[failed]} failed"), TimeElapsedColumn()),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", status="", rate="", failed=0)
        for job, rate in _looks(server, job_id):
            ended = job["total_urls"] - job["pending_urls"]
            progress.update(
                task,
                total=job["total_urls"],
                completed=ended,
                status=job["status"],
                rate=f"{rate:.1f}/s",
                failed=job["failed_urls"],
            )
    click.echo(
        f"{job['status']}: {job['completed_urls']} of {job['total_urls']} read,"
        f" {job['failed_urls']} failed, {job['cancelled_urls']} cancelled"
    )
    sys.exit(job["status"] != Status.COMPLETED)


def _looks(server: Server, job_id: str) -> Iterator[tuple[Mapping[str, Any], float]]:
    """The job again and again, with the items that end each second, until the last has ended."""
    begun, already = time.monotonic(), None
    while True:
        job = server.job(job_id)
        ended = job["total_urls"] - job["pending_urls"]
        already = ended if already is None else already
        yield job, (ended - already) / max(time.monotonic() - begun, POLL)
        if job["status"] in ENDED and not job["pending_urls"]:
            return
        time.sleep(POLL)


@jobs.command()
@click.argument("job_id")
@click.option("--format", "kind", type=click.Choice(("ndjson", "csv")), default="ndjson", show_default=True)
@click.option("--output", type=click.File("wb"), default="-", help="A file; standard output unless given.")
@click.pass_obj
def results(server: Server, job_id: str, kind: str, output: BinaryIO) -> None:
    """Fetch every result, in the order of the URLs sent."""
    with server.ask("GET", f"/v1/batch/{job_id}/results?format={kind}", stream=True) as answer:
        for piece in answer.iter_content(CHUNK):
            output.write(piece)
