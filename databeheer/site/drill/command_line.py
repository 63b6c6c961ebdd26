"""`databeheer drill`: try on the house itself that erasing and restoring do what is said of them."""

from __future__ import annotations

import json
from pathlib import Path

import click

from databeheer.site.drill.erasing import drill
from databeheer.site.home import Home


@click.group(name="drill")
def group() -> None:
    """Drills on a house in use (docs/how-to/drill.md)."""


@group.command()
@click.option(
    "--in",
    "folder",
    required=True,
    type=click.Path(path_type=Path),
    help="A new directory for dumps and scratch house; destroyed at the end.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--demo", "of_demo", is_flag=True, help="In the demo's house instead of the own one.")
def erasure(folder: Path, as_json: bool, of_demo: bool) -> None:
    """Execute the erasures that are decided, and see that nothing of them is left, or opens in an older backup.

    Under the door's account, while the house runs. Exit status 1 where it does not hold.
    """
    home = Home.from_environment()
    home = Home(home.path / "demo") if of_demo else home
    report = drill(home, folder.absolute(), lambda text: click.echo(text, err=True))
    if as_json:
        click.echo(json.dumps(report.view(), indent=2))
    else:
        for line in report.lines():
            click.echo(line)
    raise click.exceptions.Exit(1 if report.findings else 0)
