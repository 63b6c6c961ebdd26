"""`databeheer handover`: everything of this house to a successor, and everything of a house from its predecessor."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from databeheer.oversight.handover import Outcome
from databeheer.site.handover.bundle import check_data, check_files
from databeheer.site.handover.taking import reopen, take_over
from databeheer.site.handover.writing import write_bundles
from databeheer.site.home import Home
from ledger.errors import LedgerError, MalformedError
from ledger.note import VerifierKey
from ledger.report import Report
from ledger.scan import Progress as ShowProgress
from ledger.vkeys import keys_of_log, parse_vkeys

_DIRECTORY = click.Path(path_type=Path, file_okay=False)
_DATA = click.option("--data", required=True, type=_DIRECTORY, help="The directory of database and ledger.")
_SECRETS = click.option("--secrets", required=True, type=_DIRECTORY, help="The directory of the keys.")
_KEY = click.option(
    "--key",
    "key_file",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="The log's `vkey`, from somebody other than who made the bundle: the regulator, or your own copy.",
)
_BY = click.option("--decided-by", required=True, help="Who decided it, for the ledger.")


@click.group("handover")
def group() -> None:
    """Hand the whole house over to a successor, or take one over (docs/how-to/hand-over.md)."""


@group.command()
@_DATA
@_SECRETS
def write(data: Path, secrets: Path) -> None:
    """Write both bundles of a house that `operator handover.begin` closed. Stop its processes first."""
    manifest = write_bundles(Home.from_environment(), data, secrets)
    click.echo(f"Written for {manifest.successor}: {manifest.size} entries, root {manifest.root}.")
    click.echo(f"SHA-256 of the manifest: {manifest.sha256}")
    click.echo("Send the two directories apart. Together they open everything.")


@group.command()
@_DATA
@click.option("--secrets", type=_DIRECTORY, help="The directory of the keys, where you have it.")
@_KEY
def check(data: Path, secrets: Path | None, key_file: Path) -> None:
    """Check a bundle and its ledger in full; changes nothing, and needs no house."""
    with _verifying() as shown:
        manifest, report = check_data(data, _keys(key_file), progress=shown)
    if secrets is not None:
        check_files(secrets, manifest.secrets)
    _say(report)
    click.echo(
        f"ok   files: {len(manifest.data)} of data"
        + (f", {len(manifest.secrets)} of secrets" if secrets else "")
    )
    click.echo(f"SHA-256 of the manifest: {manifest.sha256}")


@group.command()
@_DATA
@_SECRETS
@_KEY
@_BY
def take(data: Path, secrets: Path, key_file: Path, decided_by: str) -> None:
    """Make a house of both bundles in DATABEHEER_HOME, audit all of it, and open it by an entry of yours."""
    with _verifying() as shown:
        manifest, report = take_over(
            Home.from_environment(), data, secrets, _keys(key_file), decided_by, progress=shown
        )
    _say(report)
    click.echo(f"Taken over: {manifest.size} entries, and entry {manifest.size} says so.")
    click.echo(
        "Next: rotate the log's key and the key store, then destroy both bundles (docs/how-to/hand-over.md)."
    )


@group.command("call-off")
@_BY
@click.confirmation_option(
    prompt="Has no successor opened a house from the bundles? Two houses with one log are a split view. Go on"
)
def call_off(decided_by: str) -> None:
    """Open a closed house again, because nobody takes it over."""
    index = reopen(Home.from_environment(), Outcome.CALLED_OFF, decided_by)
    click.echo(
        f"Open again, by entry {index}. Everybody logs in again, parties fetch a new token. Destroy both bundles."
    )


def _keys(file: Path) -> list[VerifierKey]:
    try:
        return keys_of_log(parse_vkeys(file.read_text(encoding="utf-8")))
    except (MalformedError, UnicodeDecodeError) as error:
        raise click.UsageError(f"{file} holds no verifier key") from error


def _say(report: Report) -> None:
    for one in report.checks:
        click.echo(f"ok   {one.name}: {one.detail}")


@contextmanager
def _verifying() -> Iterator[ShowProgress]:
    """A bar of the entries that were verified; what does not verify ends the command with one plain line."""
    columns = (TextColumn("entries"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    try:
        with Progress(*columns, console=console, disable=not sys.stderr.isatty(), transient=True) as bar:
            task = bar.add_task("entries", total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)
    except LedgerError as error:
        click.echo(f"databeheer: {error}", err=True)
        raise click.exceptions.Exit(1) from error
