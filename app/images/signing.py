"""Signatures of the image proxy: a URL works only if this server, or a holder of its key, has made it.

Rule: signatures are compared in constant time.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from pathlib import Path

from app.images.options import ImageOptions
from app.storage.files import make_private_file

SIGNATURE = 22  # characters of base64url: 132 bits
PREFIX = "/v1/image"
KEY_BYTES = 32


class ImageSigner:
    """Makes and checks the paths of the image proxy. `key` is `IMAGE_KEY`."""

    def __init__(self, key: str) -> None:
        self._hmac = hmac.new(key.encode(), digestmod=hashlib.sha256)

    def image_url(self, url: str, options: ImageOptions | str = "-", home: str = "") -> str:
        """Return the signed address of a picture: a path, or absolute after `home`, the URL of the API."""
        signed = f"{options}/{encode_url(url)}"
        return f"{home.rstrip('/')}{PREFIX}/{self._sign(signed)}/{signed}"

    def is_signed(self, signature: str, options: str, encoded_url: str) -> bool:
        """Tell whether this key has signed the two last parts of a path."""
        return hmac.compare_digest(self._sign(f"{options}/{encoded_url}").encode(), signature.encode())

    def _sign(self, text: str) -> str:
        made = self._hmac.copy()
        made.update(text.encode())
        return base64.urlsafe_b64encode(made.digest()).decode()[:SIGNATURE]


def encode_url(url: str) -> str:
    """Encode a URL as one part of a path: base64url without padding."""
    return base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")


def decode_url(encoded: str) -> str:
    """Decode `encode_url`. Raises ValueError."""
    return base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars="-_", validate=True).decode()


def is_camo_signed(key: str, digest: str, url: bytes) -> bool:
    """Tell whether a digest is camo's of a URL: HMAC-SHA1 in hexadecimal (https://github.com/atmos/camo)."""
    return hmac.compare_digest(hmac.new(key.encode(), url, hashlib.sha1).hexdigest().encode(), digest.lower().encode())


def load_key(path: Path) -> str:
    """Read the key that the first start made in a file, or make it. All processes of a host get the same one."""
    with suppress(FileNotFoundError):
        if key := path.read_text(encoding="ascii").strip():
            make_private_file(path)
            return key
    made = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    made.unlink(missing_ok=True)
    make_private_file(made)
    made.write_text(secrets.token_urlsafe(KEY_BYTES) + "\n", encoding="ascii")
    try:
        with suppress(FileExistsError):
            os.link(made, path)  # the first of several processes wins, with a whole file
    finally:
        made.unlink()
    return path.read_text(encoding="ascii").strip()
