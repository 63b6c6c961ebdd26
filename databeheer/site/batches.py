"""`databeheer batch`: take head-end batches in, and show what came of one."""

from __future__ import annotations

import json
import os
import re
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
from databeheer.metering.batches.report import BatchReport, Outcome, as_text
from databeheer.metering.batches.taking import take_batch
from databeheer.metering.batches.transport import seal_batch
from databeheer.site import transport_keys
from databeheer.site.home import Home
from databeheer.site.house import running
from databeheer.storage.engine import make_engine

_OF_DEMO = click.option("--demo", "of_demo", is_flag=True, help="In the demo's house instead of the own one.")
_AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


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
        _keep(home, report)
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
@click.argument("name")
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
def sender(name: str, public_key: str | None, operators: tuple[int, ...], remove: bool) -> None:
    """Register the public key of a head-end, by the name that its manifests bear, and whose meters it reads."""
    home = Home.from_environment()
    home.require()
    if remove == (public_key is not None):
        raise click.UsageError("give the head-end's public key, or --remove")
    if public_key is not None:
        transport_keys.add_sender(home, name, public_key, operators)
    elif not transport_keys.remove_sender(home, name):
        raise click.ClickException("no key of this sender is registered here")


@batch.command("seal")
@click.argument("place", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("into", metavar="INTO", type=click.Path(path_type=Path))
@click.option("--to", "recipient", required=True, help="Intake's public key.")
@click.option("--key", "own", required=True, type=click.Path(path_type=Path), help="The head-end's own key.")
def seal(place: Path, into: Path, recipient: str, own: Path) -> None:
    """At the head-end: seal and sign a batch; prints the public half of its key, which is made where there is none."""
    signing = transport_keys.sender_key(own)
    try:
        seal_batch(place, into, transport_keys.parse_recipient(recipient), signing)
    except BatchRefusedError as error:
        raise click.ClickException(str(error)) from error
    click.echo(b64encode(bytes(signing.verify_key)).decode())


@batch.command("report")
@click.argument("name", metavar="BATCH")
@click.option("--sender", default="*", help="Whose batch, where several senders have one of this number.")
@_AS_JSON
@_OF_DEMO
def show(name: str, sender: str, as_json: bool, of_demo: bool) -> None:
    """Show what came of the newest attempt at a batch, by its number."""
    if not _NAME.fullmatch(name) or not (sender == "*" or _NAME.fullmatch(sender)):
        raise click.UsageError("that is no number of a batch, or no name of a sender")
    home = _home(of_demo)
    home.require()
    found = sorted(_place(home, name, "x").parent.glob(f"{name}@{sender}.json"))
    if not found:
        raise click.ClickException("no batch of this number was taken in here")
    if len(found) > 1:
        senders = ", ".join(path.stem.partition("@")[2] for path in found)
        raise click.ClickException(f"several senders have a batch of this number, name one: {senders}")
    content = found[0].read_text()
    click.echo(content if as_json else as_text(json.loads(content)))


def _home(of_demo: bool) -> Home:
    home = Home.from_environment()
    return Home(home.path / "demo") if of_demo else home


def _place(home: Home, name: str, sender: str) -> Path:
    # Each sender numbers its own.
    return home.path / "batches" / f"{name}@{sender}.json"


def _keep(home: Home, report: BatchReport) -> None:
    """Keep the report, in place of that of an earlier attempt."""
    path = _place(home, report.batch, report.sender)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    fresh = path.with_suffix(".part")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(report.to_json())
    fresh.replace(path)


def _progress() -> Progress:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True)
