"""`databeheer explain`: why somebody may have something, or not; of a decision in the ledger, or of a wished one.
`databeheer clocks`: who must act by when, and what was kept and missed.
"""

from __future__ import annotations

import json
from typing import Any

import click

from databeheer.brussels import midnight
from databeheer.clocks.catalogue import Actor
from databeheer.clocks.command_line import FORMAT, lines
from databeheer.door.client import DoorClient, Proof
from databeheer.errors import MalformedRequestError, UnavailableError
from databeheer.site.home import Home
from databeheer.site.house import running
from databeheer.values import Direction, Granularity, Purpose, format_instant, parse_day, parse_instant


class _Moment(click.ParamType[str]):
    """A Brussels day for its midnight, or a moment with its offset; becomes RFC 3339 in UTC."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the moment, or say of which option what is expected."""
        text = str(value)
        try:
            moment = midnight(parse_day(text)) if len(text) == len("2026-11-20") else parse_instant(text)
        except MalformedRequestError as error:
            self.fail(
                f"{error}. Write a day as 2026-11-20, which is its midnight in Brussels, or a moment with its offset"
                " as 2026-11-20T00:00:00+01:00.",
                param,
                ctx,
            )
        return format_instant(moment)


_MOMENT = _Moment()


@click.command()
@click.option(
    "--entry",
    type=click.IntRange(0),
    help="A decision of the past: its number in the ledger, which the customer reads beside the line as nr.",
)
@click.option("--party", "party_id", type=click.UUID, help="A wished decision: the party, by its id.")
@click.option("--ean", help="Of this access point; or:")
@click.option("--permission", "permission_id", type=click.UUID, help="under this permission.")
@click.option("--purpose", type=click.Choice([purpose.value for purpose in Purpose]))
@click.option("--granularity", default="day", type=click.Choice([one.value for one in Granularity]))
@click.option("--direction", "directions", multiple=True, type=click.Choice([one.value for one in Direction]))
@click.option(
    "--from", "first", type=_MOMENT, help="A day (its midnight in Brussels) or a moment with its offset."
)
@click.option("--until", "until", type=_MOMENT, help="The same; not included.")
@click.option("--lang", "language", default="nl", type=click.Choice(["nl", "en"]), show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
@click.option("--demo", "of_demo", is_flag=True, help="In the demo's house instead of the own one.")
def explain(entry: int | None, language: str, as_json: bool, of_demo: bool, **wish: Any) -> None:
    """Say which rule, facts and intervals a decision rests on, in the words that the customer reads.

    As the operator: it reveals a customer's facts, so it is recorded, and that customer sees it.
    """
    arguments = {"index": entry} if entry is not None else _wished(wish)
    home = Home.from_environment()
    home = Home(home.path / "demo") if of_demo else home
    with running(home), DoorClient(home.door_socket) as door:
        command = "decision.wish" if entry is None else "decision.explain"
        answer = door.call(command, Proof.operator(home.operator_key.read_text()), **arguments)
    if as_json:
        click.echo(json.dumps(answer, indent=2, ensure_ascii=False))
        return
    for part in answer["parts"]:
        click.echo(part["text"][language])
        if part["rests_on"]:
            click.echo(f"  {part['rests_on'][language]} ({part['rule']}: {part['fact']})")
    changed = "" if answer["catalogue"] == answer["catalogue_now"] else f", now {answer['catalogue_now']}"
    click.echo(f"catalogue {answer['catalogue']}{changed}")


@click.command()
@click.option("--months", default=1, show_default=True, type=click.IntRange(1, 36), help="Of the figures.")
@click.option(
    "--actor",
    type=click.Choice([actor.value for actor in Actor]),
    help="List only what this one has to do; you are data_manager.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--demo", "of_demo", is_flag=True, help="In the demo's house instead of the own one.")
def clocks(months: int, actor: str | None, as_json: bool, of_demo: bool) -> None:
    """Say which clocks have run out, which run out this week, and how many were kept and missed, month by month."""
    home = Home.from_environment()
    home = Home(home.path / "demo") if of_demo else home
    if not home.exists():
        raise UnavailableError(f"there is no house in {home.path}; DATABEHEER_HOME or --demo names another")
    with running(home), DoorClient(home.door_socket) as door:
        proof = Proof.operator(home.operator_key.read_text())
        report = door.call("clocks.report", proof, months=months, actor=actor)
    if as_json:
        click.echo(json.dumps({"format": FORMAT} | report, indent=2, ensure_ascii=False))
        return
    for line in lines(report):
        click.echo(line)


def _wished(wish: dict[str, Any]) -> dict[str, Any]:
    if wish["party_id"] is None or wish["first"] is None or wish["until"] is None:
        raise click.UsageError("name --entry, or --party, --from and --until")
    if (wish["ean"] is None) == (wish["permission_id"] is None):
        raise click.UsageError("name one of --ean and --permission")
    if wish["until"] <= wish["first"]:
        raise click.UsageError("--until lies after --from")
    named = {name: str(wish[name]) for name in ("party_id", "ean", "permission_id", "purpose") if wish[name]}
    return {
        **named,
        "granularity": wish["granularity"],
        "directions": list(wish["directions"]) or None,
        "from": wish["first"],
        "until": wish["until"],
    }
