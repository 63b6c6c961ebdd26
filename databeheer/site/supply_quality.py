"""`databeheer supply-quality`: what meters say of the quality of supply (docs/reference/supply-quality.md)."""

from __future__ import annotations

from pathlib import Path

import click

from databeheer.site.device_lines import hand_in


@click.group("supply-quality")
def supply_quality() -> None:
    """Quality of supply: interruptions and voltage (docs/reference/supply-quality.md)."""


@supply_quality.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--operator", default=1, type=click.IntRange(1), help="The number of the grid operator: 1.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--demo", "of_demo", is_flag=True, help="In the demo's house instead of the own one.")
def take(file: Path, operator: int, as_json: bool, of_demo: bool) -> None:
    """Take in FILE, a line of JSON for each device and day, a thousand lines at once.

    A thousand that hold one wrong line are refused whole, and the next are tried all the same: exit status 1. Put
    right, the file can be taken in again: a day that is said again takes the place of what was said before.
    """
    counted = ("taken", "passed_over")
    outcome = hand_in(file, "supply_quality.take", "days", counted, of_demo=of_demo, operator=operator)
    taken, passed_over = (outcome.counts[name] for name in counted)
    outcome.show(f"{taken} taken in, {passed_over} of an erased stay passed over", as_json=as_json)
