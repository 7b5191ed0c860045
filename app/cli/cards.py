"""Results of a batch as cards on a terminal.

Rule 1: what a page or a caller says is text and never markup or a control sequence of the terminal.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.panel import Panel
from rich.text import Text

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
WIDTH = 100  # columns that a card takes at most

Result = Mapping[str, Any]


def show_results(console: Console, results: list[Result]) -> None:
    """A card for each result of `{"results": [...]}`."""
    for result in results:
        console.print(_card(result))


def _card(result: Result) -> Panel:
    told = _success(result["data"]) if result["success"] else _failure(result["error"])
    return Panel(
        Text("\n", overflow="fold").join(told),
        title=_plain(result["url"], "dim"),
        title_align="left",
        subtitle="from the cache" if result.get("cache_hit") else None,
        subtitle_align="right",
        border_style="green" if result["success"] else "red",
        width=WIDTH,
    )


def _success(data: Mapping[str, Any]) -> Iterator[Text]:
    article, meta = data["article"], data["meta"]
    facts = (data["site_name"], data["type"], article["author"], article["published_time"], meta["language"])
    yield _plain(data["title"] or "(no title)", "bold")
    if any(facts):
        yield _plain(" · ".join(fact for fact in facts if fact), "cyan")
    if data["description"]:
        yield _plain(data["description"])
    for name, url in (("image", data["image"]), ("icon", meta["favicon"])):
        if url:
            yield Text.assemble((f"{name}\u00a0", "bold dim"), _plain(url, "dim"))


def _failure(error: Mapping[str, Any]) -> Iterator[Text]:
    yield _plain(error["code"], "bold red")
    yield _plain(error["message"])
    yield _plain("Worth another try." if error["retryable"] else "Another try would end the same.", "dim")


def _plain(text: str, style: str = "") -> Text:
    return Text(_CONTROL.sub("\ufffd", " ".join(text.split())), style)
