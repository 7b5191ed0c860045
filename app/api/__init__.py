"""HTTP door: one file per resource, in a common envelope."""

from __future__ import annotations

from flask import Flask

from app.api import auth, cards, envelope, extract, favicon, images, jobs, openapi, operations, read, site, validate
from app.plans import MAX_BODY


def install(app: Flask) -> None:
    """Give `app` every path of the API."""
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY + 1  # a chunked body is cut off there, unseen by werkzeug
    app.url_map.strict_slashes = True
    app.url_map.merge_slashes = False
    app.ensure_sync = lambda func: func  # type: ignore[method-assign]  # no view is async: skip the check
    envelope.install(app)  # first: every answer, a preflight's too, has an id and a clock
    auth.install(app)
    for room in (extract, cards, favicon, images, validate, read, jobs, operations, openapi, site):
        app.register_blueprint(room.blueprint)
