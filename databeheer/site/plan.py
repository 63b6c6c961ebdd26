"""`databeheer plan`: what has to be read of which device, what of a day came, and what the head-end reads again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from databeheer.brussels import day_of
from databeheer.clock import SystemClock
from databeheer.door.client import DoorClient, Proof
from databeheer.errors import MalformedRequestError
from databeheer.metering.plan.completeness import as_text
from databeheer.site.home import Home
from databeheer.site.house import running
from databeheer.values import parse_day

_OF_DEMO = click.option("--demo", "of_demo", is_flag=True, help="In the demo's house instead of the own one.")
_AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_OPERATOR = click.option(
    "--operator",
    default=1,
    show_default=True,
    type=click.IntRange(1, 32_000),
    help="The grid operator's number.",
)


class _Day(click.ParamType[str]):
    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return parse_day(value).isoformat()
        except MalformedRequestError as error:
            self.fail(str(error), param, ctx)


_DAY = click.argument("day", type=_Day(), required=False)


@click.group()
def plan() -> None:
    """What is read at all, and what of it came (docs/reference/reading-plan.md)."""


@plan.command()
@_DAY
@_OPERATOR
@_OF_DEMO
def show(day: str | None, operator: int, of_demo: bool) -> None:
    """Print what has to be read on DAY (yesterday), a line of JSON for each device: for the head-end."""
    home = _home(of_demo)
    with running(home), DoorClient(home.door_socket) as door:
        for device in _devices(door, home, day or _yesterday(), operator):
            click.echo(json.dumps(device))


@plan.command()
@_DAY
@_OPERATOR
@_AS_JSON
@_OF_DEMO
def check(day: str | None, operator: int, as_json: bool, of_demo: bool) -> None:
    """Compare what came of DAY (yesterday) with the plan. Recorded; exit status 1 where something is to be re-read."""
    home = _home(of_demo)
    with running(home), DoorClient(home.door_socket) as door:
        proof = Proof.operator(home.operator_key.read_text())
        report = door.call("reading_plan.check", proof, day=day or _yesterday(), operator=operator)
    click.echo(json.dumps(report, indent=2) if as_json else "\n".join(as_text(report)))
    raise click.exceptions.Exit(1 if report["to_read_again"] else 0)


@plan.command()
@click.argument("first", type=_Day())
@click.argument("last", type=_Day())
@_OPERATOR
@_AS_JSON
@_OF_DEMO
def report(first: str, last: str, operator: int, as_json: bool, of_demo: bool) -> None:
    """Show the newest check of each day from FIRST to LAST."""
    home = _home(of_demo)
    with running(home), DoorClient(home.door_socket) as door:
        proof = Proof.operator(home.operator_key.read_text())
        days = door.call("reading_plan.report", proof, first=first, last=last, operator=operator)["days"]
    if as_json:
        click.echo(json.dumps(days, indent=2))
        return
    for one in days:
        click.echo("\n".join(as_text(one)))


@plan.command()
@click.option("--limit", default=4096, show_default=True, type=click.IntRange(1, 4096))
@_OPERATOR
@_OF_DEMO
def rereads(limit: int, operator: int, of_demo: bool) -> None:
    """Print what the head-end has to read again, a line of JSON for each; each line is an attempt more."""
    home = _home(of_demo)
    with running(home), DoorClient(home.door_socket) as door:
        proof = Proof.intake(home.intake_key.read_text())
        found = door.call("reading_plan.rereads", proof, operator=operator, limit=limit)["rereads"]
    for one in found:
        click.echo(json.dumps(one))


def _devices(door: DoorClient, home: Home, day: str, operator: int) -> Iterator[dict[str, Any]]:
    proof, after = Proof.intake(home.intake_key.read_text()), None
    while True:
        page = door.call("reading_plan.show", proof, day=day, operator=operator, after=after)
        yield from page["devices"]
        after = page["next"]
        if after is None:
            return


def _yesterday() -> str:
    return (day_of(SystemClock().now()) - timedelta(days=1)).isoformat()


def _home(of_demo: bool) -> Home:
    home = Home.from_environment()
    home = Home(Path(home.path) / "demo") if of_demo else home
    home.require()
    return home
