"""The command line, `pagecard`: one file per group of commands."""

from __future__ import annotations

import os
import sys
from importlib.metadata import version

import click

from app.settings import Settings, SettingsError


def read_settings() -> Settings:
    """The settings of the environment; a mistake ends the command with one line for each."""
    try:
        return Settings.from_environ(os.environ)
    except SettingsError as error:
        sys.exit("\n".join(f"pagecard: {line}" for line in str(error).splitlines()))


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("pagecard"), prog_name="pagecard")
def main() -> None:
    """Turn URLs into link metadata."""


def _register() -> None:
    from app.cli import keys, serve

    for command in (serve.serve, keys.keys):
        main.add_command(command)


_register()
