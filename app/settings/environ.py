"""The environment as an operator, Docker or Kubernetes fills it: names, files, values.

Rule: every mistake is told at once, a line each, with what is wrong and what is allowed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

PREFIX = "PAGECARD_"
FILE = "_FILE"  # PAGECARD_X_FILE names a file that holds the value of PAGECARD_X

Readers = Mapping[str, Callable[[str], Any]]  # by the name of the variable, prefix included

# The kubelet injects these for every Service of the namespace, so also for one called `pagecard` or `pagecard-web`
# (https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables). `docker --link` does, too.
_INJECTED_NAME = re.compile(
    r"(?:[A-Z0-9_]+_)?(?:SERVICE_HOST|SERVICE_PORT(?:_[A-Z0-9_]+)?|PORT_[0-9]+_(?:TCP|UDP|SCTP).*)"
)
_INJECTED_PORT = re.compile(r"(?:[A-Z0-9_]+_)?PORT=(?:tcp|udp|sctp)://.*")


class SettingsError(ValueError):
    """One line per mistake."""


def read_environ(environ: Mapping[str, str], readers: Readers) -> dict[str, Any]:
    """Read every variable of Pagecard's into `{variable: value}`. Raises SettingsError with all mistakes."""
    values: dict[str, Any] = {}
    mistakes: list[str] = []
    for name, text in sorted(_given(environ).items()):
        try:
            values.update(_read(name, text, environ, readers))
        except ValueError as error:
            mistakes.append(f"{name}: {error}")
    if mistakes:
        raise SettingsError("\n".join(mistakes))
    return values


def _given(environ: Mapping[str, str]) -> dict[str, str]:
    """Select Pagecard's variables; skips empty values and variables injected by Kubernetes."""
    return {
        name: value
        for name, value in environ.items()
        if name.startswith(PREFIX) and value.strip() and not _is_injected(name.removeprefix(PREFIX), value)
    }


def _is_injected(name: str, value: str) -> bool:
    return bool(_INJECTED_NAME.fullmatch(name) or _INJECTED_PORT.fullmatch(f"{name}={value}"))


def _read(name: str, text: str, environ: Mapping[str, str], readers: Readers) -> dict[str, Any]:
    """Read one variable; nothing where its file is empty. Raises ValueError."""
    if name not in readers and name.removesuffix(FILE) in readers:
        text, name = _read_file(name, text, environ), name.removesuffix(FILE)
    if name not in readers:
        raise ValueError(_unknown(name, readers))
    return {name: readers[name](text)} if text else {}


def _read_file(name: str, path: str, environ: Mapping[str, str]) -> str:
    """Return the content of the file that `PAGECARD_X_FILE` names. Raises ValueError."""
    plain = name.removesuffix(FILE)
    if environ.get(plain, "").strip():
        raise ValueError(f"set either this or {plain}, not both")
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise ValueError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error


def _unknown(name: str, readers: Readers) -> str:
    """Suggest the nearest name. The prefix is left out of the comparison: it makes all names alike."""
    suffix = FILE if name.endswith(FILE) else ""
    asked = name.removeprefix(PREFIX).removesuffix(suffix)
    nearest = get_close_matches(asked, [known.removeprefix(PREFIX) for known in readers], n=1)
    hint = f"did you mean {PREFIX}{nearest[0]}{suffix}?" if nearest else "`pagecard settings` lists all"
    return f"no such setting; {hint}"
