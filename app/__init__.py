"""Pagecard: a self-hosted API that turns URLs into link metadata."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from app.settings import Settings


def create_app(settings: Settings | None = None) -> Flask:
    """The WSGI application. Without `settings` they are read from the environment.

    Raises SettingsError for a bad environment, and what the stores raise if they do not answer.
    """
    from flask import Flask

    from app import api
    from app.logs import configure_logs
    from app.services import Services
    from app.settings import Settings

    settings = settings or Settings.from_environ(os.environ)
    configure_logs(settings.log_level)
    app = Flask("pagecard", static_folder=None)
    app.extensions["pagecard"] = Services.open(settings)
    api.install(app)
    return app
