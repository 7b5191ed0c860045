"""The typed state of a request: the only place that Flask's `g` is used in."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from flask import Flask

from app import api
from app.api.state import begin_state, current_state

MODULES = sorted(Path(api.__file__).parent.glob("*.py"))


def test_each_request_has_a_state_of_its_own() -> None:
    app = Flask("states")
    with app.test_request_context("/"):
        first = begin_state("req_first", 0.0)
        first.timings.append("auth")
    with app.test_request_context("/"):
        second = begin_state("req_second", 0.0)
        assert current_state() is second
    assert (first.timings, second.timings) == (["auth"], [])


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_g_is_imported_by_the_state_alone(module: Path) -> None:
    imported = {
        alias.name
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module == "flask"
        for alias in node.names
    }
    assert ("g" in imported) == (module.name == "state.py")


def test_every_view_of_the_api_but_the_open_ones_is_given_a_caller() -> None:
    app = Flask("views")
    api.install(app)
    guarded = {
        rule.rule: hasattr(app.view_functions[rule.endpoint], "authorised")
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/v1/") and not rule.rule.startswith("/v1/image/")  # signed URLs need no key
    }
    assert guarded
    assert all(guarded.values())
