"""`pagecard demo`: the main job in one command, on pages of our own; nothing leaves loopback.

Rule 1: what is shown is the real service, `pagecard serve`, asked over HTTP as any client asks it.
Rule 2: what is shown is checked, and all that was started is ended.
"""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any, ClassVar

import click
import orjson
import requests
from rich.console import Console
from rich.json import JSON
from rich.rule import Rule
from rich.syntax import Syntax

from app.cli.cards import show_results
from app.cli.serving import Service, serving

SAMPLES = Path(__file__).parent / "samples"
TYPES = {".html": "text/html; charset=utf-8", ".svg": "image/svg+xml"}
SLOW = 1.5  # seconds
TITLES = {
    "/rich.html": "How the lighthouse learned to blink",
    "/bare.html": "Notes on tying knots",
    "/slow.html": "La marée prend son temps",
    "/lighthouse.svg": "lighthouse.svg",
}
BROKEN = "/broken.html"


class _Samples(BaseHTTPRequestHandler):
    """Sample pages, a slow page and a failing page among them."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        time.sleep(SLOW if self.path == "/slow.html" else 0)
        file = SAMPLES / self.path.removeprefix("/")
        if self.path in TITLES:
            self._answer(200, TYPES[file.suffix], file.read_bytes())
        else:
            self._answer(503, TYPES[".html"], b"<title>Back soon</title>")

    def _answer(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the name that it overrides)
        """Say nothing."""


@dataclass(frozen=True, slots=True)
class _Round:
    """Answer of a batch, and the requests to the sample pages for it."""

    answer: dict[str, Any]
    seconds: float
    fetched: int


@click.command()
def demo() -> None:
    """Serve sample pages on loopback, run a batch over them twice through the real API, and show the results."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("pagecard: demo was stopped"))
    console = Console()
    with _samples() as site, TemporaryDirectory(prefix="pagecard-demo-") as folder:
        console.print("Starting the service on a data folder of its own …", style="dim")
        allowed = site.removeprefix("http://").replace(":", "/32:")
        with serving(Path(folder), {"ALLOW_TARGETS": allowed, "LOG_LEVEL": "error"}) as service:
            urls = [site + path for path in (*TITLES, BROKEN)]
            first, second = (_ask(service, urls) for _ in range(2))
            _show(console, service, urls, first, second)
            sys.exit(not _check(console, urls, first, second))


@contextmanager
def _samples() -> Iterator[str]:
    """The URL of the sample pages, without a slash at its end."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Samples) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def _ask(service: Service, urls: list[str]) -> _Round:
    before, begun = len(_Samples.asked), time.monotonic()
    with requests.Session() as session:
        session.trust_env = False
        answer = session.post(
            f"{service.url}/v1/extract/batch",
            json={"urls": urls},
            headers={"Authorization": f"Bearer {service.first_key}"},
            timeout=60,
        )
    return _Round(answer.json(), time.monotonic() - begun, len(_Samples.asked) - before)


def _show(console: Console, service: Service, urls: list[str], first: _Round, second: _Round) -> None:
    console.print(Rule("The request", align="left"))
    console.print(Syntax(_curl(service, urls), "bash", background_color="default", word_wrap=True))
    console.print(Rule("The answer (what is null or empty left out here)", align="left"))
    console.print(JSON(orjson.dumps(_without_blanks(first.answer)).decode(), indent=2), soft_wrap=True)
    console.print(Rule("The cards", align="left"))
    show_results(console, first.answer["data"]["results"])
    console.print(Rule("The same request again", align="left"))
    show_results(console, second.answer["data"]["results"])
    console.print(Rule("What happened", align="left"))


def _curl(service: Service, urls: list[str]) -> str:
    body = orjson.dumps({"urls": urls}, option=orjson.OPT_INDENT_2).decode()
    return (
        f"curl -s {service.url}/v1/extract/batch \\\n  -H 'Authorization: Bearer {service.first_key}' \\\n"
        f"  -H 'Content-Type: application/json' \\\n  -d '{body}'"
    )


def _without_blanks(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {name: _without_blanks(each) for name, each in value.items()}
        return {name: each for name, each in kept.items() if each not in (None, [], {})}
    return [_without_blanks(each) for each in value] if isinstance(value, list) else value


def _check(console: Console, urls: list[str], first: _Round, second: _Round) -> bool:
    """Print each check and its result."""
    results = [each.answer["data"]["results"] for each in (first, second)]
    *read, broken = results[0]
    titles = [each.get("data", {}).get("title") for each in read]
    facts = {
        f"{len(urls)} results in the order asked, in {first.seconds:.2f} s, where the slowest page took {SLOW} s": all(
            [e["url"] for e in each] == urls for each in results
        ),
        f"{len(read)} pages became cards with the right titles": titles == list(TITLES.values()),
        "the broken page failed alone, TARGET_HTTP_ERROR": broken.get("error", {}).get("code") == "TARGET_HTTP_ERROR",
        f"asked again: every card from the cache, in {second.seconds * 1000:.0f} ms, and no page fetched": (
            all(each["cache_hit"] for each in results[1] if each["success"]) and second.fetched == 0
        ),
    }
    for fact, right in facts.items():
        console.print("[green]✓[/]" if right else "[red]✗[/]", fact, highlight=False)
    return all(facts.values())
