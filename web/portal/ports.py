"""`/mijn/poorten`: the user ports of the visitor's meters: how they stand, open one, close one (R42, R53)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import fields, validate

from databeheer.door.client import DoorRefusedError
from databeheer.values import parse_instant
from web.door import ask
from web.forms import Form, parse_or_refuse
from web.language import _, lazy
from web.portal import next_page, port_words
from web.portal.login import require_session, visitor
from web.portal.notice import Notice
from web.portal.port_words import STANDINGS, opening_notice

blueprint = Blueprint("ports", __name__)

CHANGED = lazy("Intussen is er iets veranderd. Kijk hieronder hoe de poort nu staat.")


class OpenForm(Form):
    """The text that was read, and how many orders the page knew of."""

    notice_sha256 = fields.String(required=True, validate=validate.Regexp(r"[0-9a-f]{64}\Z"))
    seen = fields.Integer(required=True, validate=validate.Range(0, 2**31))


class Empty(Form):
    """A button without fields."""


@dataclass(frozen=True)
class Waiting:
    """An order that the grid operator has not carried out yet."""

    wanted: str
    is_own: bool
    due_at: datetime
    forwarded_at: datetime | None
    is_overdue: bool
    index: int | None

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Waiting:
        return cls(
            str(answer["wanted"]),
            bool(answer["is_own"]),
            parse_instant(answer["due_at"]),
            parse_instant(answer["forwarded_at"]) if answer["forwarded_at"] else None,
            bool(answer["is_overdue"]),
            answer["index"],
        )


@dataclass(frozen=True)
class Port:
    """One port of one meter as the page shows it."""

    occupancy_id: str
    meter_id: str
    meter: str
    address: str
    name: str
    is_open: bool
    seen: int
    waiting: Waiting | None
    since: datetime | None

    @property
    def standing(self) -> tuple[str, str]:
        """Words and badge: what waits says more than how it stands."""
        if self.waiting is not None:
            if self.waiting.is_own and (self.waiting.wanted == "open") == self.is_open:
                return STANDINGS["staying_open" if self.is_open else "staying_closed"]
            return STANDINGS["opening" if self.waiting.wanted == "open" else "closing"]
        return STANDINGS["open" if self.is_open else "closed"]

    @property
    def words(self) -> Mapping[str, str]:
        return port_words.PORTS[self.name]

    @property
    def can_open(self) -> bool:
        return not self.is_open if self.waiting is None else self.waiting.wanted == "closed"

    @property
    def path(self) -> dict[str, Any]:
        """What names this port in an address of ours: random numbers, and which of the two."""
        return {"occupancy_id": self.occupancy_id, "meter_id": self.meter_id, "port": self.name}

    @property
    def notice(self) -> Notice:
        return opening_notice(self.name, self.meter, self.address)


@dataclass(frozen=True)
class Meter:
    """A meter with its ports, or the reason why there are none."""

    number: str
    address: str
    why_not: str
    ports: tuple[Port, ...]


@blueprint.get("/mijn/poorten")
@require_session
def show() -> ResponseReturnValue:
    """Show every meter where the visitor lives now, with its ports."""
    return _page()


@blueprint.get("/mijn/poorten/<uuid:occupancy_id>/<uuid:meter_id>/<any(P1, S1):port>/openen")
@require_session
def ask_opening(occupancy_id: UUID, meter_id: UUID, port: str) -> ResponseReturnValue:
    """Say what opening means, and ask whether the visitor is sure."""
    found = _find(occupancy_id, meter_id, port)
    if not found.can_open:
        return redirect(url_for("ports.show"), 303)
    return render_template("portal/port_opening.html", me=visitor(), port=found)


@blueprint.post("/mijn/poorten/<uuid:occupancy_id>/<uuid:meter_id>/<any(P1, S1):port>/openen")
@require_session
def open_port(occupancy_id: UUID, meter_id: UUID, port: str) -> ResponseReturnValue:
    """Order a port open."""
    form = parse_or_refuse(OpenForm(), request.form)
    found = _find(occupancy_id, meter_id, port)
    if form["notice_sha256"] != found.notice.sha256:
        return redirect(url_for("ports.ask_opening", **found.path), 303)
    return _order(
        "port.open", found, seen=form["seen"], notice=found.notice.text, language=found.notice.language
    )


@blueprint.post("/mijn/poorten/<uuid:occupancy_id>/<uuid:meter_id>/<any(P1, S1):port>/sluiten")
@require_session
def close_port(occupancy_id: UUID, meter_id: UUID, port: str) -> ResponseReturnValue:
    """Order a port closed: one button, nothing to fill in."""
    parse_or_refuse(Empty(), request.form)
    return _order("port.close", _find(occupancy_id, meter_id, port))


def _order(command: str, port: Port, **more: Any) -> ResponseReturnValue:
    try:
        answer = ask(command, **port.path, **more)
    except DoorRefusedError as refusal:
        if refusal.code != "conflict":
            raise
        return _page(changed=True), 409
    said = {
        "port": port.name,
        "path": port.path,
        "wanted": answer["wanted"],
        "due_at": answer["due_at"],
        "is_new": answer["is_new"],
        # The other way was asked, and the grid operator has not said that it did it.
        "is_undone": answer["is_new"] and (answer["wanted"] == "open") == port.is_open,
        "index": answer["index"],
    }
    next_page.says("port", said)
    return redirect(url_for("ports.show"), 303)


def _page(*, changed: bool = False) -> str:
    return render_template(
        "portal/ports.html", me=visitor(), meters=_meters(), changed=CHANGED if changed else None
    )


def _find(occupancy_id: UUID, meter_id: UUID, port: str) -> Port:
    wanted = (str(occupancy_id), str(meter_id), port)
    ports = (port for meter in _meters() for port in meter.ports)
    found = next((one for one in ports if (one.occupancy_id, one.meter_id, one.name) == wanted), None)
    if found is None:
        abort(404)
    return found


def _meters() -> list[Meter]:
    return [_meter(point, meter) for point in ask("port.list")["points"] for meter in point["meters"]]


def _meter(point: Mapping[str, Any], meter: Mapping[str, Any]) -> Meter:
    address, number = str(point["address"] or _("Adres niet bekend")), str(meter["number"])
    is_gas = point["commodity"] == "gas"
    obstacle = meter["obstacle"]
    ports = tuple(
        Port(
            occupancy_id=str(point["occupancy_id"]),
            meter_id=str(meter["meter_id"]),
            meter=number,
            address=address,
            name=str(port["port"]),
            is_open=bool(port["is_open"]),
            seen=int(port["seen"]),
            waiting=Waiting.of(port["waiting"]) if port["waiting"] else None,
            since=parse_instant(port["since"]) if port["since"] else None,
        )
        for port in meter["ports"]
    )
    why_not = "" if obstacle is None else port_words.GAS if is_gas else port_words.OBSTACLES[obstacle]
    return Meter(number, address, why_not, ports)
