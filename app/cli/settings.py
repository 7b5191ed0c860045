"""`pagecard settings`: every setting, its value and its description."""

from __future__ import annotations

import click

from app.cli import read_settings
from app.settings.table import markdown, rows


@click.command()
@click.option("--markdown", "as_markdown", is_flag=True, help="The README's table: names, defaults, descriptions.")
@click.option("--changed", is_flag=True, help="Only those that differ from their default.")
def settings(as_markdown: bool, changed: bool) -> None:
    """List every setting as NAME=VALUE, a line each. Passwords are hidden."""
    if as_markdown:
        click.echo(markdown())
        return
    for row in rows(read_settings()):
        if not (changed and row.is_default):
            click.echo(f"{row.variable}={row.value}  # {row.about.replace('`', '')}")
