"""ThumbHash, held to hashes that the reference encoder made (https://github.com/evanw/thumbhash, js/thumbhash.js)."""

from __future__ import annotations

import base64

import pytest

from app.images.thumbhash import encode_thumbhash


def pattern(width: int, height: int, alpha: bool) -> bytes:
    """Pixels without symmetry, so that no coefficient stands between two values."""
    return bytes(
        value % 256
        for y in range(height)
        for x in range(width)
        for value in (
            *(x * x * 7 + y * 13, x * 5 + y * y * 3 + x * y, x * y * 11 + x * 3 + 40),
            x * x + y * y * y + 90 if alpha else 255,
        )
    )


EXPECTED: dict[tuple[int, int, bool], str] = {
    (64, 48, False): "H/gBDYADRTNEZmgqYDZmAXuGIPyN",
    (30, 100, False): "H/gBCgAQZEh1RFVX72T5Ts0=",
    (64, 64, True): "HwiCBQAIAwVVZEaUdp+IRov4VoloZ3b2mQ==",
    (1, 1, False): "wwYKVwAI9wiIh4hwj3CI+AiIcH/4AAAA",
    (100, 7, True): "HxiCAYIIEjBZYZnQGn/7W3WqT2RJtDs=",
}


@pytest.mark.parametrize(("shape", "expected"), EXPECTED.items())
def test_a_hash_is_the_reference_encoder_s(shape: tuple[int, int, bool], expected: str) -> None:
    assert base64.b64encode(encode_thumbhash(shape[0], shape[1], pattern(*shape))).decode() == expected
