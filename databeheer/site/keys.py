"""`databeheer keys`: how the key store is kept, its rotation, and its custody among people."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from databeheer.door.client import DoorClient, Proof
from databeheer.door.custodians import recover_key, split_key
from databeheer.errors import ConflictError
from databeheer.site.home import Home
from databeheer.site.house import door_answers, running

_OF_DEMO = click.option("--demo", "of_demo", is_flag=True, help="In the demo's house instead of the own one.")


@click.group()
def keys() -> None:
    """The key store: its rotation, and its shares among custodians (docs/how-to/keys.md)."""


@keys.command()
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
@_OF_DEMO
def status(as_json: bool, of_demo: bool) -> None:
    """Say which epoch is in force, whether its key was split, and how far a rotation is."""
    home = _home(of_demo)
    with running(home), DoorClient(home.door_socket) as door:
        answer = _call(door, home, "key_rotation.status")
    if as_json:
        click.echo(json.dumps(answer, indent=2, ensure_ascii=False))
        return
    click.echo(f"epoch {answer['epoch']}, {answer['keys']} keys")
    custody = answer["custody"]
    if custody is None:
        click.echo("its key was not split: nobody gives it back if it is lost (databeheer keys split)")
    else:
        click.echo(f"any {custody['needed']} of {custody['shares']} shares give its key back")
    if answer["rotation"] is not None:
        click.echo(_said(answer["rotation"]))
    _tell_copies(answer["destroy"])


@keys.command()
@click.option("--by", required=True, help="Who you are; somebody else than who asked begins it.")
@click.option("--reason", help="Why: asks for a rotation, which somebody else then begins.")
@_OF_DEMO
def rotate(by: str, reason: str | None, of_demo: bool) -> None:
    """Bring every key under a new epoch key while the house runs, and destroy the old one.

    With --reason it asks, and nothing else happens yet. Without, by somebody else, it begins; given again by anybody it
    goes on where it was broken off.
    """
    home = _home(of_demo)
    with running(home), DoorClient(home.door_socket) as door:
        if reason is not None:
            _call(door, home, "key_rotation.ask", by=by, reason=reason)
            also = " --demo" if of_demo else ""
            click.echo(f"Asked. Somebody else begins it: databeheer keys rotate{also} --by NAME")
            return
        known = _call(door, home, "key_rotation.status")["rotation"]
        if known is None or known["state"] == "asked":
            _call(door, home, "key_rotation.begin", by=by)
        done = _step_through(door, home)
    click.echo(f"Epoch {done['epoch_begun']} is in force, {done['total']} keys came along.")
    click.echo(f"Epoch {done['epoch_ended']} is destroyed. Ledger entry {done['index']}.")
    click.echo("Custodians' shares of before open nothing here any more: databeheer keys split")
    _tell_copies(done["destroy"])


@keys.command()
@click.option("--needed", required=True, type=click.IntRange(2), help="How many shares give the key back.")
@click.option(
    "--to", "folder", required=True, type=click.Path(path_type=Path), help="A new directory for the shares."
)
@click.argument("custodians", nargs=-1, required=True)
@_OF_DEMO
def split(needed: int, folder: Path, custodians: tuple[str, ...], of_demo: bool) -> None:
    """Split the epoch key into one printable share for each of CUSTODIANS, of which --needed give it back.

    Under the door's account. Each share is in the ledger before it is in the world.
    """
    if len({" ".join(name.split()).casefold() for name in custodians}) < len(custodians):
        raise click.UsageError("a custodian is named twice; nobody holds two shares")
    if needed > len(custodians):
        raise click.UsageError(f"{needed} shares are needed, and {len(custodians)} custodians are named")
    if folder.exists():
        raise click.UsageError(f"{folder} is there already; the shares go into a directory of their own")
    home = _home(of_demo)
    count = len(custodians)
    with running(home), DoorClient(home.door_socket) as door:
        for number, custodian in enumerate(custodians, start=1):
            place = f"share {number} of {count}, any {needed} of which give the key back"
            _call(door, home, "key_copy.made", custodian=custodian, place=place)
    texts = split_key(home.keys, os.environ, needed, count)
    folder.mkdir(mode=0o700, parents=True)
    for number, (custodian, text) in enumerate(zip(custodians, texts, strict=True), start=1):
        descriptor = os.open(folder / f"share-{number}.txt", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(f"For {custodian}\n\n{text}")
            file.flush()
            os.fsync(file.fileno())
    click.echo(f"{count} shares are in {folder}. Print each for its custodian, then destroy the files.")
    click.echo("Shares of an earlier split are good for nothing here; have them destroyed.")


@keys.command()
@click.option("--by", required=True, help="Who puts the key back.")
@click.argument(
    "shares", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@_OF_DEMO
def recover(by: str, shares: tuple[Path, ...], of_demo: bool) -> None:
    """Put the epoch key back from SHARES, files with what was printed; into the token, where one is named.

    The door does not run. Wrong, mixed, doubled, forged or too few shares change nothing.
    """
    home = _home(of_demo)
    home.require()
    if door_answers(home.door_socket):
        raise ConflictError("the door runs: its key store opens, and nothing is to be recovered")
    texts = [file.read_text(encoding="utf-8", errors="replace")[:10_000] for file in shares]
    count, numbers = recover_key(home.keys, os.environ, texts)
    click.echo(f"The key store opens again: {count} keys.")
    with running(home), DoorClient(home.door_socket) as door:
        said = _call(
            door, home, "key_rotation.recovered", by=by, shares=", ".join(str(number) for number in numbers)
        )
    click.echo(
        f"Ledger entry {said['index']}. The shares were together in one place: rotate, and split anew."
    )


def _step_through(door: DoorClient, home: Home) -> dict[str, Any]:
    with _progress() as bar:
        task = bar.add_task("keys", total=None)
        while (answer := _call(door, home, "key_rotation.step"))["state"] != "finished":
            bar.update(task, completed=answer["done"], total=answer["total"])
    return answer


def _call(door: DoorClient, home: Home, command: str, **arguments: Any) -> dict[str, Any]:
    return door.call(command, Proof.operator(home.operator_key.read_text()), **arguments)


def _said(rotation: dict[str, Any]) -> str:
    if rotation["state"] == "asked":
        return f"a rotation was asked for by {rotation['asked_by']}; somebody else begins it"
    if "done" not in rotation:
        return "a rotation is through but for its entry: databeheer keys rotate --by NAME"
    return (
        f"a rotation away from epoch {rotation['epoch_ended']} is under way: {rotation['done']} of"
        f" {rotation['total']} keys"
    )


def _tell_copies(copies: list[dict[str, Any]]) -> None:
    for copy in copies:
        click.echo(
            f"to be destroyed: {copy['custodian']}, {copy['place']} (epoch {copy['epoch']}, {copy['copy_id']})"
        )


def _progress() -> Progress:
    """A bar on a terminal, nothing elsewhere."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True)


def _home(of_demo: bool) -> Home:
    home = Home.from_environment()
    return Home(home.path / "demo") if of_demo else home
