"""Clients that the usual generators make of `/openapi.json` do the main job against the real server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import pytest

from app.cli.serving import Service
from tests.api.conformance import described
from tests.site import Site

pytestmark = pytest.mark.server

CLIENTS = Path(__file__).parent / "clients"
PACKAGES = ("openapi-typescript@7.13.0", "openapi-fetch@0.17.0", "typescript@5.9.3", "@types/node@20.19.43")


def run(command: Sequence[str | Path], folder: Path) -> str:
    """Everything that a command prints. Fails the test where the command fails."""
    beside = str(Path(sys.executable).parent)  # a generator runs ruff, which need not be on PATH
    environ = os.environ | {"PATH": os.pathsep.join((beside, os.environ.get("PATH", "")))}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=180, env=environ)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(described()))
    return path


@pytest.fixture
def url(web: Site) -> str:
    return web.page("/story", "<title>A story</title>")


@pytest.fixture(scope="session")
def packages() -> Path:
    """The npm packages, kept in the temporary folder."""
    folder = Path(tempfile.gettempdir()) / "pagecard-generators"
    command = ["npm", "install", "--prefix", str(folder), "--ignore-scripts", "--no-audit", "--no-fund", *PACKAGES]
    if not all((folder / "node_modules" / name.rpartition("@")[0]).exists() for name in PACKAGES):
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=240)
        except (OSError, subprocess.TimeoutExpired) as error:
            pytest.skip(f"npm cannot bring the generators here: {error}")
        if done.returncode:
            pytest.skip(f"npm cannot bring the generators here: {done.stderr[-500:]}")
    return folder / "node_modules"


@pytest.mark.skipif(find_spec("openapi_python_client") is None, reason="openapi-python-client is not installed")
def test_a_generated_python_client_runs_a_batch(document: Path, tmp_path: Path, service: Service, url: str) -> None:
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none", "--fail-on-warning"]
    said = run([*command, "--path", document, "--output-path", tmp_path / "generated"], tmp_path)
    assert "warning" not in said.lower()
    printed = run([sys.executable, CLIENTS / "batch.py", tmp_path, service.url, service.first_key, url], tmp_path)
    assert json.loads(printed) == ["A story", 404, "A story", 100]


def test_generated_types_compile_under_strict_and_fit_the_answers(
    document: Path, tmp_path: Path, packages: Path, service: Service, url: str
) -> None:
    (tmp_path / "node_modules").symlink_to(packages)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    shutil.copy(CLIENTS / "batch.ts", tmp_path)
    said = run([packages / ".bin" / "openapi-typescript", document, "-o", "schema.d.ts"], tmp_path)
    assert "warn" not in said.lower()
    strict = ["--strict", "--target", "es2022", "--module", "nodenext", "--types", "node", "--outDir", "made"]
    run([packages / ".bin" / "tsc", *strict, "batch.ts"], tmp_path)
    printed = run(["node", "made/batch.js", service.url, service.first_key, url], tmp_path)
    assert json.loads(printed) == ["A story", 404, "A story", 100, "markdown", "listed", "enterprise"]
