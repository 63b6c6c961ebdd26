"""`/mijn/uitlezing`: how often a meter is read; quarter-hours (of gas hours) on or off in one step (3.1.53, R59)."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import fields, validate

from databeheer.door.client import DoorRefusedError
from web.door import ask
from web.forms import Form, parse_or_refuse
from web.language import _
from web.portal.login import require_session, visitor
from web.portal.overview import my_permissions, my_points
from web.portal.shown import Permission, Point

blueprint = Blueprint("frequency", __name__)

FINER_THAN_DAYS = frozenset({"quarter_hour", "hour"})


class ReadingForm(Form):
    """Of which address, and whether it is to be read finer than by the day."""

    adres = fields.UUID(required=True)
    aan = fields.String(required=True, validate=validate.OneOf(("ja", "nee")))


@dataclass(frozen=True)
class Meter:
    """An address and energy where the visitor lives now, with the live permissions that need finer than days there."""

    point: Point
    finer: tuple[Permission, ...]

    @property
    def is_fine(self) -> bool:
        return self.point.granularity != "day"

    @property
    def by_hour(self) -> bool:
        return self.point.commodity == "gas"


@blueprint.get("/mijn/uitlezing")
@require_session
def show() -> ResponseReturnValue:
    """Show how often each meter is read, and what the other choice would mean."""
    permissions = [
        each
        for each in my_permissions()
        if each.is_live and each.category == "readings" and each.granularity in FINER_THAN_DAYS
    ]
    meters = [
        Meter(point, tuple(each for each in permissions if each.occupancy_id == point.occupancy_id))
        for point in my_points()
        if not point.ends
    ]
    return render_template("portal/frequency.html", me=visitor(), meters=meters)


@blueprint.post("/mijn/uitlezing")
@require_session
def choose() -> ResponseReturnValue:
    """Have one's meter read per quarter-hour (of gas hour) from today on, or no longer."""
    form = parse_or_refuse(ReadingForm(), request.form)
    try:
        ask("interval_reading.choose", occupancy_id=str(form["adres"]), on=form["aan"] == "ja")
    except DoorRefusedError as refusal:
        if refusal.code != "conflict":  # a second tab did it already
            raise
    flash(_("Uw keuze is bewaard. Ze geldt vanaf vandaag, en staat in het logboek."), "good")
    return redirect(url_for("frequency.show"), 303)
