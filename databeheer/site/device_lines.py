"""Files in which devices say something, a line of JSON for each: read, and handed in at the door a thousand at once."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from databeheer.door.client import DoorClient, DoorRefusedError, Proof
from databeheer.site.home import Home
from databeheer.site.house import running

AT_ONCE = 1000
LARGEST = 64 * 1024 * 1024
_LONGEST_LINE = 4096


@dataclass
class Outcome:
    """What came of a file: counts as the door gave them, and which lines it refused, a thousand together."""

    counts: Counter[str] = field(default_factory=Counter)
    refused: list[dict[str, Any]] = field(default_factory=list)

    def show(self, text: str, *, as_json: bool) -> None:
        """Print it, and end with status 1 where something was refused."""
        if as_json:
            click.echo(json.dumps({**self.counts, "refused": self.refused}, indent=2))
        else:
            click.echo("\n".join([text, *map(_refusal, self.refused)]))
        raise click.exceptions.Exit(1 if self.refused else 0)


def _refusal(one: dict[str, Any]) -> str:
    first, last = one["lines"]
    return f"lines {first} to {last} refused, put right and send again: {one['code']}: {one['detail']}"


def hand_in(
    file: Path, command: str, member: str, counted: tuple[str, ...], *, of_demo: bool, **more: Any
) -> Outcome:
    """Hand the lines of a file in as `member` of a command of intake's; what it answers under `counted` is added up.

    A thousand that hold one wrong line are refused whole, and the next are tried all the same.
    """
    home = Home.from_environment()
    home = Home(home.path / "demo") if of_demo else home
    home.require()
    found = read(file)
    outcome = Outcome(Counter(dict.fromkeys(counted, 0)))
    with running(home), DoorClient(home.door_socket) as door:
        proof = Proof.intake(home.intake_key.read_text())
        for first in range(0, len(found), AT_ONCE):
            part = found[first : first + AT_ONCE]
            lines = [first + 1, first + len(part)]
            try:
                answer = door.call(command, proof, **{member: part}, **more)
            except DoorRefusedError as refusal:
                detail = _with_lines(str(refusal), member, first)
                outcome.refused.append({"lines": lines, "code": refusal.code, "detail": detail})
            else:
                outcome.counts.update({name: answer[name] for name in counted})
    return outcome


def _with_lines(detail: str, member: str, first: int) -> str:
    """Put the lines of the file, from 1 on, for the places in what was sent, from 0 on."""
    return re.sub(rf"\b{member}: ([0-9]{{1,4}})(?=: )", lambda at: f"line {first + int(at[1]) + 1}", detail)


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
