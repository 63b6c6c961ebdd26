"""`databeheer batch`: take head-end batches in, and show what came of one."""

from __future__ import annotations

import json
import os
import sys
from base64 import b64encode
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
from databeheer.metering.batches.problems import BatchRefusedError
from databeheer.metering.batches.report import Outcome, as_text
from databeheer.metering.batches.taking import take_batch
from databeheer.metering.batches.transport import seal_batch
from databeheer.site import batch_reports, transport_keys
from databeheer.site.home import Home
from databeheer.site.house import running
from databeheer.storage.engine import make_engine

_OF_DEMO = click.option("--demo", "of_demo", is_flag=True, help="In the demo's house instead of the own one.")
_AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")


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
    transport = transport_keys.transport_of(home, of_demo=of_demo, environment=os.environ)
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
            transport=transport,
        )
        engine.dispose()
    if report.batch:
        batch_reports.keep(home, report)
    click.echo(report.to_json() if as_json else as_text(report.members()))
    raise click.exceptions.Exit(1 if report.outcome is Outcome.REFUSED else 0)


@batch.command("key")
@click.option("--change", is_flag=True, help="Make a new key; the present one serves on beside it.")
@click.option("--forget", is_flag=True, help="Destroy the key before: what was sealed to it opens no more.")
def key(change: bool, forget: bool) -> None:
    """Print the public key that head-ends seal batches to."""
    home = Home.from_environment()
    home.require()
    if forget and not transport_keys.forget_before(home):
        raise click.ClickException("there is no key before")
    public = transport_keys.change_key(home) if change else transport_keys.public_key(home)
    click.echo(b64encode(bytes(public)).decode())


@batch.command("sender")
@click.argument("name", required=False)
@click.argument("public_key", required=False)
@click.option(
    "--operator",
    "operators",
    multiple=True,
    type=click.IntRange(1, 32_000),
    default=(1,),
    show_default=True,
    help="The number of a grid operator whose meters it reads; may be given more than once.",
)
@click.option("--remove", is_flag=True, help="Take its key away: it sends no more.")
def sender(name: str | None, public_key: str | None, operators: tuple[int, ...], remove: bool) -> None:
    """Register the public key of a head-end (what `batch seal` prints), by the NAME that its manifests bear.

    Key and operators take the place of those before. Without NAME it lists who may send: name, key, operators.
    """
    home = Home.from_environment()
    home.require()
    if name is None and not remove:
        for known, one in transport_keys.senders(home).items():
            grids = " ".join(map(str, sorted(one.operators)))
            click.echo(f"{known} {b64encode(bytes(one.key)).decode()} {grids}")
        return
    if name is None or remove == (public_key is not None):
        raise click.UsageError("give the head-end's name with its public key, or with --remove")
    if public_key is not None:
        was = transport_keys.add_sender(home, name, public_key, operators)
        click.echo(
            f"{name} sends with this key from now on" + (", in place of the one before" if was else "")
        )
    elif not transport_keys.remove_sender(home, name):
        raise click.ClickException("no key of this sender is registered here")


@batch.command("seal")
@click.argument("place", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("into", metavar="INTO", type=click.Path(path_type=Path))
@click.option("--to", "recipient", required=True, help="Intake's public key, as `batch key` prints it.")
@click.option(
    "--key", "own", required=True, type=click.Path(path_type=Path), help="File of the head-end's own key."
)
def seal(place: Path, into: Path, recipient: str, own: Path) -> None:
    """At the head-end: seal and sign the batch in DIR into another directory, INTO.

    Prints the public half of the head-end's key, for `batch sender`; the key is made where there is none.
    """
    signing = transport_keys.sender_key(own)
    try:
        seal_batch(place, into, transport_keys.parse_recipient(recipient), signing)
    except BatchRefusedError as error:
        raise click.ClickException(str(error)) from error
    click.echo(b64encode(bytes(signing.verify_key)).decode())


@batch.command("report")
@click.argument("name", metavar="BATCH")
@click.option("--sender", "of_sender", help="Its head-end, where more than one sent a batch of this number.")
@_AS_JSON
@_OF_DEMO
def show(name: str, of_sender: str | None, as_json: bool, of_demo: bool) -> None:
    """Show what came of the newest attempt at a batch, by its number."""
    home = _home(of_demo)
    home.require()
    try:
        content = batch_reports.find(home, name, of_sender).read_text()
    except LookupError as error:
        raise click.ClickException(str(error)) from error
    click.echo(content if as_json else as_text(json.loads(content)))


@batch.command("list")
@click.option(
    "--limit", default=20, show_default=True, type=click.IntRange(1, 1000), help="How many at most."
)
@_OF_DEMO
def listing(limit: int, of_demo: bool) -> None:
    """List the newest attempts at batches, a line each: when, whose, number, what came of it, rows."""
    home = _home(of_demo)
    home.require()
    newest = batch_reports.newest(home, limit)
    for one in newest:
        problem = f" ({one['problem']})" if one["problem"] else ""
        click.echo(
            f"{one['at']} {one['sender']} {one['batch']}: {one['outcome']}{problem}, {one['rows']} rows"
        )
    if not newest:
        click.echo("no batch came yet", err=True)


def _home(of_demo: bool) -> Home:
    home = Home.from_environment()
    return Home(home.path / "demo") if of_demo else home


def _progress() -> Progress:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True)
