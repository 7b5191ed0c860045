"""Image proxy: a stranger's picture, fetched through the guard, drawn anew and kept on disk.

Rule 1: the bytes say what a picture is; only pictures are passed on, and all but SVG are drawn anew.
Rule 2: every load has a deadline; at most `LOADS` are in memory at a time.
Rule 3: a failure is a picture, too, and is kept for `FAILURE_TTL`.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Mapping
from typing import Protocol
from xml.sax.saxutils import escape

import msgspec
import structlog
from msgspec import Struct

from app.deadline import Deadline
from app.errors import (
    InternalError,
    InvalidBody,
    Overloaded,
    PagecardError,
    TargetError,
    TargetHttpError,
    TargetTimeout,
    TargetUnreachable,
    UnsupportedContent,
)
from app.fetch import TargetUrl, parse_url
from app.images.decoders import Decoders
from app.images.kinds import SVG, sniff_type
from app.images.options import ImageOptions, parse_options
from app.images.store import DiskStore
from app.images.tasks import Task
from app.page import Page
from app.storage.single_flight import SingleFlight
from app.threads.fair_queue import overloaded

log = structlog.get_logger()

ACCEPT = "image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5"
MAX_BYTES = 10 * 2**20
LOADS = 12  # of a worker: at most so many times `MAX_BYTES` in memory
PATIENCE = 5.0  # seconds that a load waits for its turn
TTL = 7 * 86_400.0  # seconds that a picture is kept
FAILURE_TTL = 30.0  # seconds
TENANT = "images"


class Picture(Struct, frozen=True):
    """Picture as it is served, with the HTTP status of its answer. `expires_at`: Unix seconds; `code`: of an error."""

    body: bytes
    type: str
    etag: str
    expires_at: float
    status: int = 200
    code: str | None = None
    retry_after: int | None = None


class FetchFile(Protocol):
    def __call__(
        self,
        url: TargetUrl,
        deadline: Deadline,
        *,
        tenant: str,
        headers: Mapping[str, str] | None = None,
        accept: str,
        file_limit: int,
    ) -> Page: ...


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Picture).decode


class ImageProxy:
    """Pictures of any host. `timeout`: seconds for one picture, from its request to its last byte."""

    def __init__(
        self, fetch: FetchFile, decoders: Decoders, store: DiskStore, flights: SingleFlight, timeout: float
    ) -> None:
        self._fetch = fetch
        self._decoders = decoders
        self._store = store
        self._flights = flights
        self._loads = threading.BoundedSemaphore(LOADS)
        self._timeout = timeout

    def get(self, url: str, options: str) -> Picture:
        """Return a picture in the wanted form, or the picture of an error. Never raises."""
        key = f"{options} {url}"
        return self._find(key) or self._load(key, url, options)

    def _find(self, key: str) -> Picture | None:
        kept = self._store.get(key)
        try:
            picture = _decode(kept) if kept else None
        except msgspec.MsgspecError:  # written by another version, or damaged
            return None
        return picture if picture and picture.expires_at > time.time() else None

    def _load(self, key: str, url: str, options: str) -> Picture:
        deadline = Deadline.after(self._timeout)
        try:
            end_turn = self._flights.take(f"image {key}", deadline)
        except TargetTimeout as error:
            return draw_failure(error)
        try:
            return self._find(key) or self._keep(key, self._answer(url, options, deadline))
        finally:
            end_turn()

    def _keep(self, key: str, picture: Picture) -> Picture:
        if picture.expires_at > time.time():
            self._store.put(key, _encode(picture))
        return picture

    def _answer(self, url: str, options: str, deadline: Deadline) -> Picture:
        try:
            return self._draw(parse_url(url), _read_options(options), deadline)
        except (TargetError, InvalidBody, Overloaded) as error:
            return draw_failure(error)
        except Exception:
            log.exception("picture crashed")
            return draw_failure(InternalError())

    def _draw(self, target: TargetUrl, options: ImageOptions, deadline: Deadline) -> Picture:
        if not self._loads.acquire(timeout=min(PATIENCE, deadline.remaining())):
            raise overloaded("Too many pictures are being fetched just now")
        try:
            body, media_type = self._bring(target, deadline)
            if media_type == SVG:
                return make_picture(body, SVG)
            drawn = self._decoders.draw(Task(media_type, options), body, deadline)
            return make_picture(drawn.body, drawn.type)
        finally:
            self._loads.release()

    def _bring(self, target: TargetUrl, deadline: Deadline) -> tuple[bytes, str]:
        """Fetch a whole picture and its type. Raises TargetError."""
        page = self._fetch(target, deadline, tenant=TENANT, accept=ACCEPT, file_limit=MAX_BYTES)
        check_answer(page)
        if page.truncated:
            raise UnsupportedContent(f"The picture has more than {MAX_BYTES // 2**20} MiB", reason="type")
        media_type = sniff_type(page.body)
        if media_type is None:
            raise UnsupportedContent("The target is no picture that browsers show", reason="type")
        return page.body, media_type


def check_answer(page: Page) -> None:
    """Raise TargetError for an answer that failed or broke off."""
    if not 200 <= page.status < 300:
        raise TargetHttpError(page.status)
    if page.late:
        raise TargetTimeout(reason="body")
    if page.broken:
        raise TargetUnreachable(reason="reset")


def _read_options(options: str) -> ImageOptions:
    try:
        return parse_options(options)
    except ValueError as error:
        raise InvalidBody(f"options: {error}") from None


def make_picture(body: bytes, media_type: str) -> Picture:
    """Make a picture that is fresh from now on."""
    return Picture(body, media_type, _etag(body), time.time() + TTL)


def _etag(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:32]


FAILURE = """<svg xmlns="http://www.w3.org/2000/svg" width="320" height="168" viewBox="0 0 320 168" role="img">\
<title>{title}</title><rect width="320" height="168" fill="#e5e7eb"/>\
<path d="M132 60h56v48h-56zM132 98l16-16 12 12 12-10 16 14M150 74a5 5 0 1 1-.1 0M126 54l68 60" fill="none" \
stroke="#9ca3af" stroke-width="4"/></svg>"""


def draw_failure(error: PagecardError) -> Picture:
    """Draw an error: a small SVG whose title has the code and the message."""
    body = FAILURE.format(title=escape(f"{error.code}: {error.message}")).encode()
    lasts = error.reason != "queue" and not isinstance(error, InternalError | Overloaded)
    return Picture(
        body,
        SVG,
        _etag(body),
        time.time() + FAILURE_TTL if lasts else 0.0,
        error.status,
        error.code,
        getattr(error, "retry_after", None),
    )
