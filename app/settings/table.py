"""The settings as text: names, values and descriptions, without secrets.

Rule: a password never leaves here, neither a setting of its own nor one within a URL.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import Field, dataclass, fields
from pathlib import Path
from typing import Any

from app.networks import AllowedNetwork
from app.settings import PREFIX, Proxy, Settings
from app.settings.providers import Provider

HIDDEN = "[hidden]"

# The last @ ends the user info, since a password that was not percent-encoded may hold others.
_PASSWORD = re.compile(r"(?<=://)([^/@:]*):.*@")
_PARAMETER = re.compile(r"([?&][^=&]*(?:pass|pwd|secret|token|key|auth)[^=&]*=)[^&]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Row:
    """Setting: its variable, whether set, and its value in the operator's spelling."""

    variable: str
    value: str
    is_default: bool
    about: str


def rows(settings: Settings) -> Iterator[Row]:
    """List all settings in the order of their declaration."""
    for setting in fields(Settings):
        value = getattr(settings, setting.name)
        is_default = value == getattr(Settings(), setting.name)
        yield Row(PREFIX + setting.name.upper(), _shown(setting, value), is_default, setting.metadata["about"])


def markdown() -> str:
    """Build the table of the README: name, default, description."""
    lines = (f"| `{each.name.upper()}` | {_default(each)} | {each.metadata['about']} |" for each in fields(Settings))
    return "\n".join(["| setting | default | |", "|---|---|---|", *lines])


def hide_passwords(text: str) -> str:
    """Hide the password of a URL's user info, and parameters of its query that are called like a secret."""
    return _PARAMETER.sub(rf"\1{HIDDEN}", _PASSWORD.sub(rf"\1:{HIDDEN}@", text))


def _shown(setting: Field[Any], value: Any) -> str:
    if setting.metadata["secret"] and value:
        return HIDDEN
    return hide_passwords(_plain(value))


def _default(setting: Field[Any]) -> str:
    value = getattr(Settings(), setting.name)
    unset = setting.metadata["unset"]
    return unset if value in (None, ()) or unset != "none" else f"`{_plain(value)}`"


def _plain(value: Any) -> str:
    """Write a value in its reader's spelling; a file as its entries."""
    match value:
        case None | ():
            return ""
        case bool():
            return str(value).lower()
        case float():
            return f"{value:g}"
        case Mapping():
            return ", ".join(value)
        case tuple():
            return ", ".join(map(_plain, value))
        case AllowedNetwork():
            return _network(value)
        case Proxy():
            return f"{value.country} {value.type} {value.url}"
        case Provider():
            return value.provider_name
        case Path():
            return str(value) if value.is_absolute() else f"./{value}"
    return str(value)


def _network(allowed: AllowedNetwork) -> str:
    bracketed = f"[{allowed.network}]" if allowed.network.version == 6 else str(allowed.network)
    return f"{bracketed}:{allowed.port}" if allowed.port else str(allowed.network)
