"""Settings: one frozen object, read once from the environment and checked at start.

Rule: nothing else in Pagecard reads `os.environ` for a setting.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from importlib.metadata import version
from pathlib import Path
from typing import Any

from app.networks import AllowedNetwork, Network, parse_denied, parse_hosts, parse_networks, parse_ports, parse_trusted
from app.plans import PLANS, Plan
from app.settings import values
from app.settings.environ import PREFIX, SettingsError, read_environ
from app.settings.providers import Provider
from app.settings.values import Proxy

__all__ = ["METRICS_DIRECTORY", "PREFIX", "USER_AGENT", "Proxy", "Settings", "SettingsError"]

METRICS_DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"  # prometheus_client's own variable: where processes put their figures
USER_AGENT = f"Pagecard-bot/{version('pagecard')} (+https://github.com/pagecard/pagecard)"


def _setting(read: Callable[[str], Any], default: Any, about: str, *, unset: str = "none", secret: bool = False) -> Any:
    """Declare a setting. `unset` describes the default where it is no plain value; `secret` values are never shown."""
    told = {"read": read, "about": about, "unset": unset, "secret": secret}
    return field(default_factory=lambda: default, metadata=told)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Each field is the environment variable `PAGECARD_` + its name in capitals."""

    data_dir: Path = _setting(values.folder, Path("pagecard-data"), "folder of the SQLite database and of locks")
    database_url: str | None = _setting(
        values.database,
        None,
        "`postgresql+psycopg://…` (extra `postgres`) or `sqlite:///PATH`: keys, usage and jobs",
        unset="SQLite in `DATA_DIR`",
    )
    redis_url: str | None = _setting(
        values.address("redis", "rediss", "unix"), None, "cache and rate limits that hosts share (extra `redis`)"
    )
    broker_url: str | None = _setting(
        values.address("amqp", "amqps", "redis", "rediss"),
        None,
        "`amqp://…` or `redis://…`: jobs run on `pagecard worker`s (extra `celery`)",
    )
    plans: Mapping[str, Plan] = _setting(values.plans, PLANS, "TOML file of plans", unset="the built-in plans")
    fetch_timeout: float = _setting(values.seconds(0.1, 120), 10.0, "seconds for one URL, redirects included")
    batch_timeout: float = _setting(values.seconds(0.1, 300), 20.0, "seconds for a whole synchronous answer")
    pool_size: int = _setting(values.whole(1, 2_000), 192, "fetch threads of a worker")
    max_bytes: int = _setting(values.whole(1_024, 64 * 2**20), 2 * 2**20, "bytes read of a page, decoded")
    cache_ttl: int = _setting(values.whole(0, 10**9), 3_600, "seconds that the cache keeps a card")
    cache_size: int = _setting(values.whole(0, 10**8), 10_000, "cards that a worker keeps in memory")
    cache_mib: int = _setting(values.whole(1, 2**20), 1_024, "MiB of cards that the cache of all workers keeps")
    failure_ttl: int = _setting(values.whole(0, 10**6), 30, "seconds that the cache keeps a failure")
    stale_ttl: int = _setting(
        values.whole(0, 10**9), 86_400, "seconds that an expired card may stand in for a failure to fetch it again"
    )
    job_ttl: int = _setting(values.whole(60, 10**9), 7 * 86_400, "seconds that a job and its results are kept")
    allow_targets: tuple[AllowedNetwork, ...] = _setting(
        parse_networks,
        (),
        "`10.1.0.0/16, 127.0.0.0/8:9100`: networks, each with at most one port, that may be fetched though not public",
    )
    deny_targets: tuple[Network, ...] = _setting(
        parse_denied, (), "networks that are refused in addition; wins over `ALLOW_TARGETS`"
    )
    deny_hosts: tuple[str, ...] = _setting(
        parse_hosts, (), "`ads.example, internal.example`: hosts that are refused, with all names below them"
    )
    target_ports: tuple[int, ...] = _setting(
        parse_ports, (80, 443, 8080, 8443), "ports of public hosts that may be fetched"
    )
    max_redirects: int = _setting(
        values.whole(0, 50), 10, "redirects that a URL may take, refreshes by a page or its header included"
    )
    host_concurrency: int = _setting(
        values.whole(0, 1_000), 6, "connections of a process to one host at a time, whoever asks; 0 for no limit"
    )
    egress_proxy: str | None = _setting(values.connect_proxy, None, "`http://…`: CONNECT proxy of all outbound traffic")
    ca_bundle: Path | None = _setting(values.file, None, "PEM file trusted in addition to the public roots")
    user_agent: str = _setting(
        values.header, USER_AGENT, "name that Pagecard gives to targets", unset="`Pagecard-bot/…`"
    )
    accept_language: str = _setting(values.header, "en-US, en", "languages that targets are asked for")
    webhook_secret: str | None = _setting(
        values.secret_key, None, "`whsec_…`: signs webhooks that bring no secret of their own", secret=True
    )
    image_key: str | None = _setting(
        values.long_secret,
        None,
        "signs the URLs of the image proxy; the same on all hosts",
        unset="made at the first start, in `DATA_DIR`",
        secret=True,
    )
    image_cache_bytes: int = _setting(
        values.whole(0, 2**46), 512 * 2**20, "bytes of `DATA_DIR` for pictures of the image proxy; 0 keeps none"
    )
    camo_key: str | None = _setting(
        values.long_secret, None, "key of a camo server whose URLs (`/HMAC/HEX`) this server answers, too", secret=True
    )
    proxies: tuple[Proxy, ...] = _setting(
        values.proxies,
        (),
        "TOML file with a `[[proxy]]` table (`country`, `type`, `url`) for each proxy that jobs may choose",
    )
    chromium: str | None = _setting(
        values.text, None, "path of the browser for `render_js` (extra `render`)", unset="found on `PATH`"
    )
    cdp_url: str | None = _setting(
        values.address("http", "https", "ws", "wss"), None, "remote browser to use instead, over CDP"
    )
    oembed_providers: tuple[Provider, ...] = _setting(
        values.providers,
        (),
        "JSON file of oEmbed providers in addition to those of oembed.com, in the form of its `providers.json`",
    )
    trusted_proxies: tuple[Network, ...] = _setting(
        parse_trusted, (), "`10.0.0.0/8, ::1`: networks of reverse proxies, whose connections are not limited"
    )
    connections_per_address: int = _setting(
        values.whole(0, 10**6), 500, "connections of one client address to a worker; 0 for no limit"
    )
    metrics: bool = _setting(values.switch, True, "whether `/metrics` answers")
    log_level: str = _setting(
        values.one_of("debug", "info", "warning", "error"), "info", "`debug`, `info`, `warning` or `error`"
    )

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Read every `PAGECARD_…` variable. Raises SettingsError with a line for each mistake."""
        by_variable = {PREFIX + each.name.upper(): each for each in fields(cls)}
        read = read_environ(environ, {name: each.metadata["read"] for name, each in by_variable.items()})
        return cls(**{by_variable[name].name: value for name, value in read.items()})

    @property
    def database(self) -> str:
        """The URL of the database that holds keys, usage and jobs."""
        return self.database_url or f"sqlite:///{self.data_dir.absolute() / 'pagecard.sqlite3'}"

    @property
    def generations_file(self) -> Path:
        """File by which the processes of this host tell each other which cached copies are stale."""
        return self.data_dir / "generations"
