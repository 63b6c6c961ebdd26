"""`databeheer plan`: what has to be read of which device, what of a day came, and what the head-end reads again."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from databeheer.brussels import day_of
from databeheer.clock import SystemClock
from databeheer.door.client import DoorClient, Proof
from databeheer.errors import MalformedRequestError
from databeheer.metering.coherence import HISTORY_DAYS
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

_LONGEST_LOOK = 24 * 3600.0
_TEMPERATURE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}),(-?[0-9]{1,2}(?:\.[0-9])?)")


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
    home, there_is_one = _home(of_demo), False
    with running(home), DoorClient(home.door_socket) as door:
        for device in _devices(door, home, day or _yesterday(), operator):
            click.echo(json.dumps(device))
            there_is_one = True
    if not there_is_one:
        click.echo("this grid operator has no digital meter on that day (registry.meter.install)", err=True)


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
@_DAY
@click.option(
    "--temperatures",
    type=click.File(encoding="utf-8"),
    help="Means of days outdoors, a line each: 2026-11-20,7.5 (degrees Celsius). Of DAY and the 28 before it.",
)
@_OPERATOR
@_AS_JSON
@_OF_DEMO
def look(day: str | None, temperatures: Any, operator: int, as_json: bool, of_demo: bool) -> None:
    """Hold what is stored of DAY (yesterday) against the days before, the weather and others. Recorded."""
    home, day = _home(of_demo), day or _yesterday()
    tenths = read_temperatures(temperatures, parse_day(day)) if temperatures else {}
    with running(home), DoorClient(home.door_socket, timeout_seconds=_LONGEST_LOOK) as door:
        proof = Proof.operator(home.operator_key.read_text())
        found = door.call("coherence.check", proof, day=day, operator=operator, temperatures=tenths)
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    click.echo(
        f"{found['day']}: {found['profiles']} profiles looked at, {found['stored']} with a new version"
    )
    for name, one in found["reasons"].items():
        click.echo(f"  {one['profiles']:>8} {name}")
    if not found["weather"]:
        click.echo("  the weather of the day was not given: no gas was held against it")


def read_temperatures(lines: Iterable[str], day: date) -> dict[str, int]:
    """Read `day,degrees` lines; returns tenths of a degree by day, of a day and the 28 before it.

    Raises:
        MalformedRequestError: a line is none, or a day comes twice.
    """
    found: dict[str, int] = {}
    for number, line in enumerate(lines, start=1):
        matched = _TEMPERATURE.fullmatch(line.strip())
        if matched is None:
            raise MalformedRequestError(f"line {number}: write 2026-11-20,7.5")
        one = parse_day(matched[1])
        if one.isoformat() in found:
            raise MalformedRequestError(f"line {number}: this day came before")
        if day - timedelta(days=HISTORY_DAYS) <= one <= day:
            found[one.isoformat()] = int(Decimal(matched[2]) * 10)
    return found


@plan.command()
@click.argument("first", type=_Day())
@click.argument("last", type=_Day())
@_OPERATOR
@_AS_JSON
@_OF_DEMO
def report(first: str, last: str, operator: int, as_json: bool, of_demo: bool) -> None:
    """Show the newest check of each day from FIRST to LAST."""
    if last < first:
        raise click.UsageError("LAST lies before FIRST")
    home = _home(of_demo)
    with running(home), DoorClient(home.door_socket) as door:
        proof = Proof.operator(home.operator_key.read_text())
        days = door.call("reading_plan.report", proof, first=first, last=last, operator=operator)["days"]
    if as_json:
        click.echo(json.dumps(days, indent=2))
        return
    for one in days:
        click.echo("\n".join(as_text(one)))
    if not days:
        click.echo("none of these days was checked: databeheer plan check DAY", err=True)


@plan.command()
@click.option(
    "--limit", default=4096, show_default=True, type=click.IntRange(1, 4096), help="How many lines at most."
)
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
    if not found:
        click.echo(
            "nothing is to be read again now (`plan check` puts on this list what a day lacks)", err=True
        )


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
