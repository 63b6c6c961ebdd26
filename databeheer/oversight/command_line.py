"""`databeheer oversight`: check an audit, sign joins, a record of necessity or an onboarding; outside the house."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

import click

from databeheer.access import catalogue
from databeheer.joins import necessity
from databeheer.joins.cases import JoinListError
from databeheer.joins.confirmation import confirm
from databeheer.joins.lists import LARGEST
from databeheer.joins.signature import sign
from databeheer.onboarding import approval
from databeheer.oversight.content_audit import Report, audit
from ledger.checkpoint import open_checkpoint
from ledger.commands.inputs import FAILS, HOLDS, MISUSED, UNREACHABLE, plain, read_file, read_keys
from ledger.errors import LedgerError, MalformedError, UnreachableError
from ledger.files import write_atomically
from ledger.note import SigningKey
from ledger.sources import open_source
from ledger.tiles import MAX_CHECKPOINT_LENGTH

_MAX_FILE = 1 << 30
_SHOWN = 20
_NAME = 100


@click.group()
def oversight() -> None:
    """For the regulator, on a machine of its own."""


@oversight.command("audit")
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("log")
@click.option("--key", "keys", multiple=True, required=True, help="The log's verifier key, or where it is.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def audit_file(file: Path, log: str, keys: tuple[str, ...], as_json: bool) -> None:
    """Check FILE, an audit downloaded from /toezicht/inzage, against LOG: a web address or a directory.

    Exit status 0: every read by consent had its permission, and nothing is lost; 1: not so; 2: no audit, or wrong
    use; 3: the log is not reachable.
    """
    try:
        report, names = _audit(file, log, keys)
    except UnreachableError as error:
        click.echo(f"the log does not answer: {error}", err=True)
        raise click.exceptions.Exit(UNREACHABLE) from error
    except MalformedError as error:
        click.echo(str(error), err=True)
        raise click.exceptions.Exit(MISUSED) from error
    except LedgerError as error:
        click.echo(f"FAIL the log: {error}", err=True)
        raise click.exceptions.Exit(FAILS) from error
    if as_json:
        click.echo(json.dumps(report.to_dict(), indent=2))
    else:
        _print(report, names)
    raise click.exceptions.Exit(HOLDS if report.holds else FAILS)


@oversight.command("sign-joins")
@click.argument("joins", metavar="LIST", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--key", "seed", required=True, type=click.Path(path_type=Path), help="File of your own key.")
@click.option("--name", required=True, help="Your name on signatures, as regulator.example/joins.")
def sign_joins(joins: Path, seed: Path, name: str) -> None:
    """Sign LIST, a list of lawful joins, into a `.note` beside it; prints your verifier key, for the house.

    The key is made where there is none. A list that is malformed is not signed.
    """
    try:
        key = SigningKey(name, _seed(seed))
        note = sign(read_file(joins, LARGEST), key)
    except (JoinListError, LedgerError) as error:
        raise click.ClickException(str(error)) from error
    write_atomically(joins.with_suffix(".note"), note)
    click.echo(key.vkey)


@oversight.command("confirm-joins")
@click.argument("joins", metavar="LIST", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--address", required=True, help="Where the regulator publishes it, https://…")
@click.option("--key", "seed", required=True, type=click.Path(path_type=Path), help="File of your own key.")
@click.option(
    "--name",
    required=True,
    help="The number that you sign under, as house.example/signer-1: everybody reads it.",
)
def confirm_joins(joins: Path, address: str, seed: Path, name: str) -> None:
    """Confirm that LIST is published by the regulator at an address, in a `.note` beside it; prints your verifier key.

    For two people of the house, where the regulator signs none: the second signs beside the first.
    """
    note = joins.with_suffix(".note")
    try:
        key = SigningKey(name, _seed(seed))
        before = read_file(note, LARGEST) if note.exists() else None
        signed = confirm(read_file(joins, LARGEST), address, before, key)
    except (JoinListError, LedgerError) as error:
        raise click.ClickException(str(error)) from error
    write_atomically(note, signed)
    click.echo(key.vkey)


@oversight.command("sign-necessity")
@click.argument("record", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--key", "seed", required=True, type=click.Path(path_type=Path), help="File of your own key.")
@click.option(
    "--name",
    required=True,
    help="The number that you sign under, as house.example/signer-1: everybody reads it.",
)
def sign_necessity(record: Path, seed: Path, name: str) -> None:
    """Sign RECORD, one join that a legal duty makes necessary, into a `.note` beside it; prints your verifier key.

    For two people of the house: the second signs beside the first. The key is made where there is none.
    """
    note = record.with_suffix(".note")
    try:
        key = SigningKey(name, _seed(seed))
        before = read_file(note, necessity.LARGEST) if note.exists() else None
        signed = necessity.sign(read_file(record, necessity.LARGEST), before, key)
    except (necessity.NecessityError, LedgerError) as error:
        raise click.ClickException(str(error)) from error
    write_atomically(note, signed)
    click.echo(key.vkey)


@oversight.command("sign-onboarding")
@click.argument("dossier", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--key", "seed", required=True, type=click.Path(path_type=Path), help="File of your own key.")
@click.option(
    "--name",
    required=True,
    help="The number that you sign under, as house.example/signer-1: everybody reads it.",
)
def sign_onboarding(dossier: Path, seed: Path, name: str) -> None:
    """Sign DOSSIER, what a party handed in, into a `.note` beside it; prints your verifier key.

    For two people of the house: the second signs beside the first. The key is made where there is none.
    """
    note = dossier.with_suffix(".note")
    try:
        key = SigningKey(name, _seed(seed))
        before = read_file(note, approval.LARGEST) if note.exists() else None
        signed = approval.sign(read_file(dossier, approval.LARGEST), before, key)
    except (approval.ApprovalError, LedgerError) as error:
        raise click.ClickException(str(error)) from error
    write_atomically(note, signed)
    click.echo(key.vkey)


def _seed(path: Path) -> bytes:
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(32))
    try:
        seed = bytes.fromhex(path.read_text().strip())
    except ValueError as error:
        raise MalformedError(f"{path} holds no key: 32 bytes in hexadecimal digits") from error
    if len(seed) != 32:
        raise MalformedError(f"{path} holds no key: 32 bytes in hexadecimal digits")
    return seed


def _audit(file: Path, log: str, keys: tuple[str, ...]) -> tuple[Report, dict[str, str]]:
    source = open_source(log)
    verifiers = read_keys(keys)
    checkpoint = open_checkpoint(source.fetch("checkpoint", MAX_CHECKPOINT_LENGTH), verifiers)
    try:
        document = json.loads(read_file(file, _MAX_FILE))
    except (ValueError, RecursionError) as error:
        raise MalformedError(f"{file} is not JSON") from error
    report = audit(document, source, checkpoint, catalogue.load())
    return report, _names(document.get("parties"))


def _names(told: object) -> dict[str, str]:
    """What the file calls the parties. The log does not say it: names are to read by, ids are what was checked."""
    if not isinstance(told, dict):
        return {}
    return {party: plain(name)[:_NAME] for party, name in told.items() if isinstance(name, str)}


def _print(report: Report, names: dict[str, str]) -> None:
    click.echo(f"{report.checked} entries opened, each in the log of {report.size} that was signed")
    if report.times:
        click.echo(f"the first is of {report.times[0]}, the last of {report.times[1]}")
    for start, stop in report.not_shown:
        click.echo(f"not shown: entries {start} to {stop - 1}, and whether any of them is of the days asked")
    if not report.checked:
        click.echo("nothing was given, so nothing was checked")
    for (event, ground, party), count in sorted(report.counts.items()):
        click.echo(f"  {count:>8}  {event:<14} {ground:<28} {names.get(party, party) or '-'}")
    click.echo(f"{report.reads_by_consent} reads by consent, {len(report.findings)} findings")
    if report.untold:
        click.echo(
            f"     {report.untold} more of reads in bulk, told to nobody: whose they are was erased before, it says"
        )
    for finding in report.findings[:_SHOWN]:
        click.echo(f"FAIL entry {finding.index}: {finding.code}")
    for index in report.lost[:_SHOWN]:
        click.echo(f"FAIL entry {index}: its body is lost")
    for gone in report.erased[:_SHOWN]:
        click.echo(f"     entry {gone.index}: erased ({gone.erased.reason}, see entry {gone.erased.index})")
    hidden = max(len(report.findings), len(report.lost), len(report.erased)) - _SHOWN
    if hidden > 0:
        click.echo("     and more; --json gives all")
