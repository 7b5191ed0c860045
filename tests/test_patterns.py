"""Every regular expression of the package runs in linear time, whatever text a stranger sends.

Rule 1: patterns come from the modules' attributes and from literals in calls of `re`; a pattern that is built within
        a function has an example in `BUILT`, or None
        where its results are attributes.
Rule 2: inputs come from the parsed pattern: for each repeat the text before it, and characters that it takes.
Rule 3: a pattern is searched for, unless the package only ever matches it at one place.
Rule 4: growth is measured in processor time; below `FLOOR` nothing is compared.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass
from functools import cache, partial
from itertools import islice
from pathlib import Path
from re import _compiler, _constants, _parser  # type: ignore[attr-defined]
from typing import Any

import pytest

import app

ROOT = Path(app.__file__).parent

SIZE = 2_500  # characters of the shortest text, for each of the first characters that are repeated
LONG = 8  # characters
FLOOR = 0.01  # seconds: what takes less is linear, or near enough
GROWTH = 9.0  # times as long for four times the text; 4 is linear, 16 quadratic
TOO_LONG = 0.5  # seconds

SEARCHES = "search|sub|subn|split|findall|finditer"
BUILT = {
    ("app.metadata.oembed", "_provider"): None,
    ("app.metadata.html.tokenizer", "raw_end"): None,  # the name of an element, escaped, and its end
}
# Alembic runs migrations; settings read an operator's own text; gunicorn's settings take a metrics folder at import.
SKIPPED = ("app.storage.migrations", "app.settings", "app.server.config", "app.__main__")

# Characters by which most classes differ, beside those that the pattern names.
ALPHABET = "a1 \n\t-_.,:;/\\<>=\"'&#%()[]{}@|!?*+^$~é年\x00\x0b\xa0Tz"


@dataclass(frozen=True, slots=True)
class Found:
    """A pattern, and how it is used. `place` names it to people."""

    place: str
    pattern: re.Pattern[Any]
    searched: bool


# Collecting -----------------------------------------------------------------------------------------------------------


def modules() -> Iterator[str]:
    for module in pkgutil.walk_packages([str(ROOT)], "app."):
        if not module.ispkg and not module.name.startswith(SKIPPED):
            yield module.name
    yield from {f"app.{path.parent.name}" for path in ROOT.glob("*/__init__.py")} - {*SKIPPED}


def source(module: str) -> str:
    """Its text, "" for a compiled one."""
    path = Path(importlib.import_module(module).__file__ or "")
    return path.read_text(encoding="utf-8") if path.suffix == ".py" else ""


def patterns_in(name: str, value: object, depth: int = 3) -> Iterator[tuple[str, re.Pattern[Any]]]:
    """Patterns in an attribute of a module, also inside collections and dataclasses, with the name of the attribute."""
    if isinstance(value, re.Pattern):
        yield name, value
    elif depth and isinstance(value, tuple | list | set | frozenset):
        for each in value:
            yield from patterns_in(name, each, depth - 1)
    elif depth and isinstance(value, Mapping):
        yield from patterns_in(name, tuple(value.values()), depth - 1)
    elif depth and is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from patterns_in(field.name, getattr(value, field.name), depth - 1)


@cache
def everything() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in ROOT.rglob("*.py"))


def is_searched(name: str, module: str) -> bool:
    """Whether the package looks for it anywhere in a text; a pattern whose use is not seen here counts as such."""
    text = source(module) if name.startswith("_") else everything()
    at_one_place = re.search(rf"\b{name}\.(?:match|fullmatch)\b", text)
    return at_one_place is None or re.search(rf"\b{name}\.(?:{SEARCHES})\b", text) is not None


def attributes(module: str) -> Iterator[Found]:
    for attribute, value in vars(importlib.import_module(module)).items():
        for number, (name, pattern) in enumerate(patterns_in(attribute, value)):
            yield Found(f"{module}.{attribute}[{number}]", pattern, is_searched(name, module))


def calls(module: str) -> Iterator[tuple[str, ast.Call]]:
    """Calls of `re` within functions, with the function's name."""
    for function in ast.walk(ast.parse(source(module))):
        if isinstance(function, ast.FunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and ast.unparse(node.func) in {f"re.{each}" for each in OF_RE}:
                    yield function.name, node


OF_RE = ("compile", "match", "fullmatch", *SEARCHES.split("|"))


def literals(module: str) -> Iterator[Found]:
    for name, call in calls(module):
        if isinstance(call.args[0], ast.Constant):
            searched = ast.unparse(call.func) not in ("re.match", "re.fullmatch")
            yield Found(f"{module}.{name}:{call.lineno}", re.compile(call.args[0].value), searched)


def built() -> Iterator[Found]:
    for (module, name), arguments in BUILT.items():
        if arguments:
            yield Found(f"{module}.{name}", getattr(importlib.import_module(module), name)(*arguments), True)


def collected() -> list[Found]:
    found = [each for module in modules() for each in (*attributes(module), *literals(module))] + list(built())
    unique = {(each.pattern.pattern, each.pattern.flags): each for each in found if not each.searched}
    unique |= {(each.pattern.pattern, each.pattern.flags): each for each in found if each.searched}
    return sorted(unique.values(), key=lambda each: each.place)


# Inputs ---------------------------------------------------------------------------------------------------------------

REPEATS = (_constants.MAX_REPEAT, _constants.MIN_REPEAT, _constants.POSSESSIVE_REPEAT)
Node = tuple[Any, Any]


class Samples:
    """Texts that a pattern finds hard."""

    def __init__(self, pattern: re.Pattern[Any]) -> None:
        self._flags = pattern.flags & ~re.DEBUG
        text = pattern.pattern.decode("latin-1") if isinstance(pattern.pattern, bytes) else pattern.pattern
        self._tree = _parser.parse(pattern.pattern, self._flags)
        self._alphabet = list(dict.fromkeys([*(char for char in text if ord(char) < 256), *ALPHABET]))
        if isinstance(pattern.pattern, bytes):
            self._alphabet = [char for char in self._alphabet if ord(char) < 256]

    def hard(self) -> Iterator[Callable[[int], str]]:
        """Makers of texts, each of which is told about how many characters to make."""
        seen: set[tuple[str, str, str]] = set()
        for prefix, pump in self._pumps():
            for before, again in ((prefix, pump), ("", prefix + pump), ("", prefix)):
                for after in ("", "\x00!"):
                    if again and (before, again, after) not in seen:
                        seen.add((before, again, after))
                        yield partial(repeated, before, again, after)

    def _pumps(self) -> Iterator[tuple[str, str]]:
        for prefix, body, rest in self._repeats(list(self._tree), "", ""):
            for pump in (self._sample(body), *islice(self._taken(body), 8), rest, rest[:-1]):
                yield prefix, pump

    def _repeats(self, nodes: list[Node], prefix: str, rest: str) -> Iterator[tuple[str, list[Node], str]]:
        """Each repeat without a small bound: the text before it, what it repeats, and the text after it."""
        for at, (kind, value) in enumerate(nodes):
            after = self._sample(nodes[at + 1 :]) + rest
            if kind in REPEATS:
                if value[1] > 50:
                    yield prefix, list(value[2]), after
                yield from self._repeats(list(value[2]), prefix, after)
            for inner in _inner(kind, value):
                yield from self._repeats(inner, prefix, after)
            prefix += self._sample([(kind, value)])

    def _taken(self, nodes: list[Node]) -> Iterator[str]:
        """Single characters that the nodes match as a whole."""
        tree = _parser.SubPattern(self._tree.state, list(nodes))
        try:
            pattern = _compiler.compile(tree, self._flags)
        except re.error:  # a reference to a group that is not part of these nodes
            return
        for char in self._alphabet:
            if pattern.fullmatch(char):
                yield char

    def _sample(self, nodes: list[Node]) -> str:
        """A short text that the nodes match, more or less."""
        return "".join(self._one(kind, value) for kind, value in nodes)

    def _one(self, kind: Any, value: Any) -> str:
        if kind is _constants.LITERAL:
            return chr(value)
        if kind in REPEATS:
            return self._sample(list(value[2])) * max(1, min(value[0], 5))
        if kind in (_constants.IN, _constants.NOT_LITERAL, _constants.ANY):
            return next(self._taken([(kind, value)]), "a")
        if kind is _constants.ASSERT_NOT or (kind is _constants.ASSERT and value[0] > 0):
            return ""
        return next((self._sample(inner) for inner in _inner(kind, value)), "")


def repeated(before: str, pump: str, after: str, size: int) -> str:
    return before + pump * (size * min(len(pump), LONG) // len(pump) + 1) + after


def _inner(kind: Any, value: Any) -> list[list[Node]]:
    if kind is _constants.BRANCH:
        return [list(branch) for branch in value[1]]
    if kind in (_constants.SUBPATTERN, _constants.ASSERT, _constants.ASSERT_NOT):
        return [list(value[-1])]
    if kind is _constants.ATOMIC_GROUP:
        return [list(value)]
    return []


# Measuring ------------------------------------------------------------------------------------------------------------


class TooLong(Exception):
    """A search was ended."""


@contextmanager
def bounded(seconds: float) -> Iterator[None]:
    def end(*_: object) -> None:
        raise TooLong

    before = signal.signal(signal.SIGPROF, end)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def seconds_for(found: Found, text: str) -> float:
    subject = text.encode("latin-1") if isinstance(found.pattern.pattern, bytes) else text
    began = time.process_time()
    try:
        with bounded(TOO_LONG):
            if found.searched:
                for _ in found.pattern.finditer(subject):
                    pass
            else:
                found.pattern.match(subject)
                found.pattern.fullmatch(subject)
    except TooLong:
        return float("inf")
    return time.process_time() - began


def growth(found: Found, make: Callable[[int], str]) -> float:
    """How many times as long four times the text takes; measured again where it is too long, since the machine has
    other work.
    """
    first = seconds_for(found, make(4 * SIZE))
    if not FLOOR < first < TOO_LONG:
        return 0.0 if first < FLOOR else float("inf")
    return next((ratio for _ in range(3) if (ratio := _growth_now(found, make)) < GROWTH), GROWTH)


def _growth_now(found: Found, make: Callable[[int], str]) -> float:
    least, middle, most = (seconds_for(found, make(times * SIZE)) for times in (1, 2, 4))
    return min(most / max(least, 1e-6), (most / max(middle, 1e-6)) ** 2)


@pytest.mark.parametrize("found", collected(), ids=lambda found: found.place)
def test_a_pattern_takes_time_in_proportion_to_the_text(found: Found) -> None:
    hard = next((make for make in Samples(found.pattern).hard() if growth(found, make) >= GROWTH), None)
    assert hard is None, f"{found.pattern.pattern!r} over {hard(9)!r}"


def test_every_pattern_is_seen() -> None:
    unseen = {
        (module, name)
        for module in modules()
        for name, call in calls(module)
        if not isinstance(call.args[0], ast.Constant)
    }
    assert unseen == set(BUILT)


@pytest.mark.parametrize(
    ("pattern", "linear"),
    [
        (r"charset\s*=\s*[\"']?\s*([^\s\"';,]+)", False),
        (r"(?:a|a)+b", False),
        (r"(\w+\s?)+$", False),
        (r"\s+x", False),
        (r"<a[^>]*>", False),
        (r"a{1,40}b", True),
        (r"(?<!\s)\s++x", True),
        (r"<a[^<>]*+>", True),
    ],
)
def test_a_slow_pattern_is_told_from_a_fast_one(pattern: str, linear: bool) -> None:
    found = Found("here", re.compile(pattern), True)
    assert all(growth(found, make) < GROWTH for make in Samples(found.pattern).hard()) == linear
