"""Checks of `pagecard doctor`: each yields its findings in plain words.

Rule 1: nothing is sent but to loopback and to the servers that the settings name.
Rule 2: a check may raise whatever it likes; that is a finding, too.
"""

from __future__ import annotations

import os
import resource
import shutil
import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import packages_distributions
from ipaddress import ip_address, ip_network
from socket import create_connection
from tempfile import NamedTemporaryFile
from threading import Thread

import sqlalchemy as sa

from app.deadline import Deadline
from app.errors import TargetNotAllowed
from app.fetch import Fetcher, Resolver, TargetPolicy, TargetUrl, Verdict, judge, parse_proxy, parse_url
from app.fetch.browser.renderer import Renderer
from app.metadata import COMPILED
from app.networks import AllowedNetwork
from app.page import Page, Wait
from app.services import THREADS, connect_redis
from app.settings import Settings
from app.storage.database import Database, open_ephemeral, open_primary
from app.storage.generations import Generations
from app.storage.keys import KeyStore

LITTLE_SPACE = 2**30  # bytes
CLOCK_TOLERANCE = 2.0  # seconds
LONG_AGO = 1_735_689_600  # 2025-01-01: a clock that says less was never set
SPARE_FILES = 128  # beside sockets: databases, logs, locks
CONNECT_TIMEOUT = 5.0  # seconds
RENDER_TIMEOUT = 60.0  # seconds for the first page of a browser on a busy machine

# One address of each family that must never be reached; nothing is bound to any.
FORBIDDEN = (
    *("0.0.0.0", "10.0.0.1", "100.64.0.1", "127.0.0.1", "169.254.169.254", "172.16.0.1", "192.0.0.1", "192.0.2.1"),  # noqa: S104
    *("192.88.99.1", "192.168.0.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "255.255.255.255"),
    *("168.63.129.16", "::", "::1", "::ffff:127.0.0.1", "::7f00:1", "64:ff9b::7f00:1", "64:ff9b:1::a00:1"),
    *("100::1", "2001::1", "2001:db8::1", "2002:7f00:1::", "3fff::1", "fc00::1", "fd00:ec2::254", "fe80::1", "ff02::1"),
)


class State(Enum):
    GOOD = "✓"
    NOTE = "!"
    BAD = "✗"


@dataclass(frozen=True, slots=True)
class Finding:
    state: State
    told: str


Check = Callable[[Settings], Iterator[Finding]]
Bring = Callable[[TargetPolicy, TargetUrl], Page]


def good(told: str) -> Finding:
    return Finding(State.GOOD, told)


def note(told: str) -> Finding:
    return Finding(State.NOTE, told)


def bad(told: str) -> Finding:
    return Finding(State.BAD, told)


def installation(_settings: Settings) -> Iterator[Finding]:
    """Look for other distributions with a package `app`, whose files lie among ours."""
    others = sorted(set(packages_distributions().get("app", ())) - {"pagecard"})
    if others:
        remedy = "install Pagecard in an environment of its own (pipx install pagecard)"
        yield bad(f"The package app is also of {', '.join(others)}: {remedy}")
    else:
        yield good("The package app is of Pagecard alone")


def data_folder(settings: Settings) -> Iterator[Finding]:
    folder = settings.data_dir.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=folder) as file:
        os.fsync(file.fileno())
    free = shutil.disk_usage(folder).free
    told = f"{folder} can be written, and {free / 2**30:.1f} GiB are free"
    yield good(told) if free > LITTLE_SPACE else bad(f"{told}: make room, or set PAGECARD_DATA_DIR to another disk")


def databases(settings: Settings) -> Iterator[Finding]:
    for opened in (open_primary, open_ephemeral):
        database = opened(settings)
        try:
            database.ping()
            yield from _look_into(database)
            if opened is open_primary:
                yield _count_keys(KeyStore(database, Generations(settings.generations_file)))
        finally:
            database.engine.dispose()


def _look_into(database: Database) -> Iterator[Finding]:
    with database.read() as connection:
        if database.is_sqlite:
            told = connection.execute(sa.text("PRAGMA quick_check(1)")).scalar()
            file = sa.make_url(database.url).database
            yield good(f"{file} is sound") if told == "ok" else bad(f"{file} is damaged, restore it: {told}")
        else:
            its_time = connection.execute(sa.text("SELECT extract(epoch FROM clock_timestamp())")).scalar()
            yield good("PostgreSQL answers")
            yield compare_clocks("PostgreSQL", float(its_time or 0))


def _count_keys(keys: KeyStore) -> Finding:
    usable = sum(key.revoked_at is None for key in keys.list())
    return good(f"{usable} API keys work") if usable else note("There is no API key: pagecard keys create --plan pro")


def redis(settings: Settings) -> Iterator[Finding]:
    client = connect_redis(settings)
    if client is None:
        return
    with closing(client):
        seconds, microseconds = client.time()
        yield good("Redis answers")
        yield compare_clocks("Redis", seconds + microseconds / 1e6)


def compare_clocks(whose: str, its_time: float) -> Finding:
    skew = abs(time.time() - its_time)
    if skew > CLOCK_TOLERANCE:
        return bad(f"The clocks here and at {whose} are {skew:.1f} s apart: let both follow NTP")
    return good(f"The clock agrees with that of {whose}")


def clock(settings: Settings) -> Iterator[Finding]:
    now = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())
    yield good(f"It is {now}") if time.time() > LONG_AGO else bad(f"The clock says {now}: set it, or let it follow NTP")


def reading(settings: Settings) -> Iterator[Finding]:
    if COMPILED:
        yield good("Pages are scanned by compiled code")
    else:
        yield note("Pages are scanned by Python, which costs more: install Pagecard again where there is a C compiler")


def broker(settings: Settings) -> Iterator[Finding]:
    if not settings.broker_url:
        yield good("Jobs run beside the web workers: no broker is needed")
        return
    from app.jobs.celery import build_celery

    with build_celery(settings.broker_url).connection_for_write() as connection:
        connection.ensure_connection(max_retries=1, timeout=CONNECT_TIMEOUT)
        yield good(f"The broker answers: {connection.as_uri()}")  # as_uri hides the password


def ways_out(settings: Settings) -> Iterator[Finding]:
    if settings.ca_bundle:
        ssl.create_default_context(cafile=settings.ca_bundle)
        yield good(f"{settings.ca_bundle} holds certificates")
    urls = [settings.egress_proxy] if settings.egress_proxy else []
    for proxy in map(parse_proxy, [*urls, *(each.url for each in settings.proxies)]):
        try:
            create_connection((proxy.host, proxy.port), CONNECT_TIMEOUT).close()
            yield good(f"The proxy {proxy.host}:{proxy.port} listens")
        except OSError as error:
            yield bad(f"The proxy {proxy.host}:{proxy.port} cannot be reached: {error}")


def open_files(settings: Settings) -> Iterator[Finding]:
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = 2 * settings.pool_size + THREADS + SPARE_FILES
    told = f"A worker may open {limit} files, and needs up to {needed} with PAGECARD_POOL_SIZE={settings.pool_size}"
    enough = limit == resource.RLIM_INFINITY or limit >= needed
    yield good(told) if enough else bad(f"{told}: raise the limit (ulimit -n {needed}), or make the pool smaller")


def address_rules(settings: Settings) -> Iterator[Finding]:
    reached = [text for text in FORBIDDEN if judge(ip_address(text)) is Verdict.PUBLIC]
    if reached:
        yield bad(f"The guard would let through {', '.join(reached)}: do not run this copy of Pagecard")
    else:
        yield good(f"The guard refuses {len(FORBIDDEN)} addresses, one of each family that is not public")
    if settings.allow_targets:
        opened = ", ".join(f"{each.network}{f':{each.port}' if each.port else ''}" for each in settings.allow_targets)
        yield note(f"PAGECARD_ALLOW_TARGETS opens {opened} to everybody who has a key")


def fetching(settings: Settings) -> Iterator[Finding]:
    def bring(policy: TargetPolicy, url: TargetUrl) -> Page:
        fetcher = Fetcher(
            policy=policy, resolver=Resolver(), max_bytes=settings.max_bytes, timeout=settings.fetch_timeout,
            user_agent=settings.user_agent, accept_language=settings.accept_language, ca_bundle=settings.ca_bundle,
        )  # fmt: skip
        return fetcher.fetch(url, Deadline.after(settings.fetch_timeout))

    yield from _try_guard("The fetcher", bring)


def rendering(settings: Settings) -> Iterator[Finding]:
    missing = Renderer.unavailable_reason(settings)
    if missing:
        asked_for = settings.chromium or settings.cdp_url
        yield (bad if asked_for else note)(f"render_js is answered RENDERING_UNAVAILABLE. {missing}")
        return

    def bring(policy: TargetPolicy, url: TargetUrl) -> Page:
        renderer = Renderer(
            policy=policy, resolver=Resolver(), chromium=settings.chromium, cdp_url=settings.cdp_url,
            max_bytes=settings.max_bytes, user_agent=settings.user_agent, accept_language=settings.accept_language,
        )  # fmt: skip
        with closing(renderer):
            return renderer.fetch(url, Deadline.after(RENDER_TIMEOUT), wait=Wait())

    yield from _try_guard("The browser", bring)


def _try_guard(who: str, bring: Bring) -> Iterator[Finding]:
    """A page of our own on loopback is refused, and read once it is named."""
    with _own_page() as url:
        named = AllowedNetwork(ip_network("127.0.0.1/32"), url.port)
        try:
            bring(TargetPolicy(), url)
            yield bad(f"{who} reached a page on loopback that nobody allowed: do not run this copy of Pagecard")
        except TargetNotAllowed:
            yield good(f"{who} refuses a page on loopback")
        read = bring(TargetPolicy((named,)), url)
        yield (
            good(f"{who} reads it where PAGECARD_ALLOW_TARGETS names it")
            if _PAGE in read.body
            else bad(f"{who} brought something else than the page that was asked for")
        )


_PAGE = b"<title>A page of the doctor's own</title>"


class _OwnPage(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(_PAGE)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the name that it overrides)
        """Say nothing."""


@contextmanager
def _own_page() -> Iterator[TargetUrl]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _OwnPage) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield parse_url(f"http://127.0.0.1:{server.server_port}/")
        server.shutdown()


CHECKS: dict[str, Check] = {
    "installation": installation,
    "data folder": data_folder,
    "database": databases,
    "Redis": redis,
    "broker": broker,
    "clock": clock,
    "open files": open_files,
    "ways out": ways_out,
    "guard": address_rules,
    "fetching": fetching,
    "reading": reading,
    "rendering": rendering,
}


def examine(settings: Settings, names: Iterable[str] = CHECKS) -> Iterator[tuple[str, Finding]]:
    """Run checks; yield each finding with the name of its check."""
    for name in names:
        try:
            yield from ((name, finding) for finding in CHECKS[name](settings))
        except Exception as error:  # a check that cannot be made is what the operator wants to know
            reason = str(error).strip() or type(error).__name__
            yield name, bad(reason.splitlines()[0])
