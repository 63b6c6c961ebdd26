"""`databeheer onboarding`: what parties handed in and waits for two people: list, fetch, approve or decline it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import click

from databeheer.door.client import DoorClient, DoorRefusedError, Proof
from databeheer.onboarding import approval
from databeheer.site.home import Home
from databeheer.site.house import running
from ledger.commands.inputs import read_file
from ledger.errors import LedgerError
from ledger.files import write_atomically

_OF_DEMO = click.option("--demo", "of_demo", is_flag=True, help="In the demo's house instead of the own one.")
_PARTY = click.argument("party_id", metavar="PARTY", type=click.UUID)
_FILE = click.Path(path_type=Path, dir_okay=False)


@click.group()
def onboarding() -> None:
    """Parties that want in: two people sign for what they handed in (docs/how-to/onboard-a-party.md)."""


@onboarding.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
@_OF_DEMO
def waiting(as_json: bool, of_demo: bool) -> None:
    """List what waits, the oldest first."""
    with _door(of_demo) as (door, proof):
        found = door.call("onboarding.waiting", proof)["waiting"]
    if as_json:
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    for one in found:
        kind = "new" if one["is_new"] else "known, hands in something new"
        click.echo(f"{one['party_id']}  {one['name']}, {one['role']}, enterprise {one['enterprise']}: {kind}")
        click.echo(f"  handed in {one['handed_in_at']}, entry {one['index']}, SHA-256 {one['sha256']}")
    click.echo(f"{len(found)} wait")


@onboarding.command()
@_PARTY
@click.argument("file", type=_FILE)
@_OF_DEMO
def fetch(party_id: UUID, file: Path, of_demo: bool) -> None:
    """Write what PARTY handed in to FILE, to the byte: to read, and to sign."""
    with _door(of_demo) as (door, proof):
        found = door.call("onboarding.open", proof, party_id=str(party_id))
    write_atomically(file, str(found["content"]).encode())
    click.echo(f"{file}: SHA-256 {found['sha256']}")
    click.echo(f"Read it, and sign: databeheer oversight sign-onboarding {file} --key KEY --name NAME")


@onboarding.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@_OF_DEMO
def approve(file: Path, of_demo: bool) -> None:
    """Hand in the signatures of two people beside FILE; what it says counts from now on."""
    note = file.with_suffix(".note")
    try:
        content, signed = read_file(file, approval.LARGEST), read_file(note, approval.LARGEST)
    except LedgerError as error:
        raise click.ClickException(f"{error}: sign it first, databeheer oversight sign-onboarding") from error
    try:
        given = {"content": content.decode(), "note": signed.decode()}
    except UnicodeDecodeError as error:
        raise click.ClickException("neither is text in UTF-8: fetch it again") from error
    with _door(of_demo) as (door, proof):
        said = door.call("onboarding.approve", proof, **given)
    click.echo(f"Approved. Ledger entry {said['index']}.")


@onboarding.command()
@_PARTY
@click.option("--sha256", "hashed", required=True, help="Of what was handed in.")
@click.option("--reason", required=True, help="Why not: the party reads it.")
@click.option("--by", required=True, help="Who you are.")
@_OF_DEMO
def decline(party_id: UUID, hashed: str, reason: str, by: str, of_demo: bool) -> None:
    """Say no to what PARTY handed in."""
    with _door(of_demo) as (door, proof):
        said = door.call(
            "onboarding.decline", proof, party_id=str(party_id), sha256=hashed, reason=reason, by=by
        )
    click.echo(f"Declined. Ledger entry {said['index']}.")


@contextmanager
def _door(of_demo: bool) -> Iterator[tuple[DoorClient, Proof]]:
    home = Home.from_environment()
    home = Home(home.path / "demo") if of_demo else home
    try:
        with running(home), DoorClient(home.door_socket) as door:
            yield door, Proof.operator(home.operator_key.read_text())
    except DoorRefusedError as refusal:
        raise click.ClickException(f"{refusal.code}: {refusal}") from refusal
