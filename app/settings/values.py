"""Readers of setting values: each turns text into a checked value.

Rule: a reader raises ValueError with what is allowed, without the name of the setting.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from app.plans import Plan, load_plans
from app.settings.providers import Provider, read_providers


@dataclass(frozen=True, slots=True)
class Proxy:
    """Proxy offered to jobs: `country` in two capitals, `type` as in the API."""

    country: str
    type: str
    url: str


def text(value: str) -> str:
    if not value.strip() or not value.isprintable():
        raise ValueError("must be printable text")
    return value.strip()


def header(value: str) -> str:
    if not text(value).isascii():
        raise ValueError("must be printable ASCII, since it is sent as a header")
    return value.strip()


def whole(least: int, most: int) -> Callable[[str], int]:
    def read(value: str) -> int:
        if not re.fullmatch(r"[0-9]{1,15}", value.strip()) or not least <= int(value) <= most:
            raise ValueError(f"must be a whole number from {least} to {most}")
        return int(value)

    return read


def seconds(least: float, most: float) -> Callable[[str], float]:
    def read(value: str) -> float:
        if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", value.strip()) or not least <= float(value) <= most:
            raise ValueError(f"must be a number of seconds from {least:g} to {most:g}")
        return float(value)

    return read


def one_of(*choices: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        if value.strip().lower() not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return value.strip().lower()

    return read


def switch(value: str) -> bool:
    choices = {
        "true": True,
        "1": True,
        "yes": True,
        "on": True,
        "false": False,
        "0": False,
        "no": False,
        "off": False,
    }
    if value.strip().lower() not in choices:
        raise ValueError("must be true or false")
    return choices[value.strip().lower()]


def address(*schemes: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        if not value.startswith(tuple(f"{scheme}://" for scheme in schemes)):
            raise ValueError(f"must begin with {' or '.join(f'{scheme}://' for scheme in schemes)}")
        return value.strip()

    return read


def connect_proxy(value: str) -> str:
    if not re.fullmatch(r"http://([^\s/@]+@)?[^\s/@]+:[0-9]{1,5}", value.strip().rstrip("/")):
        raise ValueError("must be http://USER:PASSWORD@HOST:PORT, user and password if it has any")
    return value.strip().rstrip("/")


def database(value: str) -> str:
    if not re.fullmatch(r"sqlite:////?[^:]+|postgresql\+psycopg://.+", value.strip()):
        raise ValueError("must be sqlite:///PATH or postgresql+psycopg://USER:PASSWORD@HOST/NAME")
    return value.strip()


def folder(value: str) -> Path:
    return Path(text(value))


def file(value: str) -> Path:
    if not Path(value).is_file():
        raise ValueError(f"names no file: {value}")
    return Path(value)


def secret_key(value: str) -> str:
    if not re.fullmatch(r"whsec_[A-Za-z0-9+/]{32,}={0,2}", value):
        raise ValueError("must be whsec_ followed by base64 of at least 24 bytes")
    return value


def long_secret(value: str) -> str:
    if not re.fullmatch(r"[!-~]{16,512}", value.strip()):
        raise ValueError("must be 16 to 512 characters of printable ASCII, without spaces")
    return value.strip()


def proxies(value: str) -> tuple[Proxy, ...]:
    path = file(value)
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8")).get("proxy", [])
        return tuple(_proxy(table) for table in tables)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, TypeError, AttributeError) as error:
        raise ValueError(f"{path}: {error}; write a [[proxy]] table with country, type and url each") from error


def _proxy(table: Mapping[str, Any]) -> Proxy:
    proxy = Proxy(**table)
    if not re.fullmatch(r"[A-Z]{2}", proxy.country):
        raise ValueError(f"proxy country must be two capitals, not {proxy.country!r}")
    if proxy.type not in ("residential", "datacenter", "mix"):
        raise ValueError(f"proxy type must be residential, datacenter or mix, not {proxy.type!r}")
    return replace(proxy, url=connect_proxy(proxy.url))


def providers(value: str) -> tuple[Provider, ...]:
    path = file(value)
    try:
        return read_providers(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ValueError(f"{path}: {error}") from error


def plans(value: str) -> Mapping[str, Plan]:
    return load_plans(file(value))
