"""`databeheer statistics`: tell a month, see what was told, give research a table with its report."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import click

from databeheer.door.client import DoorClient, Proof
from databeheer.site.home import Home
from databeheer.site.house import running
from databeheer.values import Commodity

_OF_DEMO = click.option("--demo", "of_demo", is_flag=True, help="In the demo's house instead of the own one.")
_AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_LONGEST_RUN = 24 * 3600.0
_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


@click.group()
def statistics() -> None:
    """Statistics in which nobody can be seen (docs/how-to/statistics.md)."""


@statistics.command()
@click.argument("month")
@click.option(
    "--commodity",
    required=True,
    type=click.Choice([one.value for one in Commodity]),
    help="Of electricity or of gas.",
)
@click.option(
    "--operator",
    default=1,
    show_default=True,
    type=click.IntRange(1, 32_000),
    help="The grid operator's number.",
)
@_AS_JSON
@_OF_DEMO
def run(month: str, commodity: str, operator: int, as_json: bool, of_demo: bool) -> None:
    """Tell MONTH (2026-10), once and never again: read, add up, publish what may be shown."""
    if not _MONTH.fullmatch(month):
        raise click.UsageError("a month looks like 2026-10")
    with _door(of_demo) as (door, proof):
        told = door.call("statistics.run", proof, month=f"{month}-01", commodity=commodity, operator=operator)
    if as_json:
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    report = told["report"]
    click.echo(f"{told['release_id']}  {commodity} {month}  entry {told['index']}")
    click.echo(
        f"  {report['shown']} of {report['cells']} cells shown, in {report['second_look']['lines']} lines"
    )
    for reason, cells in report["withheld"].items():
        click.echo(f"  {cells:>8} not shown: {reason}")


@statistics.command("list")
@_AS_JSON
@_OF_DEMO
def list_releases(as_json: bool, of_demo: bool) -> None:
    """List what was told, the newest months first."""
    with _door(of_demo) as (door, _):
        found = door.call("statistics.list")["releases"]
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    for one in found:
        place = f"operator {one['operator']}  entry {one['index']}"
        click.echo(f"{one['release_id']}  {one['month']}  {one['commodity']:<11}  {place}")
    click.echo(f"{len(found)} told")


@statistics.command()
@click.argument("release_id", type=click.UUID)
@click.option("--table", "as_table", is_flag=True, help="Print the table, CSV, instead of the report.")
@_OF_DEMO
def show(release_id: UUID, as_table: bool, of_demo: bool) -> None:
    """Print the report of a release, or its table."""
    with _door(of_demo) as (door, _):
        found = door.call("statistics.show", release_id=str(release_id))
    click.echo(
        found["table"] if as_table else json.dumps(json.loads(found["report"]), indent=2), nl=not as_table
    )


@statistics.command()
@click.argument("project")
@click.option("--report", "report_id", type=click.UUID, help="The report that shows that nobody is in it.")
@click.option(
    "--to",
    "folder",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to write to.",
)
@_OF_DEMO
def research(project: str, report_id: UUID | None, folder: Path, of_demo: bool) -> None:
    """Write a published table and its report for research PROJECT (your reference). Recorded, and so is a refusal."""
    with _door(of_demo) as (door, proof):
        given = door.call(
            "research.release", proof, project=project, report_id=str(report_id) if report_id else None
        )
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("table", "report"):
        place = folder / f"{report_id}.{'csv' if name == 'table' else 'report.json'}"
        place.write_text(given[name], encoding="utf-8")
        click.echo(place)
    click.echo(f"entry {given['index']}", err=True)


@contextmanager
def _door(of_demo: bool) -> Iterator[tuple[DoorClient, Proof]]:
    home = Home.from_environment()
    home = Home(home.path / "demo") if of_demo else home
    home.require()
    with running(home), DoorClient(home.door_socket, timeout_seconds=_LONGEST_RUN) as door:
        yield door, Proof.operator(home.operator_key.read_text())
