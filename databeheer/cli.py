"""The command line `databeheer`: the demo, intake, and the operator's commands.

Exit status: 0 done, 1 refused or failed, 2 a wrong call or a file that cannot be taken in (nothing changed).
"""

from __future__ import annotations

import json
import os
import sys
from functools import partial
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from databeheer.clock import SystemClock
from databeheer.door.client import DoorClient, Proof
from databeheer.errors import DatabeheerError
from databeheer.metering.exports import ExportFile, IntakeError, read_export
from databeheer.metering.intake import FutureDaysError, IntakeReport, UnknownAccessPointError, take_in
from databeheer.oversight.command_line import oversight
from databeheer.site.batches import batch
from databeheer.site.command_line import clocks, explain
from databeheer.site.credit import credit
from databeheer.site.drill.command_line import group as drill
from databeheer.site.handover.command_line import group as handover
from databeheer.site.home import Home
from databeheer.site.house import running
from databeheer.site.joins import joins
from databeheer.site.keys import keys
from databeheer.site.letters import letters
from databeheer.site.login import login
from databeheer.site.mandates import mandates
from databeheer.site.onboarding import onboarding
from databeheer.site.plan import plan
from databeheer.site.rights import rights
from databeheer.site.sandbox import sandbox
from databeheer.site.statistics import statistics
from databeheer.site.supply_quality import supply_quality
from databeheer.storage.engine import make_engine
from ledger.errors import LedgerError, NotPublishedError
from ledger.report import Report

_TO_STDERR = Console(stderr=True)


_OF_DEMO = click.option("--demo", "of_demo", is_flag=True, help="In the demo's house instead of the own one.")


def _home(of_demo: bool) -> Home:
    """The house that a command is for; the demo has one of its own, inside the same directory."""
    home = Home.from_environment()
    return Home(home.path / "demo") if of_demo else home


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Databeheer: software for the Flemish energy data manager."""


@cli.command()
@click.option(
    "--port",
    default=8000,
    show_default=True,
    type=click.IntRange(1, 65535),
    help="Port of 127.0.0.1 to serve on.",
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object with URL, log-ins and credentials."
)
@click.option(
    "--data",
    "files",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Your own Mijn Fluvius export (may be given more than once).",
)
@click.argument("more_files", nargs=-1, type=click.Path(path_type=Path))
def demo(port: int, as_json: bool, files: tuple[Path, ...], more_files: tuple[Path, ...]) -> None:
    """Run the demo: a street, five parties, a ledger, on http://127.0.0.1:8000. Ctrl-C ends it; its data stay."""
    from databeheer.demo import running as demo_running

    def say(text: str) -> None:
        click.echo(text, err=True)

    def announce(description: dict[str, Any]) -> None:
        if as_json:
            click.echo(json.dumps(description))
            sys.stdout.flush()
            return
        say(f"\nKlaar. Open {description['url']} in uw browser.")
        say("Daar vindt u drie deuren: klant, energiedienst en toezichthouder.")
        say("Ctrl-C sluit af; uw demo blijft bewaard.")

    status = demo_running.run(_home(of_demo=True), port, [*files, *more_files], say, announce)
    raise click.exceptions.Exit(status)


@cli.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--register", is_flag=True, help="Register unknown access points, as vacant ones.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@_OF_DEMO
def ingest(files: tuple[Path, ...], register: bool, as_json: bool, of_demo: bool) -> None:
    """Take Mijn Fluvius exports in. A file is taken whole or not at all; the same file twice changes nothing."""
    exports = [read_export(file) for file in files]  # all are read before any is stored
    home = _home(of_demo)
    if not home.exists():
        click.echo(f"A new house is made in {home.path}", err=True)
    reports: list[IntakeReport] = []
    with running(home, may_make=True) as storage, DoorClient(home.door_socket) as door, _progress() as bar:
        engine = make_engine(storage.url("intake"), pool_size=1)
        key = home.intake_key.read_text()
        _refuse_unknown(door, key, exports, files, register=register)
        for number, export in enumerate(exports, start=1):
            task = bar.add_task(f"file {number} of {len(exports)}", total=len(export.days))
            reports.append(
                take_in(
                    export,
                    door,
                    key,
                    engine,
                    register=register,
                    progress=partial(_advance, bar, task),
                )
            )
        engine.dispose()
    if as_json:
        click.echo(json.dumps([_as_json(report) for report in reports], ensure_ascii=False))
    else:
        for report in reports:
            _print_report(report)


def _refuse_unknown(
    door: DoorClient, key: str, exports: list[ExportFile], files: tuple[Path, ...], *, register: bool
) -> None:
    """Refuse before anything is stored where a file speaks of an access point that is not registered."""
    if register:
        return
    eans = sorted({ean.digits for export in exports for ean in export.points})
    if not door.call("intake.known", Proof.intake(key), eans=eans)["all_known"]:
        names = " ".join(f'"{file}"' for file in files)
        raise UnknownAccessPointError(
            "an access point in these files is not registered; nothing was stored. To register it as a vacant one:\n"
            f"    databeheer ingest --register {names}"
        )


def _progress() -> Progress:
    """A bar on a terminal, nothing elsewhere."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=_TO_STDERR, disable=not sys.stderr.isatty(), transient=True)


def _advance(bar: Progress, task: TaskID, done: int, total: int) -> None:
    bar.update(task, completed=done, total=total)


def _as_json(report: IntakeReport) -> dict[str, Any]:
    export = report.file
    return {
        "file": export.name,
        "rows": export.rows,
        "days": len({day.day for day in export.days}),
        "first": export.first_day.isoformat(),
        "last": export.last_day.isoformat(),
        "totals": [
            {
                "register": total.register,
                "unit": _unit(total.unit.value),
                "total": _decimal(total.thousandths),
            }
            for total in export.totals
        ],
        "slots_on_unusual_days": _unusual_days(export),
        "changed": {
            "new_channel_days": report.new_days,
            "corrected_channel_days": report.corrected_days,
            "unchanged_channel_days": report.unchanged_days,
            "kept_channel_days": report.kept_days,
            "erased_channel_days": report.erased_days,
        },
        "ledger_index": report.ledger_index,
    }


def _print_report(report: IntakeReport) -> None:
    export = report.file
    days = len({day.day for day in export.days})
    click.echo(f"{export.name}")
    click.echo(f"  {export.rows} rows, {days} days, {export.first_day} to {export.last_day}")
    for total in export.totals:
        click.echo(f"  {total.register:<20} {_decimal(total.thousandths):>14} {_unit(total.unit.value)}")
    for day, count in _unusual_days(export).items():
        click.echo(f"  {day} has {count} slots: the clock changed")
    if report.changed:
        click.echo(
            f"  stored: {report.new_days} new channel-days, {report.corrected_days} corrected, "
            f"{report.unchanged_days} unchanged; ledger entry {report.ledger_index}"
        )
    if report.kept_days:
        click.echo(f"  kept: {report.kept_days} channel-days of which more is stored than this file has")
    if report.erased_days:
        click.echo(f"  not stored: {report.erased_days} channel-days whose readings were erased")
    if not report.changed:
        click.echo("  no change: everything in this file is stored already")


def _unusual_days(export: ExportFile) -> dict[str, int]:
    """Days with another number of slots than 96 or 24: the clock changes."""
    return {
        day.day.isoformat(): len(day.values)
        for day in export.days
        if day.slot_minutes in (15, 60) and len(day.values) not in (96, 24)
    }


def _unit(unit: str) -> str:
    return "m³" if unit == "m3" else unit


def _decimal(thousandths: int) -> str:
    return f"{thousandths // 1000}.{thousandths % 1000:03}"


@cli.command()
@click.argument("command")
@click.argument("arguments", nargs=-1)
@_OF_DEMO
def operator(command: str, arguments: tuple[str, ...], of_demo: bool) -> None:
    """Give the door a command as the operator: `databeheer operator registry.party.add name="Zon" role=energy_service`.

    Each argument is NAME=VALUE; a value is JSON where it parses as such, else text; @FILE is the text of a file.
    The commands and their arguments are listed in docs/how-to/operate.md.
    """
    given: dict[str, Any] = {}
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if not equals:
            raise click.UsageError(f"{argument!r} is not NAME=VALUE")
        if value.startswith("@"):
            given[name] = _content_of(value[1:])
            continue
        try:
            # Digits stay text: an EAN is not a number.
            given[name] = value if value.isdigit() and len(value) > 9 else json.loads(value)
        except ValueError:
            given[name] = value
    home = _home(of_demo)
    with running(home), DoorClient(home.door_socket) as door:
        answer = door.call(command, Proof.operator(home.operator_key.read_text()), **given)
    click.echo(json.dumps(answer, indent=2, ensure_ascii=False))


def _content_of(name: str) -> str:
    try:
        return Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"{name} cannot be read as text") from error


@cli.group()
def database() -> None:
    """The database as a whole: dump it, and put a dump back."""


@database.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@_OF_DEMO
def dump(file: Path, of_demo: bool) -> None:
    """Write one consistent dump of the database to FILE; the house may run. Keys are not in it."""
    from databeheer.site.restoring import dump_database

    dump_database(_home(of_demo), file)
    click.echo(f"Dumped to {file}. It is personal data; keep it apart from the key store.")


@database.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@_OF_DEMO
def load(file: Path, of_demo: bool) -> None:
    """Put the dump FILE in the place of the database, which is kept under another name. Stop the house first."""
    from databeheer.site.restoring import load_database

    kept = load_database(_home(of_demo), file)
    if kept:
        click.echo(f"The database from before is kept as {kept}.")
    click.echo(f"Do not start the door yet. Next: databeheer ledger restore{_also(of_demo)}")


cli.add_command(oversight)


cli.add_command(explain)


cli.add_command(clocks)


cli.add_command(batch)


cli.add_command(plan)


cli.add_command(credit)
cli.add_command(drill)
cli.add_command(handover)
cli.add_command(keys)
cli.add_command(letters)
cli.add_command(login)
cli.add_command(mandates)
cli.add_command(rights)
cli.add_command(sandbox)
cli.add_command(statistics)
cli.add_command(joins)
cli.add_command(onboarding)
cli.add_command(supply_quality)


@cli.group()
def ledger() -> None:
    """The ledger, from the operator's side."""


@ledger.command()
@click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object, as `ledger verify --json` does."
)
@_OF_DEMO
def audit(of_demo: bool, as_json: bool) -> None:
    """Compare the database's entries with the published tiles, and what is kept of each with the entry.

    Names the first entry that differs.
    """
    from databeheer.site.audit import audit_home

    home = _home(of_demo)
    try:
        report = audit_home(home)
    except LedgerError as error:
        raise click.exceptions.Exit(_say_audit(error.report, error, as_json)) from error
    _say_audit(report, None, as_json)


@ledger.command()
@_OF_DEMO
def publish(of_demo: bool) -> None:
    """Publish what is recorded, once, where no publisher runs: before an audit, or to the end before a handover."""
    from databeheer.site.publishing import publish_home

    home = _home(of_demo)
    published = publish_home(home, SystemClock(), os.environ)
    click.echo(f"{published.size} entries are published in {home.ledger}, root {published.root.hex()}")


@ledger.command("restore")
@click.argument("place", metavar="[URL|DIR]", required=False)
@_OF_DEMO
def restore_ledger(place: str | None, of_demo: bool) -> None:
    """Refill the ledger of a restored database from what is published (a mirror, if you name one)."""
    from databeheer.site.restoring import restore_ledger as restore

    try:
        done = restore(_home(of_demo), place)
    except LedgerError as error:
        click.echo(f"databeheer: {error}", err=True)
        raise click.exceptions.Exit(1) from error
    if done.first < done.until:
        click.echo(f"Put back: entries {done.first} to {done.until - 1}, {done.until} in all.")
    else:
        click.echo(f"Nothing to put back: the database has all {done.until} published entries.")
    if done.unpublished:
        click.echo(
            f"Up to {done.unpublished} more were recorded and never published. They are gone; whoever holds a "
            "promise for one can prove it."
        )
    if done.reconcile:
        click.echo(
            "The bodies of the entries that were put back, now or earlier, and what those changed, are lost: no "
            "consent gives access until that is reconciled."
        )
        click.echo(f"Start the house. Next: databeheer operator{_also(of_demo)} reconcile.status")


def _also(of_demo: bool) -> str:
    """What the next command must be given too, to be about the same house."""
    return " --demo" if of_demo else ""


def _say_audit(report: Report | None, error: LedgerError | None, as_json: bool) -> int:
    """Print the checks of an audit; returns the exit status."""
    if as_json:
        click.echo(json.dumps((report or Report()).to_dict(error)))
        return 0 if error is None else 1
    for check in report.checks if report else ():
        click.echo(f"{'ok  ' if check.ok else 'FAIL'} {check.name}: {check.detail}")
    if error is not None and report is None:
        click.echo(f"FAIL {error}", err=True)
    if isinstance(error, NotPublishedError):
        click.echo(
            "Nothing is published yet: start the publisher, or give `databeheer ledger publish`.", err=True
        )
    return 0 if error is None else 1


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; every error of ours is one plain line and an exit status."""
    try:
        status = cli.main(args=arguments, standalone_mode=False)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as error:
        error.show()
        return 2
    except (KeyboardInterrupt, click.Abort):
        return 130
    except (IntakeError, FutureDaysError, UnknownAccessPointError) as error:
        click.echo(f"databeheer: {error}", err=True)
        return 2
    except (DatabeheerError, LedgerError) as error:
        click.echo(f"databeheer: {error}", err=True)
        return 1
    # Outside its standalone mode click gives the status of an Exit back instead of raising it.
    return status if isinstance(status, int) else 0
