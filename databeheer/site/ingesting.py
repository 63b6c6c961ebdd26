"""`databeheer ingest`: take Mijn Fluvius exports in, and say what each changed."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from databeheer.door.client import DoorClient, Proof
from databeheer.metering.exports import ExportFile, read_export
from databeheer.metering.intake import IntakeReport, UnknownAccessPointError, take_in
from databeheer.site.home import Home
from databeheer.site.house import running
from databeheer.storage.engine import make_engine

_TO_STDERR = Console(stderr=True)


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--register", is_flag=True, help="Register unknown access points, as vacant ones.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--demo", "of_demo", is_flag=True, help="In the demo's house instead of the own one.")
def ingest(files: tuple[Path, ...], register: bool, as_json: bool, of_demo: bool) -> None:
    """Take Mijn Fluvius exports in. A file is taken whole or not at all; the same file twice changes nothing."""
    exports = [read_export(file) for file in files]  # all are read before any is stored
    home = Home.from_environment()
    home = Home(home.path / "demo") if of_demo else home
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
