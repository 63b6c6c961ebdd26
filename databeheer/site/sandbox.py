"""`databeheer sandbox`: serve a sandbox on this machine, or fill one that is run as any house.

docs/reference/sandbox.md. Both work on the house in DATABEHEER_HOME, `var/sandbox` in the checkout without.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from databeheer.brussels import day_of
from databeheer.clock import SystemClock
from databeheer.door.client import DoorClient
from databeheer.errors import ConflictError
from databeheer.sandbox import UNFINISHED, is_sandbox, new_name
from databeheer.sandbox.codes import SandboxCode
from databeheer.sandbox.filling import DAYS, MOST_NUMBERS, Means, codes, fill
from databeheer.site.home import CHECKOUT, HOME_VARIABLE, Home
from databeheer.site.house import DATABASE, DATABASE_VARIABLE, OF_TOKEN, running
from databeheer.storage.engine import make_engine
from databeheer.storage.provision import database_exists


@click.group()
def sandbox() -> None:
    """A house beside production, of the same code, with invented access points only."""


@sandbox.command("serve")
@click.option(
    "--port",
    default=8100,
    show_default=True,
    type=click.IntRange(1, 65535),
    help="Port of 127.0.0.1 to serve on.",
)
@click.option(
    "--numbers",
    type=click.IntRange(1, MOST_NUMBERS),
    default=1,
    show_default=True,
    help="Ordinary access points of each kind.",
)
@click.option(
    "--days", type=click.IntRange(2, DAYS), default=90, show_default=True, help="Of their readings."
)
@click.option("--anew", is_flag=True, help="Throw this sandbox away, and make another.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, once it is ready.")
def serve(port: int, numbers: int, days: int, anew: bool, as_json: bool) -> None:
    """Run a sandbox on http://127.0.0.1:8100, made where there is none. Ctrl-C ends it; its contents stay.

    A house that was made as anything else is refused, and stays as it is.
    """
    of_a_house = (DATABASE_VARIABLE, *(name for name in OF_TOKEN if name.startswith("DATABEHEER_")))
    if others := [name for name in of_a_house if os.environ.get(name)]:
        raise ConflictError(
            "a served sandbox has a database and keys of its own, which it may throw away: unset"
            f" {', '.join(others)}; nothing was made or changed"
        )
    home = _home()  # before all that a sandbox needs is loaded

    from databeheer.sandbox import running

    def say(text: str) -> None:
        click.echo(text, err=True)

    def announce(description: dict[str, Any]) -> None:
        click.echo(json.dumps(description) if as_json else "\n".join(running.as_lines(description)))
        sys.stdout.flush()

    wish = running.Wish(port, numbers, days, anew)
    raise click.exceptions.Exit(running.run(home, wish, say, announce))


@sandbox.command("fill")
@click.option(
    "--numbers", type=click.IntRange(1, MOST_NUMBERS), default=3, show_default=True, help="Of each kind."
)
@click.option("--days", type=click.IntRange(2, DAYS), default=DAYS, show_default=True, help="Of readings.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def fill_(numbers: int, days: int, as_json: bool) -> None:
    """Fill a sandbox, made where there is none, with readings up to yesterday.

    A house that was made as anything else is refused, and stays as it is.
    """
    home = _home()
    _require_no_others_database(home)
    if (home.path / UNFINISHED).exists():
        raise ConflictError(
            f"`databeheer sandbox serve` was broken off while it made the sandbox in {home.path}: serve it again, which"
            f" makes it anew, or name another {HOME_VARIABLE}; nothing was changed"
        )
    wanted = codes(numbers)
    last_day = day_of(SystemClock().now()) - timedelta(days=1)
    name = new_name(os.urandom(6).hex())
    with running(home, may_make=True, origin=name) as storage, DoorClient(home.door_socket) as door:
        engine = make_engine(storage.url("intake"), pool_size=1)
        means = Means(door, home.operator_key.read_text(), home.intake_key.read_text(), engine)
        fill(means, wanted, last_day, days=days)
        engine.dispose()
    click.echo(json.dumps([code.text for code in wanted]) if as_json else _as_text(home.path, wanted))


def _as_text(path: Path, wanted: list[SandboxCode]) -> str:
    lines = [f"The sandbox in {path} has these access points:"]
    for code in wanted:
        kind = f"{code.commodity.value}{', injection' if code.has_injection else ''}"
        lines.append(f"  {code.text}  {kind}, {'fine values' if code.by_quarter else 'days'}")
    return "\n".join(lines)


def _require_no_others_database(home: Home) -> None:
    """See that a new sandbox does not move into the database of another house.

    Raises:
        ConflictError: the server that was named has one.
    """
    server = os.environ.get(DATABASE_VARIABLE)
    if server and not home.exists() and database_exists(server, DATABASE):
        raise ConflictError(
            f"the server of {DATABASE_VARIABLE} has the database of another house: a sandbox is made on a server of its"
            " own; nothing was made or changed"
        )


def _home() -> Home:
    """Return the house of the sandbox.

    Raises:
        ConflictError: the house there is none, or something else is there that a sandbox would throw away.
    """
    home = Home(Path(os.environ.get(HOME_VARIABLE) or CHECKOUT / "var" / "sandbox").absolute())
    if home.exists() and not is_sandbox(home.origin):
        raise ConflictError(
            f"the house in {home.path} is no sandbox, and none is made of it: name another {HOME_VARIABLE}"
        )
    parts = (home.postgres, home.keys, home.ledger, home.operator_key, home.path / "door")
    found = [part.name for part in parts if part.exists()]
    if found and not home.exists() and not (home.path / UNFINISHED).exists():
        raise ConflictError(
            f"{home.path} has {', '.join(found)}, but no `{home.origin_file.name}` that says of which house: no sandbox"
            f" is made there; name another {HOME_VARIABLE}, or bring that file back"
        )
    return home
