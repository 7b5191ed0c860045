"""Facts of the picture of a card: size, type, placeholder; read while the card's asker waits, and kept apart from it.

Rule 1: an asker who has no time gets no facts, and no failure; what came too late is not kept.
Rule 2: most pictures tell their size in the first `HEAD` bytes; only a small one is fetched whole for its colours.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Annotated

import msgspec
import structlog
from msgspec import Struct

from app.deadline import Deadline
from app.errors import TargetError, TargetTimeout
from app.fetch import TargetUrl, parse_url
from app.images import tasks
from app.images.decoders import Decoders
from app.images.kinds import SVG, sniff_type
from app.images.proxy import ACCEPT, FetchFile
from app.images.signing import ImageSigner
from app.images.store import DiskStore
from app.images.tasks import Task
from app.metadata.model import doc
from app.page import Page
from app.storage.single_flight import SingleFlight

log = structlog.get_logger()

HEAD = 64 * 1024  # bytes
WHOLE = 4 * 2**20  # bytes up to which a picture is fetched whole
TIMEOUT = 4.0  # seconds, and half of what is left at most: an extra must not eat the time of the card
TTL = 86_400.0  # seconds
FAILURE_TTL = 60.0  # seconds
NOTHING = b"null"

_TOTAL = re.compile(r"bytes [0-9]+-[0-9]+/([0-9]{1,18})")  # RFC 9110, section 14.4


class ImageInfo(Struct, frozen=True):
    """Facts of a picture, by its bytes."""

    url: Annotated[str, doc("URL of the picture.", "https://www.example.com/cover.jpg")]
    proxy_url: Annotated[
        str, doc("Path of the picture through this server, signed.", "/v1/image/Rk1vY2stc2lnbmF0dXJlLQ/-/aHR0cHM6Ly9")
    ]
    width: Annotated[int | None, doc("Pixels, upright; null for SVG.", 1200)]
    height: Annotated[int | None, doc("Pixels, upright; null for SVG.", 630)]
    type: Annotated[str, doc("Media type by the first bytes.", "image/jpeg")]
    bytes: Annotated[int | None, doc("Size of the file, where its host tells it.", 84512)]
    dominant_color: Annotated[str | None, doc("Most frequent colour; null over 4 MiB and for SVG.", "#1f4e79")]
    thumbhash: Annotated[
        str | None, doc("ThumbHash, base64; null over 4 MiB and for SVG.", "1QcSHQRnh493V4dIh4eXh1h4kJUI")
    ]


class Found(Struct, frozen=True):
    """Facts as they are kept."""

    type: str
    bytes: int | None
    width: int | None = None
    height: int | None = None
    dominant_color: str | None = None
    thumbhash: str | None = None


class _Kept(Struct, frozen=True):
    expires_at: float
    found: Found | None


_decode = msgspec.msgpack.Decoder(_Kept).decode


class ImageFacts:
    """Facts of pictures by URL, as encoded JSON. Thread-safe."""

    def __init__(
        self, fetch: FetchFile, decoders: Decoders, store: DiskStore, flights: SingleFlight, signer: ImageSigner
    ) -> None:
        self._fetch = fetch
        self._decoders = decoders
        self._store = store
        self._flights = flights
        self._signer = signer

    def find(self, url: str) -> bytes | None:
        """Return what is known of a picture; None where nothing is."""
        kept = self._kept(url)
        return self._encode(url, kept.found) if kept else None

    def read(self, url: str, deadline: Deadline, tenant: str) -> bytes:
        """Return the facts of a picture; `NOTHING` where the deadline, or the picture, leaves none. Never raises."""
        try:
            return self._encode(url, self._read_once(url, deadline.sooner(_share(deadline)), tenant))
        except TargetTimeout:
            return NOTHING
        except Exception:
            log.exception("facts of a picture crashed")
            return NOTHING

    def _encode(self, url: str, found: Found | None) -> bytes:
        if found is None:
            return NOTHING
        return msgspec.json.encode(
            ImageInfo(url=url, proxy_url=self._signer.image_url(url), **msgspec.structs.asdict(found))
        )

    def _kept(self, url: str) -> _Kept | None:
        value = self._store.get(_key(url))
        with suppress(msgspec.MsgspecError):  # written by another version, or damaged
            kept = _decode(value) if value else None
            return kept if kept and kept.expires_at > time.time() else None
        return None

    def _read_once(self, url: str, deadline: Deadline, tenant: str) -> Found | None:
        end_turn = self._flights.take(_key(url), deadline)
        try:
            kept = self._kept(url)
            return kept.found if kept else self._read_and_keep(url, deadline, tenant)
        finally:
            end_turn()

    def _read_and_keep(self, url: str, deadline: Deadline, tenant: str) -> Found | None:
        """Read a picture. Raises TargetTimeout where the deadline, not the picture, left no facts."""
        try:
            found = self._read(parse_url(url), deadline, tenant)
        except TargetError:
            deadline.check("queue")
            found = None
        expires_at = time.time() + (TTL if found else FAILURE_TTL)
        self._store.put(_key(url), msgspec.msgpack.encode(_Kept(expires_at, found)))
        return found

    def _read(self, target: TargetUrl, deadline: Deadline, tenant: str) -> Found | None:
        head = self._bring(target, deadline, tenant, HEAD, {"Range": f"bytes=0-{HEAD - 1}"})
        media_type, size = sniff_type(head.body), _size(head)
        if not 200 <= head.status < 300 or media_type is None:
            return None
        if media_type == SVG:
            return Found(SVG, size)
        body, is_whole = head.body, size == len(head.body)
        if not is_whole and (size or 0) <= WHOLE:
            body, is_whole = self._whole(target, deadline, tenant) or (body, False)
        facts = self._facts(Task(media_type, None, whole=is_whole), body, deadline)
        size = len(body) if is_whole else size
        return Found(media_type, size, **msgspec.structs.asdict(facts)) if facts else None

    def _whole(self, target: TargetUrl, deadline: Deadline, tenant: str) -> tuple[bytes, bool] | None:
        """Fetch a whole picture, within most of the time that is left; None where that fails."""
        with suppress(TargetError):
            page = self._bring(target, deadline.sooner(0.7 * deadline.remaining()), tenant, WHOLE, {})
            if 200 <= page.status < 300 and not page.truncated:
                return page.body, True
        return None

    def _bring(
        self, target: TargetUrl, deadline: Deadline, tenant: str, limit: int, headers: Mapping[str, str]
    ) -> Page:
        return self._fetch(target, deadline, tenant=tenant, headers=headers, accept=ACCEPT, file_limit=limit)

    def _facts(self, task: Task, body: bytes, deadline: Deadline) -> tasks.Facts | None:
        return self._decoders.read_facts(task, body, deadline)


def _share(deadline: Deadline) -> float:
    return min(TIMEOUT, deadline.remaining() / 2)


def _key(url: str) -> str:
    return f"facts {url}"


def _size(page: Page) -> int | None:
    """Return the bytes of the whole file; None where its host does not tell."""
    if told := _TOTAL.match(page.headers.get("content-range", "")):
        return int(told[1])
    if page.status == 206 or page.headers.get("content-encoding"):
        return None if page.truncated or page.status == 206 else len(page.body)
    return page.length
