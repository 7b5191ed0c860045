"""`/openapi.json` is a valid document, says all that the API does, and the API does what it says."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from jsonschema import ValidationError
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
from tests.api.conformance import conforms, described, within_document
from tests.api.conftest import Api

pytestmark = pytest.mark.slow

EXAMPLES = int(os.environ.get("OPENAPI_EXAMPLES", "10"))  # of each operation
METHODS = ("get", "post", "put", "patch", "delete")


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, described_methods in described()["paths"].items():
        for method in METHODS:
            if method in described_methods:
                yield path, method, described_methods[method]


def codes_in(answer: dict[str, Any]) -> set[str]:
    """Every code that an answer is documented with."""
    if "x-pictures" in answer:
        return set(re.findall("`([A-Z_]+)`", answer["description"]))
    return set(answer.get("content", {}).get("application/json", {}).get("examples", ()))


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
    documented = {
        code for _, _, each in operations() for answer in each["responses"].values() for code in codes_in(answer)
    }
    assert documented == every - {"METHOD_NOT_ALLOWED"}  # of methods that have no operation


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
                assert codes_in(answer)
                assert all(int(status) in statuses[code] for code in codes_in(answer)), (path, method, status)


@pytest.mark.parametrize(("path", "method", "operation"), [pytest.param(*each, id=each[0]) for each in operations()])
def test_an_operation_says_what_it_is_and_whether_it_needs_a_key(
    path: str, method: str, operation: dict[str, Any]
) -> None:
    assert operation["summary"]
    assert operation["tags"]
    needs_key = path.startswith("/v1/") and path != "/v1/image/{signature}/{options}/{url}"
    assert (operation.get("security") == []) == (not needs_key)
    assert not needs_key or {"401", "429"} <= set(operation["responses"])


def test_operation_ids_are_unique() -> None:
    ids = [operation["operationId"] for _, _, operation in operations()]
    assert len(ids) == len(set(ids))


COMPONENTS = described()["components"]["schemas"]


def nested(schema: Any) -> Iterator[dict[str, Any]]:
    """Every schema within a schema, itself included."""
    if isinstance(schema, dict):
        yield schema
        for below in schema.values():
            yield from nested(below)
    elif isinstance(schema, list):
        for below in schema:
            yield from nested(below)


@pytest.mark.parametrize("name", COMPONENTS)
def test_a_component_and_each_of_its_fields_has_a_description(name: str) -> None:
    fields = COMPONENTS[name].get("properties", {})
    assert COMPONENTS[name]["description"]
    assert [field for field, schema in fields.items() if not schema.get("description")] == []


def has_example(schema: dict[str, Any]) -> bool:
    """Whether a field shows a value, itself or by the component that it refers to."""
    return bool(schema.keys() & {"example", "examples", "const"}) or any("$ref" in below for below in nested(schema))


@pytest.mark.parametrize("name", COMPONENTS)
def test_each_field_of_a_component_has_an_example(name: str) -> None:
    fields = COMPONENTS[name].get("properties", {})
    assert [field for field, schema in fields.items() if not has_example(schema)] == []


@pytest.mark.parametrize("name", COMPONENTS)
def test_the_examples_of_a_field_are_as_its_schema_says(name: str) -> None:
    for schema in COMPONENTS[name].get("properties", {}).values():
        for example in schema.get("examples", [schema["example"]] if "example" in schema else []):
            within_document(schema).validate(example)


def test_each_answer_has_examples_and_they_are_as_its_schema_says() -> None:
    for path, _, operation in operations():
        for answer in operation["responses"].values():
            for content in answer.get("content", {}).values():
                assert content.keys() & {"example", "examples"}, path
                if "example" in content:
                    within_document(content["schema"]).validate(content["example"])


def test_each_parameter_shows_a_value() -> None:
    for path, _, operation in operations():
        for each in operation["parameters"]:
            shown = each.keys() | each["schema"].keys()
            assert shown & {"example", "default", "enum"}, (path, each["name"])


@pytest.mark.parametrize("name", COMPONENTS)
def test_a_component_holds_no_object_without_a_name(name: str) -> None:
    below = [each for part in COMPONENTS[name].get("properties", {}).values() for each in nested(part)]
    assert [each for each in below if "properties" in each and each.get("type") == "object"] == []


def test_every_answer_is_a_component() -> None:
    bodies = [
        answer["content"]["application/json"]["schema"]
        for _, _, operation in operations()
        for answer in operation["responses"].values()
        if "application/json" in answer.get("content", {})
    ]
    assert bodies
    assert all(set(body) == {"$ref"} for body in bodies)


def test_every_component_is_used() -> None:
    text = json.dumps(described())
    assert [name for name in COMPONENTS if f'schemas/{name}"' not in text] == ["ErrorCode"]  # for people alone


def test_every_constant_and_enumeration_has_a_type() -> None:
    named = [each for each in nested(described()) if isinstance(each.get("enum"), list) or "const" in each]
    assert named
    assert [each for each in named if "type" not in each] == []


def test_no_field_of_a_body_is_required_for_its_default() -> None:
    assert [each for schema in COMPONENTS.values() for each in nested(schema) if "default" in each] == []
    assert COMPONENTS["BatchRequest"]["required"] == ["urls"]


def test_an_operation_answers_json_of_one_type() -> None:
    for path, _, operation in operations():
        for answer in operation["responses"].values():
            types = set(answer.get("content", {}))
            assert "application/json" not in types or len(types) == 1, path


@pytest.mark.parametrize("code", described()["components"]["examples"])
def test_an_example_of_an_error_is_as_its_schema_says(code: str) -> None:
    conforms("ErrorAnswer", described()["components"]["examples"][code]["value"])


def test_the_details_of_a_code_have_the_shape_of_that_code() -> None:
    error = {"code": "BATCH_TOO_LARGE", "message": "Too many", "details": {"limit": 5, "received": 6, "plan": "free"}}
    conforms("Error", error)
    with pytest.raises(ValidationError):
        conforms("Error", error | {"details": {"per_minute": 60, "burst": 10, "plan": "free"}})


# The API does what the document says -----------------------------------------------------------------------------


def without_examples(document: Any) -> Any:
    """The same with nothing in it that anybody could go and fetch."""
    if isinstance(document, dict):
        return {
            name: without_examples(below) for name, below in document.items() if name not in ("example", "examples")
        }
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
