"""`databeheer mandates`: what parties brought along from another hub, the papers of its samples, and their judgment.

A paper is a signed document of a customer: the file is readable for its owner alone, and is to be destroyed once it is
judged.
"""

from __future__ import annotations

import json
import os
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import click

from databeheer.brussels import BRUSSELS
from databeheer.clock import SystemClock
from databeheer.door.client import DoorClient, Proof
from databeheer.mandate_imports import file as files
from databeheer.mandate_imports.sampling import ranked
from databeheer.site.home import Home
from databeheer.site.house import running
from databeheer.values import parse_instant

_OF_DEMO = click.option("--demo", "of_demo", is_flag=True, help="In the demo's house instead of the own one.")
_IMPORT = click.argument("import_id", metavar="IMPORT", type=click.UUID)
_PERMISSION = click.argument("permission_id", metavar="PERMISSION", type=click.UUID)
_BY = click.option("--by", required=True, help="Who judges: a name of the house.")
_SEED_LENGTH = 64
VERDICTS = ("good", "not-good")


@click.group()
def mandates() -> None:
    """Mandates that parties bring along from another hub: samples, papers, judgment."""


@mandates.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
@_OF_DEMO
def list_imports(as_json: bool, of_demo: bool) -> None:
    """List the files that were taken, newest first: how far each is, and until when its papers are due."""
    with _door(of_demo) as (door, proof):
        found = door.call("mandate_import.list", proof)["imports"]
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    for one in found:
        due = ""
        if one["state"] == "sampled":
            last = parse_instant(one["sample"]["due_at"]).astimezone(BRUSSELS) - timedelta(days=1)
            due = f"  {len(one['sample']['lines'])} papers due on {last:%Y-%m-%d}"
        why = f"  {one['held_reason']}" if one["held_reason"] else ""
        click.echo(f"{one['import_id']}  of {one['party_id']}  {one['rows']} rows  {one['state']}{due}{why}")
    click.echo(f"{len(found)} files")


@mandates.command()
@_IMPORT
@click.option("--drawn", "only_drawn", is_flag=True, help="Only the lines of the sample.")
@_OF_DEMO
def show(import_id: UUID, only_drawn: bool, of_demo: bool) -> None:
    """Show what became of each line of a file: line, permission, state, and whether its paper came."""
    after, more = 0, True
    with _door(of_demo) as (door, proof):
        while more:
            page = door.call("mandate_import.rows", proof, import_id=str(import_id), after_line=after)
            for row in page["rows"]:
                if only_drawn and not row["is_drawn"]:
                    continue
                came = "paper came" if row["handed_in_at"] else "paper due" if row["is_drawn"] else ""
                number = row["permission_id"] or "not announced"
                click.echo(f"{row['line']:>5}  {number:<36}  {row['state']:<14}{came}".rstrip())
            after, more = page["next_line"] or 0, page["next_line"] is not None


@mandates.command("open")
@_PERMISSION
@click.option(
    "--to",
    "place",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write the paper to.",
)
@_OF_DEMO
def open_paper(permission_id: UUID, place: Path, of_demo: bool) -> None:
    """Write a paper that came to a file, to look at the signature. That you look is recorded."""
    with _door(of_demo) as (door, proof):
        opened = door.call("mandate.open", proof, permission_id=str(permission_id))
    _write(place, b64decode(opened["document"]))
    click.echo(f"{place}  then: databeheer mandates judge {permission_id} good|not-good --by NAME")


@mandates.command()
@_PERMISSION
@click.argument("verdict", type=click.Choice(VERDICTS))
@_BY
@_OF_DEMO
def judge(permission_id: UUID, verdict: str, by: str, of_demo: bool) -> None:
    """Judge a paper; it is destroyed here then. One that is not good holds its whole file."""
    is_good = verdict == VERDICTS[0]
    with _door(of_demo) as (door, proof):
        door.call("mandate.check", proof, permission_id=str(permission_id), accepted=is_good, checked_by=by)
    click.echo(f"{permission_id}  {verdict}")


@mandates.command()
@_IMPORT
@_BY
@click.option("--reason", required=True, help="Why another sample is drawn; recorded, and its party sees it.")
@_OF_DEMO
def release(import_id: UUID, by: str, reason: str, of_demo: bool) -> None:
    """Let another, larger sample be drawn of a file that is held. What failed stays out."""
    with _door(of_demo) as (door, proof):
        door.call("mandate_import.release", proof, import_id=str(import_id), by=by, reason=reason)
    click.echo(f"{import_id}  is drawn from again at the next beat")


@mandates.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--seed", required=True, help="Leaf hash of the entry `seed_index`, 64 hexadecimal digits.")
@click.option("--round", "round_no", default=1, show_default=True, type=click.IntRange(1, 1000))
def sample(file: Path, seed: str, round_no: int) -> None:
    """Print the lines of a file in the order in which the ledger draws them; needs no house, only the file.

    Of a later round, leave out the lines that were drawn before and those that their customers answered.
    """
    try:
        raw = bytes.fromhex(seed)
    except ValueError as error:
        raise click.UsageError("--seed is 64 hexadecimal digits") from error
    if len(seed) != _SEED_LENGTH:
        raise click.UsageError("--seed is 64 hexadecimal digits")
    content = file.read_bytes()
    digest = files.sha256_of(content)
    lines = [row.line for row in files.read(content, SystemClock().now())]
    click.echo(" ".join(str(line) for line in ranked(raw, digest, round_no, lines)))
    click.echo(f"SHA-256 of the file: {digest.hex()}", err=True)


@contextmanager
def _door(of_demo: bool) -> Iterator[tuple[DoorClient, Proof]]:
    home = Home.from_environment()
    home = Home(home.path / "demo") if of_demo else home
    home.require()
    with running(home), DoorClient(home.door_socket) as door:
        yield door, Proof.operator(home.operator_key.read_text())


def _write(place: Path, content: bytes) -> None:
    """Write a file that its owner alone can read, from its first byte on."""
    descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as opened:
        os.fchmod(opened.fileno(), 0o600)
        opened.write(content)
