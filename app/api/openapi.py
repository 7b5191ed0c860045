"""`/openapi.json`: OpenAPI 3.1, made from the views, their schemas and the tree of errors.

A view says what it takes and answers with `@described`; everything that all views share is added here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from inspect import getdoc
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Blueprint, Flask, Response, current_app
from marshmallow import Schema
from werkzeug.routing import Rule

from app.api import responses
from app.api.envelope import bare
from app.api.fields import CommaList
from app.api.responses import COMPONENTS, Json
from app.errors import (
    ApiKeyExpired,
    ApiKeyRevoked,
    InternalError,
    InvalidApiKey,
    InvalidBody,
    MissingApiKey,
    OriginNotAllowed,
    PagecardError,
    PayloadTooLarge,
    RateLimitExceeded,
    UnsupportedMediaType,
)

blueprint = Blueprint("openapi", __name__)

OF_KEYS = (MissingApiKey, InvalidApiKey, ApiKeyRevoked, ApiKeyExpired, OriginNotAllowed, RateLimitExceeded)
OF_BODIES = (InvalidBody, PayloadTooLarge, UnsupportedMediaType)

TAGS = ("Extract", "Jobs", "Operations")  # in the order in which people meet them

RATE_HEADERS: Json = {
    "X-RateLimit-Limit": {"description": "Requests per minute.", "schema": {"type": "integer"}},
    "X-RateLimit-Remaining": {
        "description": "Requests that may follow at once.",
        "schema": {"type": "integer"},
    },
    "X-RateLimit-Reset": {
        "description": "When the burst is full again, Unix seconds.",
        "schema": {"type": "integer"},
    },
}

View = Callable[..., Response]


@dataclass(frozen=True, slots=True)
class Operation:
    """What a view takes and responses. `answers` maps a status to the media types of its body, each with a schema."""

    tag: str
    answers: Mapping[int, Mapping[str, Json]]
    body: Schema | None = None
    query: Schema | None = None
    path: Mapping[str, Json] = field(default_factory=dict)
    headers: Mapping[str, Json] = field(default_factory=dict)
    errors: tuple[type[PagecardError], ...] = ()


def json_answer(schema: Json) -> Mapping[str, Json]:
    """A body of JSON alone."""
    return {"application/json": schema}


def described(operation: Operation) -> Callable[[View], View]:
    """Put a view into the document."""

    def decorate(view: View) -> View:
        view.operation = operation  # type: ignore[attr-defined]
        return view

    return decorate


@blueprint.get("/openapi.json")
@described(Operation(tag="Operations", answers={200: json_answer({"type": "object"})}))
def openapi() -> Response:
    """This API, described for machines."""
    return bare(document(current_app))


def document(app: Flask) -> Json:
    """The OpenAPI document of every view of `app` that is described."""
    plugin = MarshmallowPlugin()
    spec = APISpec(
        title="Pagecard",
        version=version("pagecard"),
        openapi_version="3.1.0",
        plugins=[plugin],
        info={
            "description": "Turns URLs into link metadata.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        security=[{"bearer": []}, {"header": []}],
        tags=[{"name": name} for name in TAGS],
    )
    plugin.converter.add_parameter_attribute_function(_with_commas)  # type: ignore[union-attr]
    spec.components.security_scheme("bearer", {"type": "http", "scheme": "bearer"})
    spec.components.security_scheme("header", {"type": "apiKey", "in": "header", "name": "X-Api-Key"})
    for name, schema in COMPONENTS.items():
        spec.components.schema(name, schema)
    for path, operations in _paths(app).items():
        spec.path(path=path, operations=operations)
    return spec.to_dict()


def _with_commas(_converter: Any, field: Any, **_: Any) -> Json:
    return {"explode": False} if isinstance(field, CommaList) else {}


def _paths(app: Flask) -> dict[str, Json]:
    paths: dict[str, Json] = defaultdict(dict)
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        if hasattr(view, "operation"):
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                paths[_template(rule)][method.lower()] = _operation(rule, view, view.operation)
    return dict(sorted(paths.items()))


def _template(rule: Rule) -> str:
    return rule.rule.replace("<", "{").replace(">", "}")


def _operation(rule: Rule, view: Any, operation: Operation) -> Json:
    summary, _, rest = (getdoc(view) or "").partition("\n\n")
    authorised = hasattr(view, "authorised")
    described: Json = {
        "operationId": rule.endpoint.rpartition(".")[2],
        "tags": [operation.tag],
        "summary": " ".join(summary.split()),
        "parameters": _parameters(operation),
        "responses": _responses(operation, authorised),
    }
    if rest:
        described["description"] = rest
    if operation.body:
        described["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": operation.body}},
        }
    if not authorised:
        described["security"] = []
    return described


def _parameters(operation: Operation) -> list[Any]:
    named = [
        {"name": name, "in": place, "required": place == "path", "schema": schema}
        for place, parameters in (("path", operation.path), ("header", operation.headers))
        for name, schema in parameters.items()
    ]
    return [*named, {"in": "query", "schema": operation.query}] if operation.query else named


def _responses(operation: Operation, authorised: bool) -> Json:
    headers = RATE_HEADERS if authorised else {}
    responses = {
        str(status): {
            "description": "Success" if status < 300 else "Not modified" if status == 304 else "Unavailable",
            "content": {mime: {"schema": schema} for mime, schema in content.items()},
            "headers": headers,
        }
        for status, content in operation.answers.items()
    }
    return responses | _failures(operation, authorised)


def _failures(operation: Operation, authorised: bool) -> Json:
    every: set[type[PagecardError]] = {*operation.errors, InternalError}
    every.update(
        OF_KEYS if authorised else (),
        OF_BODIES if operation.body else (),
        (InvalidBody,) if authorised else (),
    )
    by_status: dict[int, list[type[PagecardError]]] = defaultdict(list)
    for error in every:
        by_status[error.status].append(error)
    return {
        str(status): {
            "description": ", ".join(sorted({error.code for error in errors})),
            "content": {"application/json": {"schema": responses.error_envelope(errors)}},
        }
        for status, errors in sorted(by_status.items())
    }
