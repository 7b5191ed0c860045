"""State of gunicorn's master process that its workers inherit by fork: settings, metrics folder, fork server.

Rule 1: settings are read in the master alone. A worker that starts later serves with the same ones, whatever has
        become of the files that they name.
Rule 2: a reload (SIGHUP) that finds a bad file keeps the last good settings and logs one line.
"""

from __future__ import annotations

import atexit
import os
import resource
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

import app
from app.logs import configure_logs
from app.server.metrics_folder import MetricsFolder
from app.settings import METRICS_DIRECTORY, Settings, SettingsError
from app.storage.files import PRIVATE_FOLDER, make_private_folder

DESCRIPTORS = 65_536  # open files of a worker, if the system allows as many: shells give 1,024

if TYPE_CHECKING:
    from app.jobs.fork_server import ForkServer  # imports prometheus_client, which needs its folder first

log = structlog.get_logger()


class Master:
    """Created once, in the master, before gunicorn binds."""

    def __init__(self) -> None:
        """Read the settings and take a metrics folder. Exits with one line where the settings are bad."""
        self._fork_server: ForkServer | None = None
        try:
            self.settings = Settings.from_environ(os.environ)
            make_private_folder(self.data_dir)
        except SettingsError as error:
            sys.exit(f"pagecard: {error}")
        app.inherit_settings(self.settings)
        configure_logs(self.settings.log_level)
        self._metrics = MetricsFolder(self.data_dir / "metrics", PRIVATE_FOLDER)
        os.environ[METRICS_DIRECTORY] = str(self._metrics.path)
        atexit.register(self._metrics.remove)

    @property
    def data_dir(self) -> Path:
        return self.settings.data_dir.absolute()

    def prepare(self) -> None:
        """Raise the limit of descriptors, create what workers share, start the fork server."""
        _raise_descriptors()
        try:
            import_module("app.services").prepare(self.settings)
        except SettingsError as error:
            sys.exit(f"pagecard: {error}")
        self._start_fork_server()

    def bound(self) -> None:
        """Remove the metrics of ended servers. Runs after binding, so never in a failed start."""
        self._metrics.remove_others()

    def reload(self) -> None:
        """Read the settings again. Workers that start from now on have the new ones."""
        try:
            settings = Settings.from_environ(os.environ)
        except SettingsError as error:
            log.error("reload keeps the last good settings", problem="; ".join(str(error).splitlines()))
            return
        if settings != self.settings:
            self.settings = settings
            app.inherit_settings(settings)
            self.close()
            self._start_fork_server()

    def ask_for_runner(self, place: int, lock: int) -> bool:
        """Have the fork server start a job runner. Called in workers; False if there is no fork server."""
        return self._fork_server is not None and self._fork_server.ask(place, lock)

    def close(self) -> None:
        """End the fork server and its runners."""
        if self._fork_server:
            self._fork_server.close()
            self._fork_server = None

    def _start_fork_server(self) -> None:
        if not self.settings.broker_url:
            self._fork_server = import_module("app.server.runner").open_fork_server(self.settings)


def _raise_descriptors() -> None:
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    wanted = DESCRIPTORS if most == unlimited else min(most, DESCRIPTORS)
    if now != unlimited and now < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
