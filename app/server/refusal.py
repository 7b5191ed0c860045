"""Refusals by the server itself, in the envelope and with the fields of app.api."""

from __future__ import annotations

import secrets

import orjson
import structlog

from app.errors import InvalidBody, ServiceError
from app.server.channel import Channel

log = structlog.get_logger()

FIELDS = {
    "Connection": "close",
    "Content-Type": "application/json",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "X-Request-Id, Retry-After",
}


def refuse(channel: Channel, error: ServiceError) -> None:
    """Answer with an error, and announce the end of the connection."""
    request_id = f"req_{secrets.token_hex(12)}"
    problem = {"code": error.code, "message": error.message}
    body = orjson.dumps({"success": False, "error": problem, "meta": {"request_id": request_id}})
    fields = {"X-Request-Id": request_id, "Content-Length": len(body)} | FIELDS
    if error.retry_after:
        fields["Retry-After"] = error.retry_after
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    if channel.receiver.asks_for_head:
        body = b""
    try:
        channel.sendall(f"HTTP/1.1 {error.status} {error.code}\r\n{head}\r\n".encode() + body)
    except OSError:
        log.debug("client gone")


def refuse_to_parse(channel: Channel, error: Exception) -> None:
    """Answer a request that is no HTTP. The log gets the error's type alone: its text may quote a key."""
    problem = type(error).__name__
    log.info("request refused", reason=problem)
    refuse(channel, InvalidBody(f"This is no HTTP request that can be read: {problem}"))
