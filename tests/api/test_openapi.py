"""`/openapi.json` is a valid document, says all that the API does, and the API does what it says."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app import create_app
from app.errors import PagecardError, leaves
from app.networks import parse_networks
from app.plans import Plan
from app.settings import Settings
from tests.api.conformance import described
from tests.api.conftest import Api

pytestmark = pytest.mark.slow

EXAMPLES = int(os.environ.get("OPENAPI_EXAMPLES", "10"))  # of each operation
METHODS = ("get", "post", "put", "patch", "delete")


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, described_methods in described()["paths"].items():
        for method in METHODS:
            if method in described_methods:
                yield path, method, described_methods[method]


def codes_in(schema: Any) -> Iterator[str]:
    """Every value of every `code` in a schema."""
    if isinstance(schema, dict):
        yield from schema.get("properties", {}).get("code", {}).get("enum", ())
        for below in schema.values():
            yield from codes_in(below)
    elif isinstance(schema, list):
        for below in schema:
            yield from codes_in(below)


def test_the_document_is_valid_openapi_3_1(api: Api) -> None:
    document = api.client.get("/openapi.json").json
    assert document["openapi"] == "3.1.0"
    OpenAPIV31SpecValidator(document).validate()


def test_the_document_is_the_same_each_time(api: Api) -> None:
    assert api.client.get("/openapi.json").data == api.client.get("/openapi.json").data


def test_every_path_of_the_api_is_in_the_document(api: Api) -> None:
    rules = {
        rule.rule.replace("<", "{").replace(">", "}")
        for rule in api.client.application.url_map.iter_rules()
        if rule.rule.startswith("/v1/")
    }
    assert rules <= set(described()["paths"])


def test_every_error_code_is_in_the_document() -> None:
    every = {leaf.code for leaf in leaves(PagecardError)}
    assert set(described()["components"]["schemas"]["ErrorCode"]["enum"]) == every
    assert set(codes_in(described()["paths"])) == every - {"METHOD_NOT_ALLOWED"}  # of methods that have no operation


def test_a_list_with_commas_is_described_as_one() -> None:
    parameters = {each["name"]: each for each in described()["paths"]["/v1/extract"]["get"]["parameters"]}
    assert (parameters["include"]["style"], parameters["include"]["explode"]) == ("form", False)
    assert [name for name, each in parameters.items() if each["required"]] == ["url"]


def test_every_error_stands_at_its_own_status() -> None:
    statuses: dict[str, set[int]] = {}
    for leaf in leaves(PagecardError):
        statuses.setdefault(leaf.code, set()).add(leaf.status)
    for path, method, operation in operations():
        for status, answer in operation["responses"].items():
            if int(status) >= 400 and path != "/readyz":
                schema = answer["content"]["application/json"]["schema"]
                assert all(int(status) in statuses[code] for code in codes_in(schema)), (path, method, status)


@pytest.mark.parametrize(("path", "method", "operation"), [pytest.param(*each, id=each[0]) for each in operations()])
def test_an_operation_says_what_it_is_and_whether_it_needs_a_key(
    path: str, method: str, operation: dict[str, Any]
) -> None:
    assert operation["summary"]
    assert operation["tags"]
    assert (operation.get("security") == []) == (not path.startswith("/v1/"))
    assert not path.startswith("/v1/") or {"401", "429"} <= set(operation["responses"])


def test_operation_ids_are_unique() -> None:
    ids = [operation["operationId"] for _, _, operation in operations()]
    assert len(ids) == len(set(ids))


# The API does what the document says -----------------------------------------------------------------------------


def without_examples(document: Any) -> Any:
    """The same with nothing in it that anybody could go and fetch."""
    if isinstance(document, dict):
        return {name: without_examples(below) for name, below in document.items() if name != "example"}
    return [without_examples(below) for below in document] if isinstance(document, list) else document


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The document as schemathesis reads it, over a real application that may reach one closed port."""
    app = create_app(
        Settings(
            data_dir=tmp_path_factory.mktemp("door"),
            plans={"open": Plan("open", batch_limit=100)},
            allow_targets=parse_networks("127.0.0.1/32:1"),
            log_level="error",
        )
    )
    services = app.extensions["pagecard"]
    schema = schemathesis.openapi.from_dict(without_examples(described()))
    schema.app = app
    yield schema, {"Authorization": f"Bearer {services.keys.create('open')[0]}"}
    services.close()


CHECKS = (
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["right", "wrong"])
@pytest.mark.parametrize(
    ("path", "method"), [pytest.param(path, method, id=f"{method} {path}") for path, method, _ in operations()]
)
def test_an_operation_answers_as_its_schema_says(door: Any, path: str, method: str, mode: GenerationMode) -> None:
    schema, headers = door
    operation = schema[path][method]
    if mode is GenerationMode.NEGATIVE and not (operation.body or operation.query or operation.path_parameters):
        return  # it takes nothing that could be wrong

    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode))
    def answer(case: schemathesis.Case) -> None:
        case.call_and_validate(headers=headers, checks=CHECKS)

    answer()
