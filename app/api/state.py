"""Typed state of the request being answered, and the Flask objects behind it.

Flask's `request`, `g` and `current_app` are proxies, resolved anew at each use: a microsecond each, of which a
cached batch would spend fifty. Code that uses one of them more than once resolves it here first.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from flask import Request, current_app, g, request

from app.plans import Plan
from app.services import Services
from app.storage.keys import ApiKey
from app.storage.limits import RateState


@dataclass(frozen=True, slots=True)
class Caller:
    """An authorised key and its plan. A view receives one from `authorised`, and from nowhere else."""

    key: ApiKey
    plan: Plan

    @property
    def tenant(self) -> str:
        """Id of the key: owner of jobs, subject of the month's usage, unit of fair queueing."""
        return self.key.id


@dataclass(slots=True)
class RequestState:
    """State of one request. `key` is set once the key is known, even where the request is then refused.

    `started` is a reading of `time.perf_counter()`; `timings` holds the entries of `Server-Timing`.
    """

    request_id: str
    started: float
    timings: list[str] = field(default_factory=list)
    key: ApiKey | None = None
    rate: RateState | None = None
    error_code: str | None = None
    client: str = ""


def begin_state(request_id: str, started: float) -> RequestState:
    """Attach a new state to the current request."""
    g.state = state = RequestState(request_id, started)
    return state


def current_state() -> RequestState:
    """Return the state of the current request. Raises AttributeError before `begin_state`."""
    return g.state  # type: ignore[no-any-return]


def current_request() -> Request:
    """Return the request itself. Raises RuntimeError outside a request."""
    return request._get_current_object()  # type: ignore[attr-defined,no-any-return]


def services() -> Services:
    """Return the services of the current app."""
    return current_app._get_current_object().extensions["pagecard"]  # type: ignore[attr-defined,no-any-return]
