"""`databeheer credit`: what devices with an active budget function say of their credit (docs/reference/credit.md)."""

from __future__ import annotations

from pathlib import Path

import click

from databeheer.site.device_lines import hand_in


@click.group()
def credit() -> None:
    """Credit of budget meters (docs/reference/credit.md)."""


@credit.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--demo", "of_demo", is_flag=True, help="In the demo's house instead of the own one.")
def take(file: Path, as_json: bool, of_demo: bool) -> None:
    """Take in FILE, a line of JSON for each device, a thousand lines at once; customers are told what is due.

    Credit is in euro cents, whole ones; `read_at` is of today, with its offset from UTC.

    A thousand that hold one wrong line are refused whole, and the next are tried all the same: exit status 1. Put
    right, the file can be taken in again: what was told is not told twice.
    """
    outcome = hand_in(file, "credit.take", "states", ("taken", "told"), of_demo=of_demo)
    taken, told = outcome.counts["taken"], outcome.counts["told"]
    outcome.show(f"{taken} taken in, {told} customers told", as_json=as_json)
