"""`pagecard doctor`: find problems, in plain words, with a remedy for each."""

from __future__ import annotations

import sys

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.cli import read_settings
from app.cli.checks import Finding, State, examine
from app.logs import configure_logs
from app.settings import SettingsError

STYLES = {State.GOOD: "green", State.NOTE: "yellow", State.BAD: "bold red"}


@click.command()
def doctor() -> None:
    """Check settings, stores, broker, clock, browser and guard. Exit status 1 if something is wrong."""
    configure_logs("error")
    try:
        settings = read_settings()
    except SettingsError as error:
        _show([("settings", Finding(State.BAD, line)) for line in str(error).splitlines()])
        sys.exit(1)
    findings = [("settings", Finding(State.GOOD, "All settings make sense")), *examine(settings)]
    _show(findings)
    sys.exit(any(finding.state is State.BAD for _, finding in findings))


def _show(findings: list[tuple[str, Finding]]) -> None:
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, finding in findings:
        mark = Text(finding.state.value, style=STYLES[finding.state])
        table.add_row(mark, name, Text(finding.told, overflow="fold"))
    Console().print(table)
