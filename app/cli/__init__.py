"""The command line, `pagecard`: one file per command.

Rule 1: the command NAME is the object NAME of the module `app.cli.NAME`, imported when it is called, so each command
        loads only its own dependencies.
Rule 2: answers go to standard output, messages about the work to standard error.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from typing import NoReturn

import click

from app.settings import PREFIX, Settings, SettingsError

COMMANDS: Mapping[str, str] = {
    "serve": "Serve the API.",
    "keys": "Make, list and revoke API keys.",
    "usage": "List the URLs that each key has used in a month.",
    "backup": "Copy the database while the service runs.",
    "demo": "See it work on sample pages; no network.",
    "extract": "Turn URLs into cards, without a server.",
    "check": "Grade how links to pages look elsewhere; offline for files.",
    "read": "Print the main content of a page as Markdown.",
    "parse": "Read saved pages; no network.",
    "jobs": "Submit, watch and fetch jobs of a running server.",
    "worker": "Work off the jobs of a message broker.",
    "settings": "List every setting with its value.",
    "doctor": "Say what is wrong, and what to do about it.",
}


# Settings that need a package which not every installation has: the package and the extra that brings it.
EXTRAS = {"redis_url": ("redis", "redis"), "broker_url": ("celery", "celery")}


def read_settings() -> Settings:
    """Read the settings of the environment. Raises SettingsError, for a missing extra too."""
    settings = Settings.from_environ(os.environ)
    missing = [
        f"{PREFIX}{name.upper()} needs the extra {extra}: pip install 'pagecard[{extra}]'"
        for name, (package, extra) in EXTRAS.items()
        if getattr(settings, name) and not _is_installed(package)
    ]
    if missing:
        raise SettingsError("\n".join(missing))
    return settings


def _is_installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ValueError:  # its import is blocked
        return False


def fail(text: str) -> NoReturn:
    """End the command with exit status 1 and its reason on standard error, `pagecard:` before each line."""
    click.echo("\n".join(f"pagecard: {line}" for line in text.splitlines()), err=True)
    sys.exit(1)


class _Commands(click.Group):
    def invoke(self, context: click.Context) -> object:
        """Run a command; exit with a line for each mistake in the settings."""
        try:
            return super().invoke(context)
        except SettingsError as error:
            fail(str(error))

    def list_commands(self, context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"app.cli.{name}"), name)
        return command

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("pagecard"), prog_name="pagecard")
def main() -> None:
    """Turn URLs into link metadata."""
