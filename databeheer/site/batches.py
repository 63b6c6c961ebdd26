"""`databeheer batch`: take head-end batches in, and show what came of one."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from databeheer.clock import SystemClock
from databeheer.door.client import DoorClient
from databeheer.metering.batches.report import BatchReport, Outcome, as_text
from databeheer.metering.batches.taking import take_batch
from databeheer.site.home import Home
from databeheer.site.house import running
from databeheer.storage.engine import make_engine

_OF_DEMO = click.option("--demo", "of_demo", is_flag=True, help="In the demo's house instead of the own one.")
_AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@click.group()
def batch() -> None:
    """Batches of the head-end (docs/reference/head-end-batch.md)."""


@batch.command()
@click.argument("place", metavar="DIR|MANIFEST", type=click.Path(exists=True, path_type=Path))
@_AS_JSON
@_OF_DEMO
def take(place: Path, as_json: bool, of_demo: bool) -> None:
    """Take one batch in, whole or not at all; exit status 1 where it is refused. The same batch twice is no change."""
    home = _home(of_demo)
    home.require()
    with running(home) as storage, DoorClient(home.door_socket) as door, _progress() as bar:
        engine = make_engine(storage.url("intake"), pool_size=1)
        task = bar.add_task("profiles", total=None)
        report = take_batch(
            place,
            door,
            home.intake_key.read_text(),
            engine,
            SystemClock(),
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
        engine.dispose()
    if report.batch:
        _keep(home, report)
    click.echo(report.to_json() if as_json else as_text(report.members()))
    raise click.exceptions.Exit(1 if report.outcome is Outcome.REFUSED else 0)


@batch.command("report")
@click.argument("name", metavar="BATCH")
@_AS_JSON
@_OF_DEMO
def show(name: str, as_json: bool, of_demo: bool) -> None:
    """Show what came of the newest attempt at a batch, by its number."""
    if not _NAME.fullmatch(name):
        raise click.UsageError("that is no number of a batch")
    home = _home(of_demo)
    home.require()
    try:
        content = _place(home, name).read_text()
    except FileNotFoundError as error:
        raise click.ClickException("no batch of this number was taken in here") from error
    click.echo(content if as_json else as_text(json.loads(content)))


def _home(of_demo: bool) -> Home:
    home = Home.from_environment()
    return Home(home.path / "demo") if of_demo else home


def _place(home: Home, name: str) -> Path:
    return home.path / "batches" / f"{name}.json"


def _keep(home: Home, report: BatchReport) -> None:
    """Keep the report, in place of that of an earlier attempt."""
    path = _place(home, report.batch)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    fresh = path.with_suffix(".part")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(report.to_json())
    fresh.replace(path)


def _progress() -> Progress:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True)
