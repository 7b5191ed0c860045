"""Pagecard: a self-hosted API that turns URLs into link metadata."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from app.settings import Settings


_inherited: Settings | None = None


def inherit_settings(settings: Settings) -> None:
    """Make `create_app` use these settings, in this process and all processes forked later."""
    global _inherited
    _inherited = settings


def create_app(settings: Settings | None = None) -> Flask:
    """Create the WSGI application. Without `settings` use the inherited ones, or read the environment.

    Raises SettingsError for a bad environment, and the error of a store that does not answer.
    """
    from flask import Flask

    from app import api
    from app.logs import configure_logs
    from app.services import Services
    from app.settings import Settings

    settings = settings or _inherited or Settings.from_environ(os.environ)
    configure_logs(settings.log_level)
    app = Flask("pagecard", static_folder=None)
    app.extensions["pagecard"] = Services.open(settings)
    api.install(app)
    return app
