"""The operators' files name what exists."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY

import app.metrics  # noqa: F401  (registers the metrics)
from app.settings import PREFIX, Settings

DEPLOY = Path(__file__).parent.parent / "deploy"
FILES = ("grafana-dashboard.json", "alerts.yml")

SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum"), "gauge": ("",)}


def exposed() -> set[str]:
    """Every series name of ours that /metrics can show."""
    ours = (family for family in REGISTRY.collect() if family.name.startswith("pagecard_"))
    return {family.name + suffix for family in ours for suffix in SUFFIXES[family.type]}


@pytest.mark.parametrize("name", FILES)
def test_every_metric_that_is_named_exists(name: str) -> None:
    named = set(re.findall(r"pagecard_\w+", (DEPLOY / name).read_text(encoding="utf-8")))
    assert named
    assert named - exposed() == set()


def test_the_dashboard_shows_every_metric() -> None:
    text = (DEPLOY / "grafana-dashboard.json").read_text(encoding="utf-8")
    families = {re.sub("_(total|bucket|count|sum)$", "", name) for name in exposed()}
    assert {family for family in families if family not in text} == set()


def test_no_two_panels_of_the_dashboard_lie_on_one_another() -> None:
    panels = json.loads((DEPLOY / "grafana-dashboard.json").read_text(encoding="utf-8"))["panels"]
    places = [panel["gridPos"] for panel in panels]
    cells = [(x, y) for p in places for x in range(p["x"], p["x"] + p["w"]) for y in range(p["y"], p["y"] + p["h"])]
    assert len(cells) == len(set(cells))


LAST_ANSWERS = Settings().batch_timeout + 15  # seconds that a stop may take (app/server/config.py)
USER = 10001


def manifests(kind: str) -> dict[str, Any]:
    documents = yaml.safe_load_all((DEPLOY / "kubernetes" / "pagecard.yaml").read_text(encoding="utf-8"))
    return {each["metadata"]["name"]: each["spec"] for each in documents if each["kind"] == kind}


def pod(name: str) -> dict[str, Any]:
    return manifests("Deployment")[name]["template"]["spec"]


def test_a_pod_has_time_to_answer_what_is_under_way() -> None:
    [container] = pod("pagecard")["containers"]
    pause = int(container["lifecycle"]["preStop"]["exec"]["command"][1])
    assert pod("pagecard")["terminationGracePeriodSeconds"] >= pause + LAST_ANSWERS


def test_systemd_and_compose_give_time_to_answer_what_is_under_way() -> None:
    unit = (DEPLOY / "pagecard.service").read_text(encoding="utf-8")
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    assert int(re.search(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)[1]) >= LAST_ANSWERS
    assert int(compose["services"]["web"]["stop_grace_period"].removesuffix("s")) >= LAST_ANSWERS


@pytest.mark.parametrize("probe", ["startupProbe", "livenessProbe", "readinessProbe"])
def test_a_web_pod_is_probed_on_the_port_that_it_serves(probe: str) -> None:
    [container] = pod("pagecard")["containers"]
    assert container[probe]["httpGet"]["port"] == container["ports"][0]["name"]
    assert f"0.0.0.0:{container['ports'][0]['containerPort']}" in container["args"]


@pytest.mark.parametrize("name", ["pagecard", "pagecard-worker"])
def test_a_pod_runs_as_the_user_of_the_image(name: str) -> None:
    dockerfile = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    assert pod(name)["securityContext"]["runAsUser"] == USER
    assert re.findall(r"^USER (.+)$", dockerfile, re.MULTILINE) == [f"{USER}:{USER}", "root", f"{USER}:{USER}"]


@pytest.mark.parametrize("name", ["pagecard", "pagecard-worker"])
def test_a_pod_names_settings_that_exist_and_files_that_are_mounted(name: str) -> None:
    [container] = pod(name)["containers"]
    mounts = tuple(each["mountPath"] for each in container["volumeMounts"])
    for variable in container["env"]:
        assert variable["name"].removeprefix(PREFIX).removesuffix("_FILE").lower() in Settings.__slots__
        assert variable["value"].startswith(mounts)


def test_the_selectors_of_the_service_find_its_pods() -> None:
    labels = manifests("Deployment")["pagecard"]["template"]["metadata"]["labels"]
    assert manifests("Service")["pagecard"]["selector"].items() <= labels.items()


def test_prometheus_scrapes_the_job_that_the_alerts_expect() -> None:
    config = yaml.safe_load((DEPLOY / "prometheus.yml").read_text(encoding="utf-8"))
    assert [job["job_name"] for job in config["scrape_configs"]] == ["pagecard"]
    assert config["rule_files"] == ["alerts.yml"]
    assert yaml.safe_load((DEPLOY / "alerts.yml").read_text(encoding="utf-8"))["groups"]


def test_nginx_keeps_connections_for_less_time_than_the_service() -> None:
    nginx = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    assert int(re.search(r"keepalive_timeout (\d+)s", nginx)[1]) < 75


def test_the_image_is_built_from_the_package_alone() -> None:
    ignored = (DEPLOY.parent / ".dockerignore").read_text(encoding="utf-8").splitlines()
    copied = re.findall(r"^COPY (?!--from)(.+)$", (DEPLOY / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    sources = {source for line in copied for source in line.split()[:-1]}
    assert ignored[0] == "*"
    assert {line[1:] for line in ignored if line.startswith("!")} == sources


def test_the_build_of_the_image_fails_without_a_compiled_module() -> None:
    project = tomllib.loads((DEPLOY.parent / "pyproject.toml").read_text(encoding="utf-8"))
    compiled = ", ".join(each["name"] for each in project["tool"]["setuptools"]["ext-modules"])
    assert f'python -P -c "import {compiled}"\n' in (DEPLOY / "Dockerfile").read_text(encoding="utf-8")


WORKFLOWS = sorted((DEPLOY.parent / ".github" / "workflows").glob("*.yml"))
CLIENTS = DEPLOY.parent / "clients"


def steps(workflow: Path) -> list[dict[str, Any]]:
    jobs = yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"]
    return [step for job in jobs.values() for step in job["steps"]]


def project(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_may_read_alone_and_uses_actions_of_a_version(workflow: Path) -> None:
    assert yaml.safe_load(workflow.read_text(encoding="utf-8"))["permissions"] == {"contents": "read"}
    used = [step["uses"] for step in steps(workflow) if "uses" in step]
    assert used
    assert [each for each in used if not re.search(r"@(?:release/)?v\d", each)] == []


def test_wheels_are_tested_for_their_compiled_module_and_for_each_python() -> None:
    settings = project(DEPLOY.parent)["tool"]
    compiled = ", ".join(each["name"] for each in settings["setuptools"]["ext-modules"])
    assert f'python -P -c "import {compiled}"' in settings["cibuildwheel"]["test-command"]
    least = project(DEPLOY.parent)["project"]["requires-python"].removeprefix(">=").replace(".", "")
    assert f"cp{least}-*" in settings["cibuildwheel"]["build"]


def test_images_are_built_of_targets_that_exist_for_both_architectures() -> None:
    workflow = DEPLOY.parent / ".github" / "workflows" / "images.yml"
    job = yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"]["image"]
    [build] = [step["with"] for step in job["steps"] if "build-push" in step.get("uses", "")]
    dockerfile = (DEPLOY.parent / build["file"]).read_text(encoding="utf-8")
    targets = {each["target"] for each in job["strategy"]["matrix"]["include"]}
    assert build["platforms"].split(",") == ["linux/amd64", "linux/arm64"]
    assert targets <= set(re.findall(r"^FROM \S+ AS (\w+)$", dockerfile, re.MULTILINE))


def test_the_service_and_its_clients_have_one_version() -> None:
    versions = {project(folder)["project"]["version"] for folder in (DEPLOY.parent, CLIENTS / "python")}
    packages = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(CLIENTS.glob("js/*/package.json"))]
    assert {each["name"] for each in packages} == {"@pagecard/client", "@pagecard/element"}
    assert len(versions | {each["version"] for each in packages}) == 1


def test_the_clients_that_are_published_exist() -> None:
    workflow = yaml.safe_load((DEPLOY.parent / ".github" / "workflows" / "clients.yml").read_text(encoding="utf-8"))
    published = workflow["jobs"]["npm"]["strategy"]["matrix"]["package"]
    assert sorted(published) == sorted(path.parent.name for path in CLIENTS.glob("js/*/package.json"))


def test_no_package_but_app_is_in_the_wheel() -> None:
    assert project(DEPLOY.parent)["tool"]["setuptools"]["packages"]["find"]["include"] == ["app", "app.*"]
