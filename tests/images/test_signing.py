"""Signatures of the image proxy, and the key that they are made with."""

from __future__ import annotations

import base64
import hashlib
import hmac
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.images.options import ImageOptions
from app.images.signing import ImageSigner, decode_url, encode_url, load_key

KEY = "a key of sixteen characters"
URL = "https://example.com/bild ü?a=1&b=/"


def signature(key: str, options: str, encoded: str) -> str:
    """The contract's definition, spelled out."""
    made = hmac.new(key.encode(), f"{options}/{encoded}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(made)[:22].decode()


def parts(path: str) -> list[str]:
    return path.removeprefix("/v1/image/").split("/")


@pytest.mark.parametrize("options", ["-", "w600", "w600,h315,cover,webp,q70,max976k"])
def test_a_url_is_signed_as_the_contract_says(options: str) -> None:
    made, shown, encoded = parts(ImageSigner(KEY).image_url(URL, options))
    assert (made, shown) == (signature(KEY, options, encoded), options)
    assert decode_url(encoded) == URL


def test_options_may_be_an_object_and_the_address_absolute() -> None:
    options = ImageOptions(width=600, format="webp")
    made = ImageSigner(KEY).image_url(URL, options, "https://cards.example/")
    assert made == "https://cards.example" + ImageSigner(KEY).image_url(URL, "w600,webp")


@pytest.mark.parametrize(
    "changed",
    [
        ("", "-", encode_url(URL)),
        ("A" * 22, "-", encode_url(URL)),
        (signature("another key of this server", "-", encode_url(URL)), "-", encode_url(URL)),
        (signature(KEY, "-", encode_url(URL)), "w600", encode_url(URL)),
        (signature(KEY, "-", encode_url(URL)), "-", encode_url("http://10.0.0.1/")),
        (signature(KEY, "-", encode_url(URL))[:21], "-", encode_url(URL)),
        (signature(KEY, "-", encode_url(URL)) + "A", "-", encode_url(URL)),
        (signature(KEY, "-", encode_url(URL)).swapcase(), "-", encode_url(URL)),
        ("ü" * 22, "-", encode_url(URL)),
    ],
)
def test_any_change_breaks_the_signature(changed: tuple[str, str, str]) -> None:
    assert not ImageSigner(KEY).is_signed(*changed)
    assert ImageSigner(KEY).is_signed(signature(KEY, "-", encode_url(URL)), "-", encode_url(URL))


@pytest.mark.parametrize("encoded", ["*", "a", "aHR0cA+/", "/w"])
def test_what_is_no_base64url_is_refused(encoded: str) -> None:
    with pytest.raises(ValueError):
        decode_url(encoded)


def test_the_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "image.key"
    with ThreadPoolExecutor(16) as pool:
        keys = set(pool.map(load_key, [path] * 64))
    assert keys == {path.read_text().strip()}
    assert len(keys.pop()) >= 43
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["image.key"]


def test_a_key_that_others_may_read_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "image.key"
    path.write_text(KEY)
    path.chmod(0o644)
    assert load_key(path) == KEY
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
