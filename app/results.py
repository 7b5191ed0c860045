"""Results: the outcome of one URL, and every cut and join of encoded JSON.

Rule: a card is encoded once, when it is read; the cache, the doors and the jobs pass its bytes on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any

import orjson
from msgspec import Struct

from app.errors import ResponseTooLarge, TargetError
from app.text import printable

MAX_ANSWER = 32 * 2**20
"""Bytes of the cards of one answer, which is joined in memory."""


class Success(Struct, frozen=True):
    """`data` is a JSON object, encoded. Times are Unix seconds. `stale`: older than asked for."""

    data: bytes
    http_status: int
    cache_hit: bool
    fetched_at: float
    expires_at: float
    stale: bool = False


@dataclass(frozen=True, slots=True)
class Failure:
    error: TargetError


Outcome = Success | Failure


def with_fields(encoded: bytes, fields: Mapping[str, Any]) -> bytes:
    """Add fields to the end of an encoded object; a value that is bytes is encoded already."""
    added = {name: orjson.Fragment(value) if isinstance(value, bytes) else value for name, value in fields.items()}
    return join_objects(encoded, orjson.dumps(added))


def join_objects(*encoded: bytes) -> bytes:
    """Join encoded objects into an object with the fields of all."""
    return b"{%b}" % b",".join(each[1:-1] for each in encoded if each != b"{}")


def encode_list_field(encoded: bytes, name: str, items: Iterable[bytes]) -> Iterator[bytes]:
    """Add a list of encoded items to the end of an encoded object, piece by piece."""
    yield b'%b,"%b":[' % (encoded[:-1], name.encode())
    for separator, item in zip(chain((b"",), repeat(b",")), items, strict=False):
        yield separator + item
    yield b"]}"


def encode_envelope(data: Iterable[bytes], meta: bytes) -> bytes:
    """Put the envelope of a success around the pieces of encoded data, and encoded facts of the answer."""
    return b"".join((b'{"success":true,"data":', *data, b',"meta":', meta, b"}"))


def encode_batch(urls: Sequence[str], outcomes: Sequence[Outcome]) -> list[bytes]:
    """Encode `{"results", "summary"}` in pieces, to be joined once: an answer may have megabytes."""
    outcomes = _fitting(outcomes)
    pieces = chain.from_iterable(map(_pieces, chain((_BEGIN,), repeat(_NEXT)), _echoes(urls), outcomes))
    summary = encode_summary(len(urls), list(map(type, outcomes)).count(Success))
    return [b'{"results":[', *pieces, b'],"summary":', summary, b"}"]


def encode_result(url: str, outcome: Outcome) -> bytes:
    """Encode the outcome of one URL, which is echoed as it was sent."""
    return b"".join(_pieces(_BEGIN, _echoes([url])[0], outcome))


def encode_summary(total: int, successful: int) -> bytes:
    """Encode the counts of a batch."""
    return orjson.dumps({"total": total, "successful": successful, "failed": total - successful})


def check_size(card: Success) -> None:
    """Raise ResponseTooLarge for a card that an answer has no room for."""
    if len(card.data) > MAX_ANSWER:
        raise ResponseTooLarge("The answer holds at most 32 MiB; ask for this URL with fewer extra blocks")


def _fitting(outcomes: Sequence[Outcome]) -> Sequence[Outcome]:
    """Replace each card that an answer of `MAX_ANSWER` bytes has no room for, in the order of the URLs."""
    sizes = [len(each.data) if type(each) is Success else 0 for each in outcomes]
    if sum(sizes) <= MAX_ANSWER:
        return outcomes
    room, fitting = MAX_ANSWER, list(outcomes)
    for index, size in enumerate(sizes):
        if size > room:
            fitting[index] = Failure(ResponseTooLarge())
        else:
            room -= size
    return fitting


_BEGIN, _NEXT = b'{"url":', b',{"url":'


def _echoes(urls: Sequence[str]) -> list[bytes]:
    try:
        return list(map(orjson.dumps, urls))
    except orjson.JSONEncodeError:  # lone surrogates
        return [orjson.dumps(printable(url)) for url in urls]


def _pieces(begin: bytes, echo: bytes, outcome: Outcome) -> tuple[bytes, ...]:
    if isinstance(outcome, Success):
        return begin, echo, b',"success":true,"data":', outcome.data, _ENDS[outcome.cache_hit, outcome.stale]
    error = outcome.error
    told: dict[str, Any] = {"code": error.code, "message": error.message, "retryable": error.retryable}
    if error.details:
        told["details"] = error.details
    return begin, echo, b',"success":false,"error":', orjson.dumps(told), b"}"


_ENDS = {
    (False, False): b',"cache_hit":false}',
    (True, False): b',"cache_hit":true}',
    (True, True): b',"cache_hit":true,"stale":true}',
}
