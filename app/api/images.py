"""`GET /v1/image/…`: pictures of other hosts through this server, by signed URLs.

Rule: no key, no cookie, nothing of the request but its path: an answer is the same for everybody.
"""

from __future__ import annotations

import time

from flask import Blueprint, Response

from app.api.envelope import conditional
from app.api.openapi import CONDITIONAL, Answer, Operation, described
from app.api.state import current_state, services
from app.errors import InvalidBody, NotFound, Overloaded, TargetError, leaves
from app.images.options import NONE
from app.images.proxy import Picture
from app.images.signing import decode_url, is_camo_signed

blueprint = Blueprint("images", __name__)

KINDS = ("image/webp", "image/jpeg", "image/png", "image/svg+xml")
CACHE = "public, max-age=604800, immutable"

# For SVG, which is a document: nothing in it runs or loads, wherever it is opened.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"

PATH = {
    "signature": {
        "description": "First 22 characters of base64url(HMAC-SHA256(`IMAGE_KEY`, `options/url`)).",
        "schema": {"type": "string", "minLength": 22, "maxLength": 22},
        "example": "Rk1vY2stc2lnbmF0dXJlLQ",
    },
    "options": {
        "description": "`w600`, `h315`, `cover` or `contain`, `webp`, `jpeg` or `png`, `q80`, `max976k`, joined by "
        "commas, or `-`.",
        "schema": {"type": "string"},
        "example": "w600,h315,cover,webp",
    },
    "url": {
        "description": "URL of the picture, base64url without padding.",
        "schema": {"type": "string"},
        "example": "aHR0cHM6Ly9leGFtcGxlLmNvbS9jb3Zlci5qcGc",
    },
}


@blueprint.get("/v1/image/<signature>/<options>/<url>")
@described(
    Operation(
        tag="Images",
        path=PATH,
        headers=CONDITIONAL,
        answers={
            200: Answer("The picture.", pictures=KINDS),
            304: Answer("The client's copy is current."),
        },
        errors=(NotFound, InvalidBody, Overloaded, *leaves(TargetError)),
        draws_failures=True,
    )
)
def image(signature: str, options: str, url: str) -> Response:
    """Show a picture of another host, resized and encoded anew.

    `image_info.proxy_url` of a card holds such a URL; servers that know `IMAGE_KEY` make their own. A URL without a
    valid signature is not found. The failure of a picture is a small SVG with the error's status.
    """
    ours = services().images
    if not ours.signer.is_signed(signature, options, url):
        raise NotFound
    return show(ours.proxy.get(_decode(url), options))


@blueprint.get("/<string(length=40):digest>/<encoded>")
def camo(digest: str, encoded: str) -> Response:
    """Show a picture by a URL of camo (https://github.com/atmos/camo), with `CAMO_KEY`."""
    ours = services()
    try:
        url = bytes.fromhex(encoded)
    except ValueError:
        raise NotFound from None
    key = ours.settings.camo_key
    if not (key and is_camo_signed(key, digest, url)):
        raise NotFound
    return show(ours.images.proxy.get(url.decode(errors="replace"), NONE))


def _decode(url: str) -> str:
    """Decode a signed URL; "", which is no URL, where the signer encoded it wrongly."""
    try:
        return decode_url(url)
    except ValueError:
        return ""


def show(picture: Picture, cache: str = CACHE) -> Response:
    """Answer with a picture and its Cache-Control, or with the picture of an error."""
    response = Response(picture.body, picture.status, content_type=picture.type)
    headers = response.headers
    headers["Content-Security-Policy"] = POLICY
    headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    if picture.status != 200:
        return _show_failure(response, picture)
    headers["Cache-Control"] = cache
    response.set_etag(picture.etag)
    return conditional(response)


def _show_failure(response: Response, picture: Picture) -> Response:
    current_state().error_code = picture.code
    left = int(picture.expires_at - time.time())
    if left > 0:
        response.headers["Cache-Control"] = f"public, max-age={left}"
    if picture.status == 503:
        response.headers["Retry-After"] = str(picture.retry_after or 1)
    return response
