"""`/mijn/historiek`: on which way the history of each home goes, and the letter where it goes by post (R90)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import fields

from databeheer.brussels import midnight
from databeheer.values import parse_day
from web.door import ask
from web.forms import Form, parse_or_refuse
from web.language import _
from web.portal.login import require_session, visitor
from web.portal.wording import COMMODITIES

blueprint = Blueprint("asking_history", __name__)


class LetterForm(Form):
    """Of which address."""

    adres = fields.UUID(required=True)


@dataclass(frozen=True)
class Home:
    """A home where the visitor lives now."""

    occupancy_id: str
    address: str
    commodity: str
    route: str
    first: datetime
    """When the history can begin: three years back at most, and not before the visitor came to live there."""
    letter_waits: bool

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Home:
        rest = {name: value for name, value in answer.items() if name != "first_day"}
        return cls(**rest, first=midnight(parse_day(answer["first_day"])))

    @property
    def name(self) -> str:
        return f"{self.address}, {COMMODITIES[self.commodity]}"


@blueprint.get("/mijn/historiek")
@require_session
def show() -> ResponseReturnValue:
    """Offer for each home what applies, and nothing else."""
    answer = ask("history.show")
    homes = [Home.of(one) for one in answer["homes"]]
    return render_template("portal/asking_history.html", me=visitor(), homes=homes)


@blueprint.post("/mijn/historiek")
@require_session
def send() -> ResponseReturnValue:
    """Have a history sent by letter, to the home that it is of."""
    form = parse_or_refuse(LetterForm(), request.form)
    ask("history.ask_letter", occupancy_id=str(form["adres"]))
    flash(_("Uw historiek gaat met een brief naar dit adres. Reken op enkele werkdagen."), "good")
    return redirect(url_for("asking_history.show"), 303)
