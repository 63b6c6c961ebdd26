"""`databeheer joins`: joins that wait for a second person, and who agrees to them or does not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import click

from databeheer.brussels import BRUSSELS
from databeheer.door.client import DoorClient, Proof
from databeheer.site.home import Home
from databeheer.site.house import running
from databeheer.values import parse_instant

_OF_DEMO = click.option("--demo", "of_demo", is_flag=True, help="In the demo's house instead of the own one.")
_BY = click.option("--by", required=True, help="Who you are; never who asked, and nobody twice.")
_INTENT = click.argument("intent_id", metavar="JOIN", type=click.UUID)


@click.group()
def joins() -> None:
    """Joins whose case asks that more than one person agrees (docs/how-to/joins.md)."""


@joins.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
@_OF_DEMO
def waiting(as_json: bool, of_demo: bool) -> None:
    """List what was asked in the last week, newest first. Which points it names nobody sees."""
    with _door(of_demo) as (door, proof):
        found = door.call("joins.waiting", proof)["joins"]
    if as_json:
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    for one in found:
        click.echo(f"{one['intent_id']}  {one['state']}, {one['agreed']} of {one['needed']} agree")
        click.echo(f"  {one['case']} for {one['purpose']}, file {one['note']}, party {one['party_id']}")
        months = " to ".join(
            f"{parse_instant(one_end).astimezone(BRUSSELS):%Y-%m-%d}" for one_end in one["asked"]
        )
        lapses = parse_instant(one["lapses_at"]).astimezone(BRUSSELS)
        click.echo(
            f"  {one['points']} points, {months}; lapses {lapses:%Y-%m-%d %H:%M}; entry {one['index']}"
        )
    click.echo(f"{len(found)} asked")


@joins.command()
@_INTENT
@_BY
@_OF_DEMO
def agree(intent_id: UUID, by: str, of_demo: bool) -> None:
    """Agree to JOIN. Once enough do, who asked runs it by asking the very same again."""
    with _door(of_demo) as (door, proof):
        said = door.call("joins.agree", proof, intent_id=str(intent_id), by=by)
    click.echo(f"{said['agreed']} of {said['needed']} agree. Ledger entry {said['index']}.")


@joins.command()
@_INTENT
@_BY
@_OF_DEMO
def refuse(intent_id: UUID, by: str, of_demo: bool) -> None:
    """Do not agree to JOIN: it ends, whoever agreed before."""
    with _door(of_demo) as (door, proof):
        said = door.call("joins.refuse", proof, intent_id=str(intent_id), by=by)
    click.echo(f"Refused. Ledger entry {said['index']}.")


@contextmanager
def _door(of_demo: bool) -> Iterator[tuple[DoorClient, Proof]]:
    home = Home.from_environment()
    home = Home(home.path / "demo") if of_demo else home
    with running(home), DoorClient(home.door_socket) as door:
        yield door, Proof.operator(home.operator_key.read_text())
