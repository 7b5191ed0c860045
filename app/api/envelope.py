"""The envelope of every answer, success or error, and the headers of each.

Rule 1: an error is raised as a ServiceError or TargetError and becomes an answer here, nowhere else.
Rule 2: no answer shows a traceback, an address of ours or a key.
"""

from __future__ import annotations

import re
import secrets
import time
from functools import partial

import msgspec
import structlog
from flask import Flask, Request, Response
from msgspec import Struct
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from app import metrics
from app.api.failures import refuse
from app.api.responses import Meta
from app.api.state import RequestState, begin_state, current_request, current_state, services
from app.errors import (
    InternalError,
    InvalidBody,
    MethodNotAllowed,
    NotFound,
    PagecardError,
    PayloadTooLarge,
    ServiceError,
)
from app.networks import original_client
from app.results import encode_envelope
from app.storage.failures import translate

log = structlog.get_logger()

JSON = "application/json"
DEFAULT_HEADERS = (("X-Content-Type-Options", "nosniff"), ("Cache-Control", "no-store"))
SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")


def success(*data: bytes, meta: Meta | None = None) -> Response:
    """Put the envelope around `data`, which is JSON, and may come in pieces."""
    return json_response(encode_envelope(data, msgspec.json.encode(meta or answer_meta())))


def answer_meta() -> Meta:
    """Return the facts of the current request."""
    return Meta(request_id=current_state().request_id, response_time_ms=elapsed_ms())


def failure(error: PagecardError) -> Response:
    """Answer with an error."""
    state = current_state()
    state.error_code = error.code
    response = bare(refuse(error, state.request_id), error.status)
    if error.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, ServiceError) and error.retry_after:
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def bare(value: Struct, status: int = 200) -> Response:
    """Answer with a Struct as JSON, without an envelope."""
    return json_response(msgspec.json.encode(value), status)


def json_response(body: bytes, status: int = 200) -> Response:
    """Answer with JSON that is encoded already."""
    return Response(body, status, content_type=JSON)


def conditional(response: Response) -> Response:
    """Answer 304 where the client's copy is current. If-Match, which asks for 412, is for methods that change state."""
    environ = current_request().environ
    response.make_conditional({name: value for name, value in environ.items() if name != "HTTP_IF_MATCH"})
    return response


def elapsed_ms() -> int:
    """Return the milliseconds since the request came in."""
    return round((time.perf_counter() - current_state().started) * 1000)


def mark(name: str, seconds: float) -> None:
    """Add an entry to `Server-Timing` (W3C Server Timing)."""
    current_state().timings.append(f"{name};dur={seconds * 1000:.1f}")


def install(app: Flask) -> None:
    """Wrap every request of `app`."""
    app.before_request(_begin)
    app.after_request(_finish)
    app.register_error_handler(PagecardError, failure)
    app.register_error_handler(HTTPException, _foreign)
    app.register_error_handler(Exception, _mistake)


def _begin() -> None:
    asked = current_request()
    sent_id = asked.headers.get("X-Request-Id", "")
    request_id = sent_id if SANE_REQUEST_ID.fullmatch(sent_id) else f"req_{secrets.token_hex(12)}"
    state = begin_state(request_id, time.perf_counter())
    forwarded = ",".join(asked.headers.getlist("X-Forwarded-For"))
    state.client = original_client(asked.remote_addr or "", forwarded, services().settings.trusted_proxies)
    # werkzeug refuses bytes outside UTF-8; percent-encoded they become U+FFFD, so raw ones do, too.
    asked.query_string = asked.query_string.decode(errors="replace").encode()
    structlog.contextvars.bind_contextvars(request_id=request_id)


def _finish(response: Response) -> Response:
    state = current_state()
    seconds = time.perf_counter() - state.started
    # add() is O(1) and none of these is there yet; assignment would search the list.
    response.headers.add("X-Request-Id", state.request_id)
    response.headers.add("Server-Timing", ", ".join([*state.timings, f"total;dur={seconds * 1000:.1f}"]))
    for name, value in DEFAULT_HEADERS:
        if name not in response.headers:
            response.headers.add(name, value)
    response.call_on_close(partial(_note, current_request(), state, response))
    return response


def _note(asked: Request, state: RequestState, response: Response) -> None:
    """Log and count a request whose answer has been sent."""
    seconds = time.perf_counter() - state.started
    endpoint, status, code = asked.endpoint or "none", response.status_code, state.error_code
    metrics.requests_by(endpoint, str(status), code or "").inc()
    metrics.request_seconds_by(endpoint).observe(seconds)
    log.info(
        "request",
        request_id=state.request_id,
        method=asked.method,
        path=asked.path[:200],
        endpoint=endpoint,
        status=status,
        code=code,
        key_id=state.key.id if state.key else None,
        key_name=state.key.name if state.key else None,
        client=state.client,
        user_agent=asked.headers.get("User-Agent", "")[:200],
        ms=round(seconds * 1000, 1),
    )


def _foreign(error: HTTPException) -> Response:
    """Translate an exception of Flask or werkzeug."""
    if isinstance(error, RequestEntityTooLarge):
        return failure(PayloadTooLarge())
    if error.code == 404:
        return failure(NotFound())
    if error.code == 405:
        return _method_not_allowed(error)
    if error.code is not None and 300 <= error.code < 400:
        return failure(NotFound())  # a redirect to another spelling of the path
    if error.code is not None and error.code < 500:
        return failure(InvalidBody(error.description))
    return _mistake(error)


def _method_not_allowed(error: HTTPException) -> Response:
    response = failure(MethodNotAllowed())
    response.headers["Allow"] = ", ".join(sorted(getattr(error, "valid_methods", None) or ()))
    return response


def _mistake(error: Exception) -> Response:
    refusal = translate(error)
    if refusal:
        log.error("request refused: the database is full or away", problem=str(error).partition("\n")[0])
        return failure(refusal)
    log.error("request failed", exc_info=error)
    return failure(InternalError())
