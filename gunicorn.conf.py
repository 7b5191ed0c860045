"""gunicorn's settings; they live with the package, so that an installed `pagecard serve` has the same."""

from app.server.config import *  # noqa: F403
