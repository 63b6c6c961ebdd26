"""`databeheer rights`: people's requests about their own data, for the desk: worklist, paper, more time, answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import click

from databeheer.brussels import BRUSSELS, midnight
from databeheer.door.client import DoorClient, Proof
from databeheer.rights.requests import Fact, Kind
from databeheer.site.home import Home
from databeheer.site.house import running
from databeheer.values import format_instant, parse_instant

_OF_DEMO = click.option("--demo", "of_demo", is_flag=True, help="In the demo's house instead of the own one.")
_REQUEST = click.argument("request_id", metavar="REQUEST", type=click.UUID)
_BY = click.option("--by", required=True, help="Who you are.")
_WORDS = click.option("--words", required=True, help="What the person reads, in plain Dutch.")

_SCAN = click.option(
    "--scan",
    required=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The scan of the paper: its hash goes into the record, the file stays where it is.",
)
_RECEIVED = click.option(
    "--received", type=click.DateTime(["%Y-%m-%d"]), help="The day on which it came in; else now."
)


@click.group()
def rights() -> None:
    """Requests to put data right, objections and copies on paper (docs/how-to/answer-rights-requests.md)."""


@rights.command("list")
@click.option("--closed", is_flag=True, help="Those that were answered or taken back, newest first.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
@_OF_DEMO
def list_all(closed: bool, as_json: bool, of_demo: bool) -> None:
    """List the requests that wait, the oldest first."""
    with _door(of_demo) as (door, proof):
        found = door.call("rights.list", proof, closed=closed)["requests"]
    if as_json:
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    for one in found:
        about = one["fact"] or one["basis"] or "everything"
        click.echo(f"{one['request_id']}  {one['kind']} of {about}, {one['state']}, {one['channel']}")
        last = f"{parse_instant(one['due_at']).astimezone(BRUSSELS):%Y-%m-%d}"
        stay = f", stay {one['occupancy_id']}" if one["occupancy_id"] else ""
        click.echo(f"  person {one['person_id']}{stay}; answer before {last}; entry {one['asked_index']}")
        for line in one["words"].splitlines():
            click.echo(f"  | {line}")
    click.echo(f"{len(found)} requests")


@rights.command()
@click.option("--person", required=True, type=click.UUID, help="Who asks.")
@click.option("--kind", required=True, type=click.Choice([kind.value for kind in Kind]))
@click.option("--fact", type=click.Choice([fact.value for fact in Fact]), help="What is wrong.")
@click.option("--basis", help="The legal basis objected to, as `welfare_centre`.")
@click.option("--stay", type=click.UUID, help="Of which stay; always of an objection.")
@click.option("--words", default="", help="What the paper says.")
@_SCAN
@_RECEIVED
@_OF_DEMO
def enter(
    person: UUID,
    kind: str,
    fact: str | None,
    basis: str | None,
    stay: UUID | None,
    words: str,
    scan: Path,
    received: datetime | None,
    of_demo: bool,
) -> None:
    """Enter a request that came on paper; it is on record as one from the portal is."""
    given: dict[str, Any] = {
        "person_id": str(person),
        "kind": kind,
        "fact": fact,
        "basis": basis,
        "occupancy_id": str(stay) if stay else None,
        "words": words,
        "document_sha256": sha256(scan.read_bytes()).hexdigest(),
        "received_at": format_instant(midnight(received.date())) if received else None,
    }
    with _door(of_demo) as (door, proof):
        said = door.call("rights.enter", proof, **given)
    click.echo(f"Request {said['request_id']}. Ledger entry {said['index']}.")


@rights.command("enter-erasure")
@click.option("--person", required=True, type=click.UUID, help="Who asks.")
@click.option("--class", "data_class", required=True, type=click.Choice(["person", "readings", "ledger"]))
@click.option("--stay", type=click.UUID, help="Of which stay; not of a person.")
@click.option("--of-another", is_flag=True, help="Because the data are somebody else's.")
@_SCAN
@_RECEIVED
@_OF_DEMO
def enter_erasure(
    person: UUID,
    data_class: str,
    stay: UUID | None,
    of_another: bool,
    scan: Path,
    received: datetime | None,
    of_demo: bool,
) -> None:
    """Enter a request to erase that came on paper; decide it as any other (docs/how-to/erase.md)."""
    given: dict[str, Any] = {
        "person_id": str(person),
        "data_class": data_class,
        "occupancy_id": str(stay) if stay else None,
        "reason": "wrong_person" if of_another else None,
        "document_sha256": sha256(scan.read_bytes()).hexdigest(),
        "received_at": format_instant(midnight(received.date())) if received else None,
    }
    with _door(of_demo) as (door, proof):
        said = door.call("erasure.enter", proof, **given)
    click.echo(f"Entered. Ledger entry {said['index']}.")


@rights.command()
@_REQUEST
@click.option("--reason", required=True, help="Why, in plain Dutch: the person reads it.")
@_OF_DEMO
def extend(request_id: UUID, reason: str, of_demo: bool) -> None:
    """Give REQUEST two months more: once, and within its first month."""
    with _door(of_demo) as (door, proof):
        said = door.call("rights.extend", proof, request_id=str(request_id), reason=reason)
    click.echo(f"Extended. Ledger entry {said['index']}.")


@rights.command()
@_REQUEST
@_WORDS
@_BY
@_OF_DEMO
def accept(request_id: UUID, words: str, by: str, of_demo: bool) -> None:
    """Grant REQUEST. An objection stops its basis at its stay at once; put right what is wrong before you say so."""
    _answer(request_id, "accepted", words, by, of_demo)


@rights.command()
@_REQUEST
@_WORDS
@_BY
@_OF_DEMO
def refuse(request_id: UUID, words: str, by: str, of_demo: bool) -> None:
    """Refuse REQUEST, with the reason; the portal adds where the person can complain."""
    _answer(request_id, "refused", words, by, of_demo)


@rights.command()
@_REQUEST
@_OF_DEMO
def withdraw(request_id: UUID, of_demo: bool) -> None:
    """Take REQUEST back for who wrote or rang, while it waits."""
    with _door(of_demo) as (door, proof):
        said = door.call("rights.withdraw", proof, request_id=str(request_id))
    click.echo(f"Taken back. Ledger entry {said['index']}.")


def _answer(request_id: UUID, decision: str, words: str, by: str, of_demo: bool) -> None:
    with _door(of_demo) as (door, proof):
        given = {"request_id": str(request_id), "decision": decision, "words": words, "decided_by": by}
        said = door.call("rights.answer", proof, **given)
    click.echo(f"Answered: {decision}. Ledger entry {said['index']}.")


@contextmanager
def _door(of_demo: bool) -> Iterator[tuple[DoorClient, Proof]]:
    home = Home.from_environment()
    home = Home(home.path / "demo") if of_demo else home
    with running(home), DoorClient(home.door_socket) as door:
        yield door, Proof.operator(home.operator_key.read_text())
