"""`/demo/dienst`: a visitor acts as a market party in the browser, by real calls to the market API. Demo only.

The credentials come from the demo's supervisor; in earnest a party keeps its own and no page ever has them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, current_app, render_template, request
from flask.typing import ResponseReturnValue
from marshmallow import fields, validate

from databeheer.brussels import day_of
from databeheer.clock import Clock
from databeheer.values import parse_day
from web.forms import Form, parse_or_refuse
from web.public.calls import ApiProgram, CallError, Credentials, Exchange
from web.settings import WebSettings
from web.supervisor import SupervisorUnreachableError, ask_supervisor, has_supervisor

blueprint = Blueprint("demo_party", __name__)

ROLE = "energy_service"

Call = Callable[[ApiProgram, date], Exchange]


class Asked(Form):
    """Which party is played."""

    wie = fields.String(load_default=None, validate=validate.Length(min=1, max=40))


class ReadForm(Form):
    """Read under one permission."""

    wie = fields.String(required=True, validate=validate.Length(min=1, max=40))
    permission_id = fields.UUID(required=True)
    granularity = fields.String(
        required=True, validate=validate.OneOf(["quarter_hour", "hour", "day", "month"])
    )


class RequestForm(Form):
    """Ask a grid user for a permission."""

    wie = fields.String(required=True, validate=validate.Length(min=1, max=40))


@dataclass(frozen=True)
class Player:
    """A party of the demo that a visitor can play."""

    key: str
    name: str
    credentials: Credentials


@blueprint.get("/demo/dienst")
def show() -> ResponseReturnValue:
    """Choose a party; see its permissions."""
    return _page(parse_or_refuse(Asked(), request.args)["wie"])


@blueprint.post("/demo/dienst/lees")
def read() -> ResponseReturnValue:
    """Read yesterday under a permission; a refusal is an answer too."""
    form = parse_or_refuse(ReadForm(), request.form)
    path = f"/api/v1/permissions/{UUID(str(form['permission_id']))}/readings"
    granularity = form["granularity"]

    def call(program: ApiProgram, newest: date) -> Exchange:
        first, until = _last_days(granularity, newest)
        return program.get(
            path, **{"from": first, "until": until, "granularity": granularity, "mode": "clip"}
        )

    return _page(form["wie"], call)


@blueprint.post("/demo/dienst/vraag")
def ask_permission() -> ResponseReturnValue:
    """Ask for a permission; the answer holds the link for the grid user."""
    form = parse_or_refuse(RequestForm(), request.form)
    wish = {
        "purpose": "energy_advice",
        "granularity": "quarter_hour",
        "data_from": (_today() - timedelta(days=365)).isoformat(),
        "valid_until": (_today() + timedelta(days=365)).isoformat(),
    }
    return _page(form["wie"], lambda program, _: program.post("/api/v1/permission-requests", wish))


def _page(key: str | None, call: Call | None = None) -> ResponseReturnValue:
    try:
        players, newest = _players()
    except SupervisorUnreachableError:
        return render_template(
            "public/demo_party.html", players=[], player=None, exchange=None, permissions=[]
        )
    player = next((each for each in players if each.key == key), None)
    exchange: Exchange | None = None
    permissions: list[dict[str, Any]] = []
    if player is not None:
        settings: WebSettings = current_app.config["WEB_SETTINGS"]
        program = ApiProgram(settings.base_url, player.credentials)
        try:
            exchange = call(program, newest) if call else None
            permissions = program.get("/api/v1/permissions", limit="20").members.get("permissions", [])
        except CallError:
            players = []
    return render_template(
        "public/demo_party.html", players=players, player=player, exchange=exchange, permissions=permissions
    )


def _players() -> tuple[list[Player], date]:
    """The services that can be played, and the newest day with readings."""
    if not has_supervisor():
        raise SupervisorUnreachableError("this demo has no supervisor")
    described = ask_supervisor("describe")
    players = [
        Player(
            party["key"],
            party["name"],
            Credentials(party["name"], party["client_id"], party["client_secret"]),
        )
        for party in described["credentials"]["parties"]
        if party["role"] == ROLE
    ]
    last = described.get("last_day")
    return players, parse_day(str(last)) if last else _today() - timedelta(days=1)


def _last_days(granularity: str, newest: date) -> tuple[str, str]:
    """The newest day; of days the newest week, of months the newest that is over. Brussels days, end exclusive."""
    if granularity == "month":
        stop = newest.replace(day=1)
        return (stop - timedelta(days=1)).replace(day=1).isoformat(), stop.isoformat()
    stop = newest + timedelta(days=1)
    return (stop - timedelta(days=7 if granularity == "day" else 1)).isoformat(), stop.isoformat()


def _today() -> date:
    clock: Clock = current_app.config["WEB_CLOCK"]
    return day_of(clock.now())
