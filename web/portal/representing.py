"""`/mijn/namens`: for whom the visitor may act, who may act for him; taking a place, and being oneself again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from databeheer.values import parse_day
from web.door import ask
from web.forms import Form, parse_or_refuse
from web.portal.login import require_session, visitor

blueprint = Blueprint("representing", __name__)


class Empty(Form):
    """A button without fields."""


@dataclass(frozen=True)
class Appointment:
    """One appointment, with the other one's name; `until` is the first day without it."""

    representation_id: str
    name: str
    reference: str
    begins: date
    until: date | None

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Appointment:
        return cls(
            str(answer["representation_id"]),
            str(answer["name"]),
            str(answer["reference"]),
            parse_day(answer["from"]),
            parse_day(answer["until"]) if answer["until"] else None,
        )


@blueprint.get("/mijn/namens")
@require_session
def show() -> ResponseReturnValue:
    """Show both sides of every appointment that runs now."""
    answer = ask("representation.show")
    return render_template(
        "portal/representing.html",
        me=visitor(),
        acting=answer["acting"],
        may_act_for=[Appointment.of(one) for one in answer["may_act_for"]],
        represented_by=[Appointment.of(one) for one in answer["represented_by"]],
    )


@blueprint.post("/mijn/namens/<uuid:representation_id>")
@require_session
def take_up(representation_id: UUID) -> ResponseReturnValue:
    """Act for this person from here on."""
    parse_or_refuse(Empty(), request.form)
    ask("representation.take_up", representation_id=str(representation_id))
    return redirect(url_for("overview.show"), 303)


@blueprint.post("/mijn/namens/uzelf")
@require_session
def lay_down() -> ResponseReturnValue:
    """Act for oneself again."""
    parse_or_refuse(Empty(), request.form)
    ask("representation.lay_down")
    return redirect(url_for("representing.show"), 303)
