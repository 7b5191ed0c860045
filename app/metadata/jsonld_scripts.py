"""JSON-LD scripts: JSON as pages write it.

Rule: only spellings that cannot mean anything else are mended.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import orjson

MAX_SCRIPTS = 50
"""JSON-LD scripts read of one page."""

MAX_ROOTS = 50
"""Objects in a row read of one script."""

_OPENINGS = ("<!--", "//<![CDATA[", "// <![CDATA[", "/*<![CDATA[*/", "/* <![CDATA[ */", "<![CDATA[", "//", "\ufeff")
_ENDINGS = ("-->", "//]]>", "// ]]>", "/*]]>*/", "/* ]]> */", "]]>", "]]&gt;", ";", "//")
_LEADING_COMMENT = re.compile(r"\A<!--[^{\[]*?-->")
# Strings match first and whole, so that a comment inside one is left alone.
_COMMENT = re.compile(r'("(?:[^"\\]|\\.)*+"?)|/\*.*?(?:\*/|\Z)|//[^\n]*+', re.DOTALL)
_STRAY = re.compile(r'("(?:[^"\\]|\\.)*+"?)|,(?=\s{0,100}[}\]])|\.(?=,)', re.DOTALL)
_BAD_ESCAPE = re.compile(r'\\(?!["\\/bfnrtu])')
_decoder = json.JSONDecoder(strict=False, parse_constant=lambda _: None)


def read_blocks(scripts: Iterable[str]) -> Iterator[Any]:
    """Read each script; those that cannot be read are left out."""
    for script in islice(scripts, MAX_SCRIPTS):
        try:
            yield orjson.loads(script)
        except ValueError:
            block = _read_tolerantly(script)
            if block is not None:
                yield block


def _read_tolerantly(script: str) -> Any:
    for mend in (_unwrap, _uncomment, _unescape):
        script = mend(script)
        try:
            return _decoder.decode(script)
        except (ValueError, RecursionError):
            continue
    return _read_roots(script)


def _read_roots(script: str) -> list[Any] | None:
    """Read several objects in a row."""
    roots: list[Any] = []
    at = 0
    try:
        while len(roots) < MAX_ROOTS and (at := _next_root(script, at)) >= 0:
            root, at = _decoder.raw_decode(script, at)
            roots.append(root)
    except (ValueError, RecursionError):
        pass
    return roots or None


def _next_root(script: str, at: int) -> int:
    rest = script[at : at + 100].lstrip(" \t\r\n,;")
    return script.find(rest[0], at) if rest[:1] in ("{", "[") else -1


def _unwrap(script: str) -> str:
    """Remove wrappers that hid scripts from old browsers and XML parsers."""
    script = _LEADING_COMMENT.sub("", script.strip(), count=1)
    for _ in range(3):
        opening = next((opening for opening in _OPENINGS if script.startswith(opening)), "")
        script = script.removeprefix(opening).lstrip()
        ending = next((ending for ending in _ENDINGS if script.endswith(ending)), "")
        script = script.removesuffix(ending).rstrip()
    return script


def _uncomment(script: str) -> str:
    return _STRAY.sub(_keep_string, _COMMENT.sub(_keep_string, script))


def _keep_string(found: re.Match[str]) -> str:
    return found[1] or ""


def _unescape(script: str) -> str:
    return _BAD_ESCAPE.sub(r"\\\\", script)
