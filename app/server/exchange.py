"""Exchange: a request and its answer, between gunicorn's parser and the WSGI application."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextvars import Context
from enum import Enum, auto
from typing import Any

import structlog
from gunicorn.http import wsgi  # type: ignore[import-untyped]
from gunicorn.http.errors import (  # type: ignore[import-untyped]
    InvalidHeader,
    LimitRequestHeaders,
    NoMoreData,
    ParseException,
)
from gunicorn.http.parser import RequestParser  # type: ignore[import-untyped]

from app.errors import InternalError
from app.server.channel import Channel
from app.server.refusal import refuse, refuse_to_parse

log = structlog.get_logger()

AUTHENTICATED = "pagecard.authenticated"  # set by the application in a request's environ when it accepts the key

Application = Callable[..., Iterable[bytes]]


class NextStep(Enum):
    """Next step of a connection, once the client has taken all bytes sent."""

    RESUME = auto()  # make more of the answer
    KEEP_ALIVE = auto()
    CLOSE = auto()


class Exchange:
    """Reads a request from a channel and answers it, in as many steps as the client's pace demands."""

    def __init__(
        self,
        channel: Channel,
        parser: RequestParser,
        application: Application,
        addresses: tuple[Any, Any],
        cfg: Any,
        *,
        may_keep: bool,
    ) -> None:
        """`addresses`: the client's and the server's; `may_keep`: whether the connection may outlive the answer."""
        self.authenticated = False
        self._may_keep = may_keep
        self._channel = channel
        self._parser = parser
        self._application = application
        self._addresses = addresses
        self._cfg = cfg
        self._response: Any = None
        self._context = Context()  # the steps may run in different threads
        self._steps = self._run()

    def step(self) -> NextStep:
        """Answer until the client falls behind or the answer is complete. Never raises, never answers twice."""
        try:
            return self._context.run(next, self._steps, NextStep.CLOSE)
        except (ParseException, NoMoreData) as error:
            if not self._has_answered:
                refuse_to_parse(self._channel, error)
        except OSError:
            log.debug("client gone")
        except Exception:
            log.exception("request failed")
            if not self._has_answered:
                refuse(self._channel, InternalError())
        return NextStep.CLOSE

    @property
    def _has_answered(self) -> bool:
        return self._response is not None and self._response.headers_sent

    def _run(self) -> Iterator[NextStep]:
        request = self._parse()
        if request is None:
            return
        self._response, environ = wsgi.create(request, self._channel, *self._addresses, self._cfg)
        if not (self._may_keep and self._channel.receiver.whole):  # where would the next request begin?
            self._response.force_close()
        yield from self._answer(environ | {"wsgi.multithread": True})
        if not self._response.should_close() and self._parser.finish_body() and self._has_read_all:
            yield NextStep.KEEP_ALIVE

    def _parse(self) -> Any:
        """Parse the head. Raises ParseException; None if the client closed."""
        if self._channel.receiver.headless:
            raise LimitRequestHeaders("too long")
        if self._channel.receiver.ambiguous:
            raise InvalidHeader("framing")
        return next(self._parser, None)

    @property
    def _has_read_all(self) -> bool:
        """Whether the parser and the receiver agree on the end of the request."""
        return self._channel.was_read and not self._parser.unreader.take_buffered()

    def _answer(self, environ: dict[str, Any]) -> Iterator[NextStep]:
        response = self._response
        pieces = self._application(environ, response.start_response)
        self.authenticated = AUTHENTICATED in environ
        try:
            for piece in pieces:
                if piece and not response.headers_sent:
                    self._channel.cork()
                response.write(piece)
                if self._channel.above_high_watermark:
                    yield NextStep.RESUME
            response.close()
        finally:
            if hasattr(pieces, "close"):
                pieces.close()
