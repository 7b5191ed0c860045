"""Compare the token table with html5lib over its test suite or over real pages.

    python tests/benchmarks/html5lib_tests.py SUITE_DIR
    python tests/benchmarks/html5lib_tests.py --pages PAGES_DIR

SUITE_DIR holds the data files of html5lib-tests (`tokenizer/*.test`, `tree-construction/*.dat`). Each input is read
alone and followed by marker tags. Names and values of title, meta, link, base, h1, JSON-LD scripts and the attributes
of `<html>` are compared, in order. Each difference is counted under its reason in `REASONS`; a difference without a
reason is printed, and makes the exit status 1.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

from html5lib import HTMLParser

sys.path.append(str(Path(__file__).parents[2]))

from app.metadata.html import charset
from app.metadata.html.table import COMPILED, TokenTable, read_table

MARKERS = (
    "<title>marker</title><meta name=marker content=1><link rel=marker href=/1><base href=/2>"
    '<script type="application/ld+json">{"marker": 1}</script><html lang=marker>'
)
WANTED = ("title", "meta", "link", "base", "script", "h1")
HTML = "{http://www.w3.org/1999/xhtml}"

Seen = list[tuple[str, Any]]


def tests(suite: Path) -> Iterator[tuple[str, str]]:
    """(file, input) of each test."""
    for file in sorted(suite.glob("tokenizer/*.test")):
        for test in json.loads(file.read_text(encoding="utf-8")).get("tests", []):
            text = test["input"]
            yield file.name, _unescape(text) if test.get("doubleEscaped") else text
    for file in sorted(suite.glob("tree-construction/**/*.dat")):
        for block in re.split(r"(?:\A|\n\n?)#data\n", file.read_bytes().decode())[1:]:
            yield file.name, block.partition("\n#errors")[0]


def _unescape(text: str) -> str:
    return re.sub(r"\\u([0-9A-Fa-f]{4})", lambda found: chr(int(found[1], 16)), text)


def without_surrogates(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def in_utf8(text: str) -> bytes:
    """`text` as `charset.to_utf8` gives it to readers."""
    return text.replace("\0", "\ufffd").encode()


def seen_by_table(table: TokenTable) -> Seen:
    """Elements that the table holds, with attributes and text."""
    seen: Seen = [("html", table.merged("html"))]
    for row in table.all(*WANTED):
        name, attributes = table.name(row), table.attributes(row)
        if name == "h1":
            seen.append((name, attributes))
        elif name != "script" or is_json_ld(attributes):
            seen.append((name, (attributes, table.raw_text(row) if name in ("title", "script") else "")))
    return seen


def is_json_ld(attributes: dict[str, str]) -> bool:
    return attributes.get("type", "").strip().lower() == "application/ld+json"


def seen_by_html5lib(text: str) -> Seen:
    """Elements that html5lib finds, those in templates left out."""
    root = HTMLParser().parse(text, scripting=False)
    return [("html", attributes_of(root)), *_walk(root)]


def attributes_of(element: Element) -> dict[str, str]:
    return {str(name): value for name, value in element.attrib.items()}


def _walk(root: Element) -> Iterator[tuple[str, Any]]:
    waiting = [root]
    while waiting:
        element = waiting.pop()
        tag = str(element.tag)
        name = tag.removeprefix(HTML)
        if name != "template":
            waiting.extend(reversed(element))
        if tag.startswith(HTML) and name in WANTED:
            attributes = attributes_of(element)
            if name == "h1":
                yield name, attributes
            elif name != "script" or is_json_ld(attributes):
                yield name, (attributes, (element.text or "") if name in ("title", "script") else "")


REASONS = {
    "a template is inert: html5lib 1.1 reads it as any element": re.compile("<template", re.IGNORECASE),
    "a select holds any element since 2025: html5lib 1.1 drops them": re.compile("<select", re.IGNORECASE),
    "</p> and </br> end SVG and MathML since 2020: html5lib 1.1 ignores them": re.compile("<(?:svg|math)></(?:p|br)>"),
    "</td> ends a cell from within an HTML element in SVG": re.compile("<foreignObject>.*</td>"),
    "NUL is U+FFFD before the page is read, so that it ends the head": re.compile("\0"),
}
"""Why the table and html5lib 1.1 may differ on an input that matches."""


def reason(text: str) -> str | None:
    """First reason that allows a difference."""
    return next((reason for reason, pattern in REASONS.items() if pattern.search(text)), None)


def inputs(suite: Path) -> Iterator[tuple[str, str]]:
    """(name, text) of each test, alone and followed by markers."""
    for file, text in tests(suite):
        yield file, without_surrogates(text)
        yield f"{file} + markers", without_surrogates(text + MARKERS)


def pages(folder: Path) -> Iterator[tuple[str, str]]:
    """(name, text) of each page."""
    for file in sorted(folder.rglob("*.html")):
        yield str(file.relative_to(folder)), charset.to_utf8(file.read_bytes())[0].decode("utf-8", "replace")


def compare(texts: Iterator[tuple[str, str]]) -> Counter[str]:
    """Count the inputs by outcome, and print each difference that has no reason."""
    outcomes: Counter[str] = Counter()
    for name, text in texts:
        ours, theirs = seen_by_table(read_table(in_utf8(text))), seen_by_html5lib(text)
        outcome = "agree" if ours == theirs else reason(text) or "DIFFER"
        outcomes[outcome] += 1
        if outcome == "DIFFER":
            print(name, repr(text[:200]), differences(ours, theirs), differences(theirs, ours), sep="\n  ")
    return outcomes


def differences(some: Seen, others: Seen) -> str:
    return str([each for each in some if each not in others])[:300]


def main() -> int:
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suite", type=Path, nargs="?")
    parser.add_argument("--pages", type=Path)
    options = parser.parse_args()
    outcomes = compare(pages(options.pages) if options.pages else inputs(options.suite))
    total = outcomes.total()
    print(f"{total:,} inputs, read {'compiled' if COMPILED else 'in Python'}")
    for outcome, count in outcomes.most_common():
        print(f"{count:7,}  {count / total:7.2%}  {outcome}")
    return 1 if outcomes["DIFFER"] else 0


if __name__ == "__main__":
    sys.exit(main())
