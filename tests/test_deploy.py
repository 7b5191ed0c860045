"""The operators' files name what exists."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

import app.metrics  # noqa: F401  (its metrics are what is asked about)

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
