"""Logs: one JSON object a line, on standard error."""

from __future__ import annotations

import json
import sys
from typing import Any

import orjson
import structlog


def configure_logs(level: str) -> None:
    """`level`: debug, info, warning or error. The library's loggers go the same way as ours."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(serializer=_encode),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.BytesLoggerFactory(file=sys.stderr.buffer),
        cache_logger_on_first_use=True,
    )


def _encode(event: dict[str, Any], **_options: Any) -> bytes:
    try:
        return orjson.dumps(event, default=repr)
    except TypeError:  # a traceback may quote text that has no encoding, such as a lone surrogate
        return json.dumps(event, default=repr).encode()
