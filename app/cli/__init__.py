"""The command line, `pagecard`: one file per command.

Rule 1: the command NAME is the object NAME of the module `app.cli.NAME`, which is imported when it is called for;
        so each starts with what it needs alone.
Rule 2: what a command answers goes to standard output, what it says about its work to standard error.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import version

import click

from app.settings import Settings, SettingsError

COMMANDS: Mapping[str, str] = {
    "serve": "Serve the API.",
    "keys": "Make, list and revoke API keys.",
    "demo": "See it work on sample pages; no network.",
    "extract": "Turn URLs into cards, without a server.",
    "parse": "Read saved pages; no network.",
    "jobs": "Submit, watch and fetch jobs of a running server.",
    "worker": "Work jobs off that a message broker tells of.",
    "settings": "List every setting with its value.",
    "doctor": "Say what is wrong, and what to do about it.",
}


def read_settings() -> Settings:
    """The settings of the environment. Raises SettingsError."""
    return Settings.from_environ(os.environ)


class _Commands(click.Group):
    def invoke(self, context: click.Context) -> object:
        """Run a command; a mistake of the settings ends it with one line for each."""
        try:
            return super().invoke(context)
        except SettingsError as error:
            click.echo("\n".join(f"pagecard: {line}" for line in str(error).splitlines()), err=True)
            sys.exit(1)

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
