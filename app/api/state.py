"""What Flask holds for the request that is being answered, taken from it once.

Flask's `request`, `g` and `current_app` are proxies, which look for it anew at each use: a microsecond each, of
which a batch that the cache answers would spend fifty. Whoever uses one of them more than once asks here first.
"""

from __future__ import annotations

from typing import Any

from flask import Request, current_app, g, request

from app.services import Services


def current_request() -> Request:
    """The request itself. Raises RuntimeError where none is being answered."""
    return request._get_current_object()  # type: ignore[attr-defined,no-any-return]


def current_g() -> Any:
    """What the rooms of the door tell each other of it: Flask's `g` itself."""
    return g._get_current_object()


def services() -> Services:
    """The services of the app that handles it."""
    return current_app._get_current_object().extensions["pagecard"]  # type: ignore[attr-defined,no-any-return]
