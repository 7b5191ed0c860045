"""Looks at every answer that a test gets: it is as `/openapi.json` says, and as every answer is.

The tests of the API use a client of this kind, so whatever they provoke is checked here, too.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any, NoReturn

from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from jsonschema.protocols import Validator
from werkzeug.test import TestResponse

from app import api
from app.api.openapi import document
from app.errors import PagecardError, leaves

CODES = {leaf.code: leaf.status for leaf in leaves(PagecardError)}
SURROGATE_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F]")


class CheckedClient(FlaskClient):
    """A test client that fails the test on an answer that breaks a promise made of all answers."""

    def open(self, *args: Any, **options: Any) -> TestResponse:
        answer = super().open(*args, **options)
        check_headers(answer)
        if answer.request.method != "HEAD" and answer.mimetype == "application/json":
            check_body(answer)
        return answer


def check_headers(answer: TestResponse) -> None:
    status, headers = answer.status_code, answer.headers
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,128}", headers["X-Request-Id"])
    assert ("Retry-After" in headers) == (status in (429, 503))
    assert int(headers.get("Retry-After", "1")) >= 1
    assert headers.get("WWW-Authenticate") == ("Bearer" if status == 401 else None)
    assert status != 405 or headers["Allow"]
    assert "X-Request-Id" in headers["Access-Control-Expose-Headers"]
    assert "total;dur=" in headers["Server-Timing"]


def check_body(answer: TestResponse) -> None:
    body = strict_json(answer.data)
    if answer.status_code >= 400 and answer.request.path != "/readyz":
        check_error(body, answer.status_code, answer.headers["X-Request-Id"])
    template, method, status = (
        find_template(answer.request.path, answer.request.method),
        answer.request.method,
        answer.status_code,
    )
    if template:
        validator(template, method, status).validate(body)
        if "error" in body:
            assert body["error"]["code"] in documented_codes(template, method, status)
    else:
        assert answer.status_code >= 400, "a success that is not in the document"


def check_error(body: Any, status: int, request_id: str) -> None:
    assert set(body) == {"success", "error", "meta"}
    assert body["success"] is False
    assert {"code", "message"} <= set(body["error"]) <= {"code", "message", "details"}
    assert CODES[body["error"]["code"]] == status
    assert body["error"]["message"]
    assert body["error"].get("details", "left out") != {}
    assert body["meta"] == {"request_id": request_id}


def strict_json(data: bytes) -> Any:
    """JSON as RFC 8259 has it: UTF-8, no NaN, no lone surrogates."""
    assert not SURROGATE_ESCAPE.search(data)
    return json.loads(data.decode("utf-8"), parse_constant=_refuse)


def _refuse(name: str) -> NoReturn:
    raise AssertionError(f"{name} is no JSON")


@cache
def described() -> dict[str, Any]:
    """The OpenAPI document; it depends on no setting."""
    app = Flask("described")
    api.install(app)
    return document(app)


def find_template(path: str, method: str) -> str | None:
    """The path of the document that this one is, if it takes the method."""
    matching = [
        template
        for template, operations in described()["paths"].items()
        if method.lower() in operations and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path)
    ]
    return min(matching, key=lambda template: template.count("{"), default=None)


@cache
def documented_codes(template: str, method: str, status: int) -> set[str]:
    """The codes that an operation may answer with at this status."""
    answers = described()["paths"][template][method.lower()]["responses"]
    return set(answers[str(status)]["content"]["application/json"]["examples"])


@cache
def validator(template: str, method: str, status: int) -> Validator:
    answers = described()["paths"][template][method.lower()]["responses"]
    assert str(status) in answers, f"{method} {template} does not document {status}"
    schema = answers[str(status)]["content"]["application/json"]["schema"]
    return within_document(schema)


def within_document(schema: dict[str, Any]) -> Validator:
    """Validate by a schema that may refer to the components of the document."""
    return Draft202012Validator({**schema, "components": described()["components"]})


def conforms(component: str, value: Any) -> None:
    """Fail unless `value` is as the component of this name says."""
    within_document({"$ref": f"#/components/schemas/{component}"}).validate(value)
