"""What reading one page in memory costs, and how often it is right, beside other readers in the same run.

    python tests/benchmarks/read.py [PAGES_DIR] [--labels LABELS.jsonl] [--sample N] [--rounds N]
        [--readers pagecard,extruct]

Without a folder it reads synthetic pages, and has no accuracy to tell. A line of LABELS.jsonl is
`{"id", "url", "html_path", "content_type"?, "expected": {field: value}, "label_kind"?}`; what counts as equal
is decided by the `score.py` beside it. Readers that are not installed are left out, with the reason.

Rule 1: CPU time of this thread's process, warm, one page after the other, every field a reader has.
Rule 2: every reader is given the same bytes and the same URL, and may decode them as it likes.
Rule 3: nothing is fetched; a reader that would look something up is refused, and must do without.
Rule 4: the readers take turns, a round over all pages each, and of a page's rounds the cheapest counts, as `timeit`
        has it: what else a machine does only ever adds.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import random
import statistics
import sys
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[2]))  # what is installed goes first: its tokenizer is compiled

from pages import synthetic_pages

from app.metadata import COMPILED, Document, flat_fields, read_metadata
from app.page import Page

FIELDS = ("title", "description", "image", "author", "date", "publisher", "lang", "canonical_url", "favicon")
WARM_UP = 20

Fields = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sample:
    """A page and what is known about it."""

    id: str
    url: str
    body: bytes
    content_type: str
    expected: Fields


Reader = Callable[[Sample], Fields]
Compare = Callable[[str, Any, Any], bool]


def pagecard() -> Reader:
    """This house, all fields."""

    def read(sample: Sample) -> Fields:
        document = Document(Page(sample.url, sample.url, 200, sample.content_type, sample.body))
        return flat_fields(document, read_metadata(document))

    return read


def extruct() -> Reader:
    """JSON-LD, Open Graph and microdata by extruct on one tree, and the obvious rules."""
    from extruct.jsonld import JsonLdExtractor
    from extruct.opengraph import OpenGraphExtractor
    from extruct.w3cmicrodata import MicrodataExtractor
    from lxml import html

    json_ld, open_graph, microdata = JsonLdExtractor(), OpenGraphExtractor(), MicrodataExtractor()

    def attempt(extractor: Any, tree: Any, url: str) -> list[Any]:
        try:
            return list(extractor.extract_items(tree, base_url=url))
        except Exception:  # one broken script loses them all
            return []

    def read(sample: Sample) -> Fields:
        tree = html.document_fromstring(sample.body, html.HTMLParser(encoding="utf-8"))
        tags = [tag for item in attempt(open_graph, tree, sample.url) for tag in item["properties"]]
        og = dict(reversed(tags))
        works = [item for item in attempt(json_ld, tree, sample.url) if isinstance(item, dict) and "@type" in item]
        works += [item.get("properties", {}) for item in attempt(microdata, tree, sample.url)]
        work: Fields = next((item for item in works if "headline" in item or "datePublished" in item), {})

        def at(path: str) -> str | None:
            found = tree.xpath(path)
            return str(found[0]).strip() if found else None

        return {
            "title": og.get("og:title") or work.get("headline") or at("//title/text()"),
            "description": og.get("og:description") or at("//meta[@name='description']/@content"),
            "image": og.get("og:image") or work.get("image"),
            "author": work.get("author") or at("//meta[@name='author']/@content"),
            "date": work.get("datePublished") or og.get("article:published_time"),
            "publisher": og.get("og:site_name"),
            "lang": at("/html/@lang"),
            "canonical_url": at("//link[@rel='canonical']/@href") or og.get("og:url"),
            "favicon": at("//link[contains(@rel, 'icon')]/@href"),
        }

    return read


def naive() -> Reader:
    """BeautifulSoup over the whole page, as it is usually written."""
    from naive import read as read_naively

    return _flat(read_naively)


def bound() -> Reader:
    """lxml on the head, once, and a dozen fields: what the service's upper reference reads, and no more."""
    from bound import read as read_the_head

    return _flat(read_the_head)


def _flat(read_card: Callable[[str, bytes], Fields]) -> Reader:
    def read(sample: Sample) -> Fields:
        card = read_card(sample.url, sample.body)
        meta, article = card.get("meta") or {}, card.get("article") or {}
        named = {
            "author": meta.get("author"),
            "date": article.get("published_time"),
            "publisher": (card.get("open_graph") or {}).get("site_name"),
            "lang": meta.get("language") or card.get("language"),
            "canonical_url": meta.get("canonical_url") or card.get("canonical_url"),
            "favicon": meta.get("favicon") or card.get("favicon"),
        }
        return card | named

    return read


def trafilatura() -> Reader:
    """trafilatura's metadata, without the text."""
    from trafilatura.metadata import extract_metadata

    def read(sample: Sample) -> Fields:
        html = sample.body.decode("utf-8", "replace")
        found = extract_metadata(html, default_url=sample.url, extensive=True).as_dict()
        author = (found["author"] or "").replace(";", ",")
        return {**found, "author": author, "publisher": found["sitename"], "canonical_url": found["url"]}

    return read


def htmldate() -> Reader:
    """The date alone."""
    from htmldate import find_date

    def read(sample: Sample) -> Fields:
        html = sample.body.decode("utf-8", "replace")
        return {"date": find_date(html, original_date=True, url=sample.url)}

    return read


def metadata_parser() -> Reader:
    """metadata_parser, its own order of trust."""
    from metadata_parser import MetadataParser

    names, ways = ("title", "description", "image", "author"), ("og", "dc", "meta", "page", "twitter")

    def read(sample: Sample) -> Fields:
        html = sample.body.decode("utf-8", "replace")
        page = MetadataParser(html=html, url=sample.url, search_head_only=False, support_malformed=True)
        found = {name: page.parsed_result.get_metadatas(name) or {} for name in names}
        card: Fields = {
            name: next((values[way][0] for way in ways if values.get(way)), None) for name, values in found.items()
        }
        return card | {"canonical_url": page.get_discrete_url()}

    return read


def newspaper4k() -> Reader:
    """newspaper4k, which reads the text as well."""
    from newspaper import Article

    def read(sample: Sample) -> Fields:
        article = Article(sample.url, fetch_images=False)
        article.download(input_html=sample.body.decode("utf-8", "replace"))
        article.parse()
        return {
            "title": article.title,
            "description": article.meta_description,
            "image": article.top_image,
            "author": article.authors,
            "date": article.publish_date and article.publish_date.isoformat(),
            "publisher": article.meta_site_name,
            "lang": article.meta_lang,
            "canonical_url": article.canonical_link,
            "favicon": article.meta_favicon,
        }

    return read


READERS = (pagecard, bound, extruct, trafilatura, htmldate, naive, metadata_parser, newspaper4k)


Cards = list[Fields | None]


@dataclass(frozen=True, slots=True)
class Result:
    """CPU milliseconds of each page, in the cheapest of its rounds, and its card."""

    milliseconds: list[float]
    cards: Cards

    def better(self, other: Result) -> Result:
        """The same with what `other` did more cheaply."""
        return Result(list(map(min, self.milliseconds, other.milliseconds)), self.cards)


def measure(readers: dict[str, Reader], samples: list[Sample], rounds: int) -> dict[str, Result]:
    """Run all readers over all pages, in turns."""
    for read in readers.values():
        for sample in samples[:WARM_UP]:
            attempt(read, sample)
    results = {name: run(read, samples) for name, read in readers.items()}
    for _ in range(rounds - 1):
        results = {name: results[name].better(run(read, samples)) for name, read in readers.items()}
    return results


def run(read: Reader, samples: list[Sample]) -> Result:
    """One round of one reader."""
    milliseconds: list[float] = []
    cards: Cards = []
    for sample in samples:
        begun = time.process_time()
        card = attempt(read, sample)
        milliseconds.append((time.process_time() - begun) * 1_000)
        cards.append(card)
    return Result(milliseconds, cards)


def grade(cards: Cards, samples: list[Sample], compare: Compare) -> dict[str, tuple[int, int]]:
    """(right, labelled) of each field."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for sample, card in zip(samples, cards, strict=True):
        for name in FIELDS:
            if name in sample.expected:
                counts[name][0] += compare(name, sample.expected[name], (card or {}).get(name))
                counts[name][1] += 1
    return {name: (right, of) for name, (right, of) in counts.items()}


def attempt(read: Reader, sample: Sample) -> Fields | None:
    """A card, or None: many readers raise on empty or broken pages, and that counts as nothing found."""
    try:
        return read(sample)
    except Exception:
        return None


def load_samples(folder: Path | None, labels: Path | None, limit: int | None) -> list[Sample]:
    """The labelled pages, all pages of a folder, or synthetic ones."""
    if folder is None:
        pages = enumerate(synthetic_pages())
        samples = (Sample(str(n), f"https://press.example/story/{n}", body, "text/html", {}) for n, body in pages)
    elif labels is None:
        paths = sorted(folder.rglob("*.html"))
        samples = (Sample(path.stem, "https://example.com/", path.read_bytes(), "text/html", {}) for path in paths)
    else:
        samples = _labelled(folder, labels)
    everything = list(samples)
    return random.Random(1).sample(everything, min(limit, len(everything))) if limit else everything


def _labelled(folder: Path, labels: Path) -> Iterator[Sample]:
    for line in labels.read_text("utf-8").splitlines():
        row = json.loads(line)
        body = (folder / row["html_path"]).read_bytes()
        yield Sample(row["id"], row["url"], body, row.get("content_type", "text/html"), row["expected"])


def load_scorer(labels: Path | None) -> Compare | None:
    """The `compare` of the `score.py` beside the labels: (field, expected, got) -> (exact, loose)."""
    path = labels and labels.with_name("score.py")
    if not path or not path.exists():
        return None
    spec = importlib.util.spec_from_file_location("score", path)
    if spec is None or spec.loader is None:
        return None
    scorer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(scorer)
    return lambda name, expected, got: scorer.compare(name, expected, got)[0]


def table(results: dict[str, Result], grades: dict[str, dict[str, tuple[int, int]]]) -> str:
    """A Markdown table, a reader a line."""
    fields = [name for name in FIELDS if any(name in right for right in grades.values())]
    lines = [["reader", "CPU ms a page, mean", "p50", "p90", *fields], ["---"] * (4 + len(fields))]
    for name, result in results.items():
        shares = [_share(grades[name].get(field)) for field in fields]
        deciles = statistics.quantiles(result.milliseconds, n=10)
        costs = (statistics.mean(result.milliseconds), deciles[4], deciles[8])
        lines.append([name, *(f"{cost:.2f}" for cost in costs), *shares])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _share(counted: tuple[int, int] | None) -> str:
    return f"{counted[0] / counted[1]:.3f}" if counted and counted[0] else "–"


def refuse_the_network(event: str, _: tuple[Any, ...]) -> None:
    """An audit hook (PEP 578): Python tells it of every lookup and connect, whatever library makes it."""
    if event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.connect", "socket.sendto"):
        raise PermissionError("a reader wanted to use the network")


def main() -> None:
    """Measure every reader that is installed."""
    sys.addaudithook(refuse_the_network)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", nargs="?", type=Path, help="a folder of HTML pages")
    parser.add_argument("--labels", type=Path, help="what is true of them")
    parser.add_argument("--sample", type=int, help="read only so many pages, drawn by chance, the same in every run")
    parser.add_argument("--rounds", type=int, default=3, help="over all pages, of each reader")
    parser.add_argument("--readers", default=",".join(reader.__name__ for reader in READERS))
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    print(f"pagecard reads {'in compiled code' if COMPILED else 'in Python: no compiler was there'}", file=sys.stderr)
    samples = load_samples(options.pages, options.labels, options.sample)
    readers: dict[str, Reader] = {}
    for build in (reader for reader in READERS if reader.__name__ in options.readers.split(",")):
        try:
            readers[build.__name__] = build()
        except ImportError as error:
            print(f"{build.__name__}: left out, {error}", file=sys.stderr)
    results, compare = measure(readers, samples, options.rounds), load_scorer(options.labels)
    for name, result in results.items():
        print(f"{name}: {len(samples)} pages, {result.cards.count(None)} failed", file=sys.stderr)
    grades = {name: grade(result.cards, samples, compare) if compare else {} for name, result in results.items()}
    print(table(results, grades))


if __name__ == "__main__":
    main()
