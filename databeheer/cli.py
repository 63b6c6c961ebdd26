"""The command line `databeheer`: the demo, intake, and the operator's commands.

Exit status: 0 done, 1 refused or failed, 2 a wrong call or a file that cannot be taken in (nothing changed).
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from databeheer.clock import SystemClock
from databeheer.door.client import DoorClient, Proof
from databeheer.errors import DatabeheerError
from databeheer.metering.errors import FutureDaysError, IntakeError, UnknownAccessPointError
from databeheer.site.home import Home
from ledger.errors import LedgerError, NotPublishedError
from ledger.report import Report

_OF_DEMO = click.option("--demo", "of_demo", is_flag=True, help="In the demo's house instead of the own one.")


def _home(of_demo: bool) -> Home:
    """The house that a command is for; the demo has one of its own, inside the same directory."""
    home = Home.from_environment()
    return Home(home.path / "demo") if of_demo else home


_ELSEWHERE: Mapping[str, str] = {
    "batch": "databeheer.site.batches:batch",
    "clocks": "databeheer.site.command_line:clocks",
    "credit": "databeheer.site.credit:credit",
    "drill": "databeheer.site.drill.command_line:group",
    "explain": "databeheer.site.command_line:explain",
    "handover": "databeheer.site.handover.command_line:group",
    "ingest": "databeheer.site.ingesting:ingest",
    "joins": "databeheer.site.joins:joins",
    "keys": "databeheer.site.keys:keys",
    "letters": "databeheer.site.letters:letters",
    "login": "databeheer.site.login:login",
    "mandates": "databeheer.site.mandates:mandates",
    "onboarding": "databeheer.site.onboarding:onboarding",
    "oversight": "databeheer.oversight.command_line:oversight",
    "plan": "databeheer.site.plan:plan",
    "rights": "databeheer.site.rights:rights",
    "sandbox": "databeheer.site.sandbox:sandbox",
    "statistics": "databeheer.site.statistics:statistics",
    "supply-quality": "databeheer.site.supply_quality:supply_quality",
}
"""Where the commands are that have a module of their own."""


class _Commands(click.Group):
    """Imports a command when it is asked for: whoever gives one does not wait for the libraries of all."""

    def list_commands(self, context: click.Context) -> list[str]:
        return sorted({*super().list_commands(context), *_ELSEWHERE})

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in _ELSEWHERE:
            return super().get_command(context, name)
        module, _, attribute = _ELSEWHERE[name].partition(":")
        found: click.Command = getattr(import_module(module), attribute)
        return found


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
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
    from databeheer.site.house import running

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
