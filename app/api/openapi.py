"""`/openapi.json`: OpenAPI 3.1, made from the views, their schemas and the tree of errors.

A view states its contract with `@described`; facts that all views share are added here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from inspect import getdoc
from itertools import chain
from typing import Any

import orjson
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Blueprint, Flask, Response, current_app
from marshmallow import Schema
from msgspec import Struct
from werkzeug.routing import Rule

from app.api import failures, responses, samples
from app.api.envelope import JSON, json_response
from app.api.fields import CommaList
from app.api.schema import Json, ref, schemas
from app.errors import (
    ApiKeyExpired,
    ApiKeyRevoked,
    InternalError,
    InvalidApiKey,
    InvalidBody,
    MissingApiKey,
    OriginNotAllowed,
    Overloaded,
    PagecardError,
    PayloadTooLarge,
    RateLimitExceeded,
    UnsupportedMediaType,
)

blueprint = Blueprint("openapi", __name__)

ERRORS_OF_KEYS = (MissingApiKey, InvalidApiKey, ApiKeyRevoked, ApiKeyExpired, OriginNotAllowed, RateLimitExceeded)
ERRORS_OF_BODIES = (InvalidBody, PayloadTooLarge, UnsupportedMediaType)

DESCRIPTION = """Turns URLs into link metadata.

Send an API key as `Authorization: Bearer KEY` or `X-Api-Key: KEY`. Errors have the shape of `ErrorAnswer`; clients
act on `error.code`, and show or log `error.message` and `meta.request_id`. Answers with the status 429 or 503 state
in `Retry-After` how many seconds to wait."""

TAGS = {
    "Extract": "Cards of URLs, while the client waits.",
    "Images": "Pictures of other hosts through this server. No key needed: each URL is signed.",
    "Jobs": "Up to 1,000 URLs as a job, whose results are fetched later.",
    "Operations": "State of the service. No key needed.",
}

RATE_HEADERS: Json = {
    "X-RateLimit-Limit": {"description": "Requests per minute.", "schema": {"type": "integer"}},
    "X-RateLimit-Remaining": {"description": "Requests that may follow at once.", "schema": {"type": "integer"}},
    "X-RateLimit-Reset": {
        "description": "Time at which the burst is full again, Unix seconds.",
        "schema": {"type": "integer"},
    },
}

CONDITIONAL: Json = {
    "If-None-Match": {
        "description": "`ETag` of the client's copy.",
        "schema": {"type": "string"},
        "example": 'W/"5f1c"',
    }
}

PICTURES = "x-pictures"  # media types of pictures: generators of clients refuse, or misread, such bodies

View = Callable[..., Response]


@dataclass(frozen=True, slots=True)
class Answer:
    """One successful answer of a view.

    `body` is the Struct of its JSON, or the name of a component; `parts` are Structs within it that are encoded
    already. `texts` names its other media types (`x-text` beside JSON), `pictures` those of pictures (`x-pictures`).
    `stream` names the component of each line where the client may ask for NDJSON: it becomes `x-stream`, since
    generators of clients make one type of all media types. Without an `example` one is made of the fields' examples.
    """

    description: str
    body: type[Struct] | str | None = None
    parts: tuple[type[Struct], ...] = ()
    texts: tuple[str, ...] = ()
    pictures: tuple[str, ...] = ()
    text_example: str | None = None
    stream: str | None = None
    example: Any = None


@dataclass(frozen=True, slots=True)
class Operation:
    """Contract of a view. `draws_failures`: failures but 404 and 500 are SVG."""

    tag: str
    answers: Mapping[int, Answer]
    body: Schema | None = None
    query: Schema | None = None
    path: Mapping[str, Json] = field(default_factory=dict)
    headers: Mapping[str, Json] = field(default_factory=dict)
    errors: tuple[type[PagecardError], ...] = ()
    draws_failures: bool = False


def described(operation: Operation) -> Callable[[View], View]:
    """Put a view into the document."""

    def decorate(view: View) -> View:
        view.operation = operation  # type: ignore[attr-defined]
        return view

    return decorate


@blueprint.get("/openapi.json")
@described(Operation(tag="Operations", answers={200: Answer("The OpenAPI document.", "OpenApiDocument")}))
def openapi() -> Response:
    """This API, described for machines."""
    made = current_app.extensions
    if "openapi.json" not in made:
        made["openapi.json"] = orjson.dumps(document(current_app))
    return json_response(made["openapi.json"])


def document(app: Flask) -> Json:
    """Return the OpenAPI document of every described view of `app`."""
    plugin = MarshmallowPlugin()
    spec = APISpec(
        title="Pagecard",
        version=version("pagecard"),
        openapi_version="3.1.0",
        plugins=[plugin],
        info={"description": DESCRIPTION, "license": {"name": "MIT", "identifier": "MIT"}},
        security=[{"bearer": []}, {"header": []}],
        tags=[{"name": name, "description": text} for name, text in TAGS.items()],
    )
    plugin.converter.add_parameter_attribute_function(_with_commas)  # type: ignore[union-attr]
    spec.components.security_scheme("bearer", {"type": "http", "scheme": "bearer"})
    spec.components.security_scheme("header", {"type": "apiKey", "in": "header", "name": "X-Api-Key"})
    for name, schema in _components(app).items():
        spec.components.schema(name, schema)
    for name, example in failures.examples().items():
        spec.components.example(name, example)
    for path, operations in _paths(app).items():
        spec.path(path=path, operations=operations)
    return samples.complete(_refine(spec.to_dict()))


def _components(app: Flask) -> dict[str, Json]:
    answers = [answer for _, view in _described(app) for answer in view.operation.answers.values()]
    bodies = [answer.body for answer in answers if isinstance(answer.body, type)]
    parts = chain.from_iterable(answer.parts for answer in answers)
    structs = schemas([*bodies, *parts, *failures.DOCUMENTED, failures.ErrorAnswer])
    return structs | responses.UNIONS | failures.unions()


def _described(app: Flask) -> Iterator[tuple[Rule, Any]]:
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        if hasattr(view, "operation"):
            yield rule, view


def _with_commas(_converter: Any, field: Any, **_: Any) -> Json:
    return {"explode": False} if isinstance(field, CommaList) else {}


def _refine(document: Json) -> Json:
    """Say defaults of body fields in words, since generators take them for required; drop null from parameters."""
    for schema in document["components"]["schemas"].values():
        for described in filter(lambda each: "default" in each, schema.get("properties", {}).values()):
            default = described.pop("default")
            described |= {"examples": [default]} if default not in (None, []) and "example" not in described else {}
            said = f"Default: `{orjson.dumps(default).decode()}`."
            described["description"] = f"{described.get('description', '')} {said}".strip()
    for operation in chain.from_iterable(map(dict.values, document["paths"].values())):
        for parameter in operation["parameters"]:
            parameter["schema"] = _without_null(parameter["schema"])
    return document


def _without_null(schema: Json) -> Json:
    """Describe a parameter as text: it is absent, never null."""
    kept = {name: value for name, value in schema.items() if (name, value) != ("default", None)}
    if "enum" in kept:
        kept |= {"type": "string", "enum": [value for value in kept["enum"] if value is not None]}
    return kept


def _paths(app: Flask) -> dict[str, Json]:
    paths: dict[str, Json] = defaultdict(dict)
    for rule, view in _described(app):
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
        "responses": _answers(operation, authorised) | _failures(operation, authorised),
    }
    if rest:
        described["description"] = rest
    if operation.body:
        described["requestBody"] = {"required": True, "content": {JSON: {"schema": operation.body}}}
    if not authorised:
        described["security"] = []
    return described


def _parameters(operation: Operation) -> list[Any]:
    named = [
        {"name": name, "in": place, "required": place == "path", **parameter}
        for place, parameters in (("path", operation.path), ("header", operation.headers))
        for name, parameter in parameters.items()
    ]
    return [*named, {"in": "query", "schema": operation.query}] if operation.query else named


def _answers(operation: Operation, authorised: bool) -> Json:
    headers = RATE_HEADERS if authorised else {}
    return {
        str(status): {"description": answer.description, "content": _content(answer), "headers": headers}
        | ({PICTURES: list(answer.pictures)} if answer.pictures else {})
        | ({"x-text": _texts(answer)} if answer.body and answer.texts else {})
        | ({"x-stream": {"application/x-ndjson": {"schema": ref(answer.stream)}}} if answer.stream else {})
        for status, answer in operation.answers.items()
    }


def _content(answer: Answer) -> Json:
    if not answer.body:
        return _texts(answer)
    name = answer.body if isinstance(answer.body, str) else answer.body.__name__
    return {JSON: {"schema": ref(name)} | ({"example": answer.example} if answer.example else {})}


def _texts(answer: Answer) -> Json:
    example = {"example": answer.text_example} if answer.text_example else {}
    return {text: {"schema": {"type": "string"}} | example for text in answer.texts}


def _failures(operation: Operation, authorised: bool) -> Json:
    every: set[type[PagecardError]] = {*operation.errors, InternalError}
    every.update(ERRORS_OF_KEYS if authorised else (), ERRORS_OF_BODIES if operation.body else ())
    every.update((InvalidBody, Overloaded) if authorised else ())
    by_status: dict[int, set[str]] = defaultdict(set)
    for error in every:
        by_status[error.status].add(error.code)
    drawn = set(by_status) - {404, 500} if operation.draws_failures else set()
    return {str(status): _failure(sorted(codes), status in drawn) for status, codes in sorted(by_status.items())}


def _failure(codes: list[str], drawn: bool) -> Json:
    told = {"description": ", ".join(f"`{code}`" for code in codes)}
    if drawn:
        return {**told, PICTURES: ["image/svg+xml"]}
    examples = {code: {"$ref": f"#/components/examples/{code}"} for code in codes}
    return {
        **told,
        "content": {JSON: {"schema": ref(failures.ErrorAnswer.__name__), "examples": examples}},
    }
