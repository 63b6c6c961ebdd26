"""`databeheer letters`: the queue of letters on paper, printed, put in the post, ordered anew.

An approval letter holds a code with which whoever has it answers in the contract holder's place; another unlocks
linking, or names a home's supplier: a file is readable for its owner alone, and is to be destroyed once it is printed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import click

from databeheer.approval_letters import words as approval
from databeheer.brussels import BRUSSELS
from databeheer.door.client import DoorClient, Proof
from databeheer.ean_codes import words as ean_code
from databeheer.home_letters import history_words as history
from databeheer.home_letters import supplier_words as supplier
from databeheer.identity.linking import words as linking
from databeheer.post.paper import Paper, as_html, as_text
from databeheer.site.home import Home
from databeheer.site.house import running
from databeheer.values import parse_day, parse_instant

_OF_DEMO = click.option("--demo", "of_demo", is_flag=True, help="In the demo's house instead of the own one.")
_IDS = click.argument("letter_ids", metavar="LETTER...", nargs=-1, type=click.UUID)
_ABOUT = {
    "supplier": "who supplies",
    "unlock": "unlocks linking",
    "ean": "tells an EAN code",
    "history": "tells a history",
}
_FORMATS = {"html": as_html, "text": as_text}


@click.group()
def letters() -> None:
    """Letters on paper, with a code or with a supplier's name: print them, and put them in the post."""


@letters.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
@_OF_DEMO
def list_letters(as_json: bool, of_demo: bool) -> None:
    """List what waits to be posted, oldest first. Names and addresses are in the letters alone."""
    with _door(of_demo) as (door, proof):
        queue = door.call("letter.list", proof)["letters"]
    if as_json:
        click.echo(json.dumps(queue, indent=2))
        return
    for one in queue:
        written = parse_instant(one["written_at"]).astimezone(BRUSSELS)
        last = parse_instant(one["expires_at"]).astimezone(BRUSSELS) - timedelta(days=1)
        printed = "printed" if one["opened_at"] else "to print"
        about = f"of {one['permission_id']}" if one["permission_id"] else _ABOUT[one["kind"]]
        numbers = f"{one['letter_id']}  {about:<39}"
        click.echo(f"{numbers}  {printed:<8}  written {written:%Y-%m-%d %H:%M}  good until {last:%Y-%m-%d}")
    click.echo(f"{len(queue)} waiting")


@letters.command("print")
@_IDS
@click.option("--all", "everything", is_flag=True, help="All that were not printed yet.")
@click.option(
    "--to",
    "folder",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to write to.",
)
@click.option("--format", "form", type=click.Choice(sorted(_FORMATS)), default="html", show_default=True)
@_OF_DEMO
def print_letters(
    letter_ids: tuple[UUID, ...], everything: bool, folder: Path, form: str, of_demo: bool
) -> None:
    """Write letters to files, a sheet each: HTML that any browser prints, or text. That you read them is recorded."""
    if bool(letter_ids) == everything:
        raise click.UsageError("name letters, or --all")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _door(of_demo) as (door, proof):
        if everything:
            queue = door.call("letter.list", proof)["letters"]
            letter_ids = tuple(UUID(one["letter_id"]) for one in queue if one["opened_at"] is None)
        for letter_id in letter_ids:
            paper = paper_of(door.call("letter.open", proof, letter_id=str(letter_id)))
            place = folder / f"brief-{letter_id}.{'html' if form == 'html' else 'txt'}"
            _write(place, _FORMATS[form](paper))
            click.echo(place)
    click.echo(f"{len(letter_ids)} written; when they are in the post: databeheer letters posted", err=True)


@letters.command()
@_IDS
@_OF_DEMO
def posted(letter_ids: tuple[UUID, ...], of_demo: bool) -> None:
    """Say that letters are in the post; their text is destroyed here. Destroy the files too."""
    if not letter_ids:
        raise click.UsageError("name letters")
    with _door(of_demo) as (door, proof):
        for letter_id in letter_ids:
            door.call("letter.posted", proof, letter_id=str(letter_id))
            click.echo(f"{letter_id}  posted")


@letters.command()
@click.argument("permission_id", type=click.UUID)
@_OF_DEMO
def write(permission_id: UUID, of_demo: bool) -> None:
    """Order a letter for a request, as where one got lost: the code of the one before is dead from now on."""
    with _door(of_demo) as (door, proof):
        written = door.call("letter.write", proof, permission_id=str(permission_id))
    click.echo(f"{written['letter_id']}  to print")


@letters.command("supplier")
@click.argument("ean")
@click.option("--case", required=True, help="The number of the caller's case: no name, no words.")
@_OF_DEMO
def ask_supplier(ean: str, case: str, of_demo: bool) -> None:
    """Write down that a caller asked who supplies EAN. A letter to that home answers, and nothing else does (R80)."""
    with _door(of_demo) as (door, proof):
        asked = door.call("letter.ask_supplier", proof, ean=ean, case=case)
    click.echo(
        f"case {asked['case']}: entry {asked['index']} of the ledger. Tell the caller that a letter answers."
    )


def paper_of(opened: dict[str, Any]) -> Paper:
    """What the door opened of a letter, written out."""
    kind, members = opened["kind"], {name: value for name, value in opened.items() if name != "kind"}
    members |= {name: parse_day(members[name]) for name in ("written", "first", "until") if name in members}
    if kind == "supplier":
        return supplier.paper(supplier.Content(**members))
    if kind == "history":
        return history.paper(history.Content(**members))
    if kind == "ean":
        return ean_code.paper(ean_code.Content(**members))
    if kind == "unlock":
        return linking.paper(linking.Content(**members))
    return approval.paper(approval.Content(**members))


@contextmanager
def _door(of_demo: bool) -> Iterator[tuple[DoorClient, Proof]]:
    home = Home.from_environment()
    home = Home(home.path / "demo") if of_demo else home
    home.require()
    with running(home), DoorClient(home.door_socket) as door:
        yield door, Proof.operator(home.operator_key.read_text())


def _write(place: Path, text: str) -> None:
    """Write a file that its owner alone can read, from its first byte on."""
    descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(descriptor, 0o600)
        file.write(text)
