"""The real application in this process, over a local web."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import create_app
from app.cli.serving import Service, serving
from app.networks import parse_networks
from app.services import Services
from app.settings import Settings
from tests.api.conformance import CheckedClient

ORIGIN = "https://shop.example"


@dataclass(frozen=True, slots=True)
class Api:
    """A client of the API with a key of its own."""

    client: FlaskClient
    services: Services
    key: str

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.client.get(path, headers=self.headers(options), **options)

    def post(self, path: str, json: Any = None, **options: Any) -> TestResponse:
        return self.client.post(path, headers=self.headers(options), json=json, **options)

    def delete(self, path: str, **options: Any) -> TestResponse:
        return self.client.delete(path, headers=self.headers(options), **options)

    def batch(self, *urls: str, **fields: Any) -> TestResponse:
        return self.post("/v1/extract/batch", {"urls": list(urls), **fields})

    def headers(self, options: dict[str, Any]) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"} | options.pop("headers", {})

    def on_plan(self, plan: str, **options: Any) -> Api:
        """The same API with a new key."""
        secret, _ = self.services.keys.create(plan, **options)
        return Api(self.client, self.services, secret)


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service as it is served, gunicorn with two workers, on plans without a rate."""
    folder = tmp_path_factory.mktemp("service")
    plans = folder / "plans.toml"
    plans.write_text("[enterprise]\nbatch_limit = 100\n")
    settings = {"ALLOW_TARGETS": "127.0.0.0/8", "PLANS": str(plans), "FETCH_TIMEOUT": "5", "HOST_CONCURRENCY": "0"}
    with serving(folder, settings) as running:
        yield running


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    networks = parse_networks("127.0.0.0/8")
    return Settings(data_dir=tmp_path, allow_targets=networks, host_concurrency=0, log_level="error")


@pytest.fixture
def make_api() -> Iterator[Callable[[Settings], Api]]:
    apps: list[Flask] = []

    def make(settings: Settings) -> Api:
        app = create_app(settings)
        app.test_client_class = CheckedClient
        apps.append(app)
        services: Services = app.extensions["pagecard"]
        secret, _ = services.keys.create("enterprise")
        return Api(app.test_client(), services, secret)

    yield make
    for app in apps:
        app.extensions["pagecard"].close()


@pytest.fixture
def api(make_api: Callable[[Settings], Api], settings: Settings) -> Api:
    return make_api(settings)
