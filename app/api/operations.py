"""What operators ask: whether the process lives, whether its stores answer, and its figures. No key needed."""

from __future__ import annotations

import structlog
from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_LATEST

from app import metrics
from app.api import responses
from app.api.envelope import bare
from app.api.openapi import Operation, described, json_answer
from app.api.state import services
from app.errors import NotFound

log = structlog.get_logger()

blueprint = Blueprint("operations", __name__)


@blueprint.get("/healthz")
@described(Operation(tag="Operations", answers={200: json_answer(responses.HEALTH)}))
def healthz() -> Response:
    """The process lives."""
    return bare({"status": "ok"})


@blueprint.get("/readyz")
@described(
    Operation(tag="Operations", answers={200: json_answer(responses.READINESS), 503: json_answer(responses.READINESS)})
)
def readyz() -> Response:
    """Every store answers; 503 if one does not."""
    stores = services().check_stores()
    ready = all(stores.values())
    response = bare(
        {
            "status": "ok" if ready else "unavailable",
            "stores": {n: "ok" if ok else "failed" for n, ok in stores.items()},
        },
        200 if ready else 503,
    )
    if not ready:
        response.headers["Retry-After"] = "5"
    return response


@blueprint.get("/metrics")
@described(Operation(tag="Operations", answers={200: {"text/plain": responses.STRING}}, errors=(NotFound,)))
def figures() -> Response:
    """Figures of all workers, for Prometheus."""
    if not services().settings.metrics:
        raise NotFound
    return Response(metrics.exposition(), content_type=CONTENT_TYPE_LATEST)
