"""Logs on standard error: one JSON object a line, or aligned text on a terminal."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import orjson
import structlog


def configure_logs(level: str) -> None:
    """Log from `level` (debug, info, warning or error) on."""
    human = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%H:%M:%S" if human else "iso", utc=not human),
            *(_for_people() if human else _for_machines()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.BytesLoggerFactory(file=sys.stderr.buffer),
        cache_logger_on_first_use=True,
    )


def _for_machines() -> list[Any]:
    return [
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(serializer=_encode),
    ]


def _for_people() -> list[Any]:
    plain = structlog.dev.plain_traceback  # the other formatters print local variables, and secrets with them
    console = structlog.dev.ConsoleRenderer(
        colors="NO_COLOR" not in os.environ,
        exception_formatter=plain,
        repr_native_str=True,  # a path may hold control sequences of the terminal
    )
    return [console, lambda _logger, _method, text: text.encode(errors="replace")]


def _encode(event: dict[str, Any], **_options: Any) -> bytes:
    try:
        return orjson.dumps(event, default=repr)
    except TypeError:  # a traceback may quote text that has no encoding, such as a lone surrogate
        return json.dumps(event, default=repr).encode()
