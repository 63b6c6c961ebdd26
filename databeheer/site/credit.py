"""`databeheer credit`: what devices with an active budget function say of their credit (docs/reference/credit.md)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from databeheer.door.client import DoorClient, DoorRefusedError, Proof
from databeheer.site.home import Home
from databeheer.site.house import running

AT_ONCE = 1000
LARGEST = 64 * 1024 * 1024
_LONGEST_LINE = 4096


@click.group()
def credit() -> None:
    """Credit of budget meters (docs/reference/credit.md)."""


@credit.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--demo", "of_demo", is_flag=True, help="In the demo's house instead of the own one.")
def take(file: Path, as_json: bool, of_demo: bool) -> None:
    """Take in FILE, a line of JSON for each device, a thousand lines at once; customers are told what is due.

    A thousand that hold one wrong line are refused whole, and the next are tried all the same: exit status 1. Put
    right, the file can be taken in again: what was told is not told twice.
    """
    home = Home.from_environment()
    home = Home(home.path / "demo") if of_demo else home
    home.require()
    states = read(file)
    outcome: dict[str, Any] = {"taken": 0, "told": 0, "refused": []}
    with running(home), DoorClient(home.door_socket) as door:
        proof = Proof.intake(home.intake_key.read_text())
        for first in range(0, len(states), AT_ONCE):
            part = states[first : first + AT_ONCE]
            lines = [first + 1, first + len(part)]
            try:
                answer = door.call("credit.take", proof, states=part)
            except DoorRefusedError as refusal:
                outcome["refused"].append({"lines": lines, "code": refusal.code, "detail": str(refusal)})
            else:
                outcome["taken"] += answer["taken"]
                outcome["told"] += answer["told"]
    click.echo(json.dumps(outcome, indent=2) if as_json else "\n".join(_as_text(outcome)))
    raise click.exceptions.Exit(1 if outcome["refused"] else 0)


def read(file: Path) -> list[dict[str, Any]]:
    """Return the lines of a file.

    Raises:
        click.UsageError: too large, a line that is too long or no JSON object; it names the line, never what is in it.
    """
    if file.stat().st_size > LARGEST:
        raise click.UsageError(f"the file is larger than {LARGEST} bytes: send it in parts")
    with file.open("rb") as lines:
        found = [_object(line, number) for number, line in enumerate(lines, 1)]
    if not found:
        raise click.UsageError("the file is empty")
    return found


def _object(line: bytes, number: int) -> dict[str, Any]:
    try:
        if len(line) > _LONGEST_LINE:
            raise ValueError("too long")
        one = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise click.UsageError(f"line {number} is too long, or no JSON") from error
    if not isinstance(one, dict):
        raise click.UsageError(f"line {number} is no JSON object")
    return one


def _as_text(outcome: dict[str, Any]) -> Iterator[str]:
    yield f"{outcome['taken']} taken in, {outcome['told']} customers told"
    for one in outcome["refused"]:
        first, last = one["lines"]
        yield f"lines {first} to {last} refused: {one['code']}: {one['detail']}"
