"""Settings: one frozen object, read once from the environment and checked at start.

Rule 1: nothing else in Pagecard reads `os.environ` for a setting.
Rule 2: every mistake is told at once, a line each, saying what was wrong and what is allowed.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from importlib.metadata import version
from pathlib import Path
from typing import Any

from app.networks import AllowedNetwork, Network, parse_denied, parse_networks
from app.plans import PLANS, Plan, load_plans

PREFIX = "PAGECARD_"
FILE = "_FILE"  # PAGECARD_X_FILE names a file that holds the value of PAGECARD_X
METRICS_DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"  # prometheus_client's own variable: where processes put their figures


class SettingsError(ValueError):
    """One line per mistake."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """One way out that an operator offers to jobs: `country` in two capitals, `type` as in the API."""

    country: str
    type: str
    url: str


def _setting(read: Callable[[str], Any], default: Any, about: str) -> Any:
    return field(default_factory=lambda: default, metadata={"read": read, "about": about})


def _text(value: str) -> str:
    if not value.strip() or not value.isprintable():
        raise ValueError("must be printable text")
    return value.strip()


def _header(value: str) -> str:
    if not _text(value).isascii():
        raise ValueError("must be printable ASCII, since it is sent as a header")
    return value.strip()


def _whole(least: int, most: int) -> Callable[[str], int]:
    def read(value: str) -> int:
        if not re.fullmatch(r"[0-9]{1,15}", value.strip()) or not least <= int(value) <= most:
            raise ValueError(f"must be a whole number from {least} to {most}")
        return int(value)

    return read


def _seconds(least: float, most: float) -> Callable[[str], float]:
    def read(value: str) -> float:
        if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", value.strip()) or not least <= float(value) <= most:
            raise ValueError(f"must be a number of seconds from {least:g} to {most:g}")
        return float(value)

    return read


def _one_of(*choices: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        if value.strip().lower() not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return value.strip().lower()

    return read


def _switch(value: str) -> bool:
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


def _address(*schemes: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        if not value.startswith(tuple(f"{scheme}://" for scheme in schemes)):
            raise ValueError(f"must begin with {' or '.join(f'{scheme}://' for scheme in schemes)}")
        return value.strip()

    return read


def _connect_proxy(value: str) -> str:
    if not re.fullmatch(r"http://([^\s/@]+@)?[^\s/@]+:[0-9]{1,5}", value.strip().rstrip("/")):
        raise ValueError("must be http://USER:PASSWORD@HOST:PORT, user and password if it has any")
    return value.strip().rstrip("/")


def _database(value: str) -> str:
    if not re.fullmatch(r"sqlite:////?[^:]+|postgresql\+psycopg://.+", value.strip()):
        raise ValueError("must be sqlite:///PATH or postgresql+psycopg://USER:PASSWORD@HOST/NAME")
    return value.strip()


def _folder(value: str) -> Path:
    return Path(_text(value))


def _file(value: str) -> Path:
    if not Path(value).is_file():
        raise ValueError(f"names no file: {value}")
    return Path(value)


def _secret(value: str) -> str:
    if not re.fullmatch(r"whsec_[A-Za-z0-9+/]{32,}={0,2}", value):
        raise ValueError("must be whsec_ followed by base64 of at least 24 bytes")
    return value


def _proxies(value: str) -> tuple[Proxy, ...]:
    path = _file(value)
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
    return replace(proxy, url=_connect_proxy(proxy.url))


def _plans(value: str) -> Mapping[str, Plan]:
    return load_plans(_file(value))


USER_AGENT = f"Pagecard-bot/{version('pagecard')} (+https://github.com/pagecard/pagecard)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Each field is the environment variable `PAGECARD_` + its name in capitals."""

    data_dir: Path = _setting(_folder, Path("pagecard-data"), "folder of the SQLite database and of locks")
    database_url: str | None = _setting(_database, None, "keys, usage and jobs; SQLite in DATA_DIR unless set")
    redis_url: str | None = _setting(
        _address("redis", "rediss", "unix"), None, "shared cache and rate limits across hosts"
    )
    broker_url: str | None = _setting(
        _address("amqp", "amqps", "redis", "rediss"),
        None,
        "message broker: jobs then run on `pagecard worker`s",
    )
    plans: Mapping[str, Plan] = _setting(_plans, PLANS, "TOML file that replaces the table of plans")
    fetch_timeout: float = _setting(_seconds(0.1, 120), 10.0, "seconds for one URL, redirects included")
    batch_timeout: float = _setting(_seconds(0.1, 300), 20.0, "seconds for a whole synchronous answer")
    pool_size: int = _setting(_whole(1, 2_000), 192, "threads a worker fetches with")
    max_bytes: int = _setting(_whole(1_024, 64 * 2**20), 2 * 2**20, "bytes read of a page, decoded")
    cache_ttl: int = _setting(_whole(0, 10**9), 3_600, "seconds a success is kept in the cache")
    cache_size: int = _setting(_whole(0, 10**8), 10_000, "cards a worker keeps in memory")
    failure_ttl: int = _setting(_whole(0, 10**6), 30, "seconds a failure is kept in the cache")
    job_ttl: int = _setting(_whole(60, 10**9), 7 * 86_400, "seconds a job and its results are kept")
    allow_targets: tuple[AllowedNetwork, ...] = _setting(
        parse_networks, (), "networks, each with at most one port, that may be fetched though they are not public"
    )
    deny_targets: tuple[Network, ...] = _setting(parse_denied, (), "networks that are refused in addition; wins")
    egress_proxy: str | None = _setting(_connect_proxy, None, "CONNECT proxy that everything leaves by")
    ca_bundle: Path | None = _setting(_file, None, "PEM file trusted in addition to the public roots")
    user_agent: str = _setting(_header, USER_AGENT, "how Pagecard names itself to targets")
    accept_language: str = _setting(_header, "en-US, en", "the languages that targets are asked for")
    webhook_secret: str | None = _setting(_secret, None, "signs webhooks that bring no secret of their own")
    proxies: tuple[Proxy, ...] = _setting(_proxies, (), "TOML file with a [[proxy]] table per way out")
    chromium: str | None = _setting(_text, None, "path of the browser for render_js; found on PATH unless set")
    cdp_url: str | None = _setting(_address("http", "https", "ws", "wss"), None, "a remote browser, spoken to over CDP")
    metrics: bool = _setting(_switch, True, "whether /metrics answers")
    log_level: str = _setting(_one_of("debug", "info", "warning", "error"), "info", "least severity that is logged")

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Read every `PAGECARD_…` variable. Raises SettingsError with a line for each mistake."""
        values: dict[str, Any] = {}
        mistakes: list[str] = []
        for name, value in sorted(_given(environ).items()):
            try:
                values.update(_read_variable(name, value, environ))
            except ValueError as error:
                mistakes.append(f"{name}: {error}")
        if mistakes:
            raise SettingsError("\n".join(mistakes))
        return cls(**values)

    @property
    def database(self) -> str:
        """The URL of the database that holds keys, usage and jobs."""
        return self.database_url or f"sqlite:///{self.data_dir.absolute() / 'pagecard.sqlite3'}"

    @property
    def generations_file(self) -> Path:
        """What tells the processes of this host which of their copies went stale."""
        return self.data_dir / "generations"


_KNOWN = {PREFIX + setting.name.upper(): setting for setting in fields(Settings)}
_NAMES = {name.removeprefix(PREFIX) for name in _KNOWN}

# The kubelet injects these for every Service of the namespace, so also for one called `pagecard` or `pagecard-web`
# (https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables). `docker --link` does, too.
_INJECTED_NAME = re.compile(
    r"(?:[A-Z0-9_]+_)?(?:SERVICE_HOST|SERVICE_PORT(?:_[A-Z0-9_]+)?|PORT_[0-9]+_(?:TCP|UDP|SCTP).*)"
)
_INJECTED_PORT = re.compile(r"(?:[A-Z0-9_]+_)?PORT=(?:tcp|udp|sctp)://.*")


def _given(environ: Mapping[str, str]) -> dict[str, str]:
    """Select the variables that are Pagecard's: an empty one is as good as none, an injected one is not ours."""
    return {
        name: value
        for name, value in environ.items()
        if name.startswith(PREFIX) and value.strip() and not _is_injected(name.removeprefix(PREFIX), value)
    }


def _is_injected(name: str, value: str) -> bool:
    return bool(_INJECTED_NAME.fullmatch(name) or _INJECTED_PORT.fullmatch(f"{name}={value}"))


def _read_variable(name: str, value: str, environ: Mapping[str, str]) -> dict[str, Any]:
    """Read one variable into a field and its value; nothing where its file is empty. Raises ValueError."""
    setting = _KNOWN.get(name)
    if setting is None and (setting := _KNOWN.get(name.removesuffix(FILE))):
        value = _read_file(name, value, environ)
    if setting is None:
        raise ValueError(_unknown(name))
    return {setting.name: setting.metadata["read"](value)} if value else {}


def _read_file(name: str, path: str, environ: Mapping[str, str]) -> str:
    """Return the content of the file that `PAGECARD_X_FILE` names. Raises ValueError."""
    plain = name.removesuffix(FILE)
    if environ.get(plain, "").strip():
        raise ValueError(f"set either this or {plain}, not both")
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise ValueError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error


def _unknown(name: str) -> str:
    asked = name.removeprefix(PREFIX)
    suffix = FILE if asked.endswith(FILE) else ""
    nearest = get_close_matches(asked.removesuffix(suffix), _NAMES, n=1)
    return f"no such setting; did you mean {PREFIX}{nearest[0]}{suffix}?" if nearest else "no such setting"
