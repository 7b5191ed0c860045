"""The registry of providers: what is shipped, and how URLs find their endpoint."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from app.metadata.registry import SHIPPED, Registry, shipped_registry
from app.metadata.values import site_of
from app.settings.providers import Endpoint, Provider, read_providers
from tests.test_house import ROOT

SCHEMES = ("https://*.example.com/watch/*", "https://example.com/*/photo/*", "https://exact.example.com/one")
REGISTRY = Registry([Provider("Films", "https://example.com", (Endpoint("https://example.com/o.{format}", SCHEMES),))])


@pytest.mark.parametrize(
    ("url", "player"),
    [
        ("https://www.youtube.com/watch?v=a", "https://www.youtube-nocookie.com/embed/a"),
        ("https://vimeo.com/1", "https://player.vimeo.com/video/1"),
        ("https://open.spotify.com/track/1", "https://open.spotify.com/embed/track/1"),
        ("https://soundcloud.com/a/b", "https://w.soundcloud.com/player/?url=x"),
        ("https://www.dailymotion.com/video/a", "https://geo.dailymotion.com/player.html?video=a"),
        ("https://www.ted.com/talks/a", "https://embed.ted.com/talks/a"),
        ("https://codepen.io/a/pen/b", "https://codepen.io/a/embed/b"),
    ],
)
def test_the_shipped_registry_knows_the_players_of_providers(url: str, player: str) -> None:
    assert shipped_registry().owner_of_both(url, player) is not None


def test_the_shipped_registry_has_hundreds_of_providers_and_none_that_owns_a_public_suffix() -> None:
    providers = read_providers(SHIPPED.read_bytes())
    assert len(providers) > 300
    shared = (
        "https://github.io",
        "https://herokuapp.com",
        "https://execute-api.us-east-1.amazonaws.com",
        "https://com",
    )
    assert [url for url in shared if shipped_registry().owners(url)] == []


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("https://www.example.com/watch/1", True),
        ("https://a.b.example.com/watch/", True),
        ("https://example.com/watch/1", False),
        ("https://example.com/ann/photo/1?size=2", True),
        ("https://example.com/photo/1", False),
        ("https://exact.example.com/one", True),
        ("https://exact.example.com/one/more", False),
        ("https://example.com.example.edu/watch/1", False),
        ("https://example.edu/www.example.com/watch/1", False),
        ("https://[", False),
    ],
)
def test_an_endpoint_is_found_by_the_schemes_of_its_provider(url: str, found: bool) -> None:
    assert (REGISTRY.endpoint_for(url) is not None) == found


def test_an_endpoint_is_asked_for_json_and_for_the_whole_url() -> None:
    asked = REGISTRY.endpoint_for("https://www.example.com/watch/1?a=1&b=2")
    assert asked == (
        "https://example.com/o.json?format=json&url=https%3A%2F%2Fwww.example.com%2Fwatch%2F1%3Fa%3D1%26b%3D2"
    )


def test_an_endpoint_without_https_is_not_asked() -> None:
    plain = Provider("Plain", "http://example.com", (Endpoint("http://example.com/o", ("http://example.com/*",)),))
    assert Registry([plain]).endpoint_for("http://example.com/1") is None


@pytest.mark.parametrize(
    ("host", "site"),
    [("www.example.co.uk", "example.co.uk"), ("ann.github.io", "ann.github.io"), ("127.0.0.1", "127.0.0.1"),
     ("video.intranet", "video.intranet"), ("co.uk", "co.uk")],
)  # fmt: skip
def test_customers_of_a_shared_domain_are_strangers(host: str, site: str) -> None:
    assert site_of(host) == site


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "must be a list in the form of oembed.com's providers.json"),
        ('[{"provider_name": "A"}]', "provider_url"),
        ('[{"provider_name": "A", "provider_url": "ftp://a.example"}]', "a URL must begin with http:// or https://"),
        ('[{"provider_name": "A", "provider_url": "https://a.example", "endpoints": [{"url": "https://a.example/o",'
         '"schemes": ["a:*"]}]}]', "a scheme must be such as https://*.example.com/watch/*"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_list_of_providers_is_told(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told.replace("*", r"\*")):
        read_providers(text)


def test_the_script_refreshes_the_registry_from_a_file(tmp_path: Path) -> None:
    source, shipped = tmp_path / "providers.json", SHIPPED.read_bytes()
    endpoint = {"url": "https://a.example/o", "schemes": ["https://a.example/*", "a:*"], "discovery": True}
    told = {"provider_name": "A", "provider_url": "https://a.example", "endpoints": [endpoint]}
    source.write_text(json.dumps([told, told | {"provider_name": "Instagram"}]))
    copy = tmp_path / "copy"
    (copy / ".ci").mkdir(parents=True)
    (copy / ".ci/providers.py").write_bytes((ROOT / ".ci/providers.py").read_bytes())
    script = f"import app.metadata.registry as r, pathlib, runpy, sys; r.SHIPPED = pathlib.Path({str(tmp_path / 'new.json')!r}); sys.argv = ['x', {str(source)!r}]; runpy.run_path({str(copy / '.ci/providers.py')!r}, run_name='__main__')"  # noqa: E501
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    [kept] = json.loads((tmp_path / "new.json").read_text())
    assert kept["endpoints"] == [{"url": "https://a.example/o", "schemes": ["https://a.example/*"]}]
    assert SHIPPED.read_bytes() == shipped
