"""Health, readiness and metrics for operators. No key needed."""

from __future__ import annotations

from contextlib import suppress

from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy.exc import SQLAlchemyError

from app import metrics
from app.api.envelope import bare
from app.api.openapi import Answer, Operation, described
from app.api.responses import Health, Readiness
from app.api.state import services
from app.errors import NotFound

blueprint = Blueprint("operations", __name__)


@blueprint.get("/healthz")
@described(Operation(tag="Operations", answers={200: Answer("The process lives.", Health)}))
def healthz() -> Response:
    """Tell that the process lives."""
    return bare(Health(status="ok"))


@blueprint.get("/readyz")
@described(
    Operation(
        tag="Operations",
        answers={
            200: Answer("The database can be written; `stores` tells of the others.", Readiness),
            503: Answer("The database cannot be written.", Readiness),
        },
    )
)
def readyz() -> Response:
    """Tell whether requests can be answered. Without the shared cache or Redis they can."""
    stores = services().check_stores()
    ready = stores["database"]
    status = "unavailable" if not ready else "ok" if all(stores.values()) else "degraded"
    told = {name: "ok" if answers else "failed" for name, answers in stores.items()}
    response = bare(Readiness(status=status, stores=told), 200 if ready else 503)
    if not ready:
        response.headers["Retry-After"] = "5"
    return response


@blueprint.get("/metrics")
@described(
    Operation(
        tag="Operations",
        answers={
            200: Answer(
                "Metrics in the text format of Prometheus.",
                texts=("text/plain",),
                text_example='pagecard_fetches_total{outcome="success"} 1.0\n',
            )
        },
        errors=(NotFound,),
    )
)
def prometheus() -> Response:
    """Return the metrics of all workers, for Prometheus."""
    if not services().settings.metrics:
        raise NotFound
    with suppress(SQLAlchemyError):  # figures that need no database are worth more than none
        metrics.JOBS_PENDING.set(services().jobs.queue.waiting())
    return Response(metrics.exposition(), content_type=CONTENT_TYPE_LATEST)
