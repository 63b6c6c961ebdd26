"""`/mijn/verbruik`: one's own readings of a day, week, month or year, last year beside it; recorded like any read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, abort, current_app, render_template, request
from flask.typing import ResponseReturnValue
from marshmallow import fields, validate

from databeheer.brussels import day_bounds, day_of
from databeheer.clock import Clock
from databeheer.door.client import DoorRefusedError
from databeheer.values import format_instant
from web import saying
from web.days import possible_days
from web.door import ask
from web.forms import Form, parse_or_tell
from web.language import _
from web.portal import consumption_words as words
from web.portal.consumed import Answer, series_of
from web.portal.login import require_session, visitor
from web.portal.overview import my_points
from web.portal.own_readings import NOTHING_THERE
from web.portal.shown import Point
from web.portal.windows import Days, Span, Steps, Window, possible

blueprint = Blueprint("consumption", __name__)

_COME_WITHIN = timedelta(days=7)
"""For how long the page says of a day without readings that they may still come."""


class ConsumptionQuery(Form):
    """Which address, which day, and how many days around it; left out: what the meter's reading makes sense of."""

    adres = fields.UUID(load_default=None)
    dag = fields.Date(load_default=None)
    periode = fields.String(load_default=None, validate=validate.OneOf(list(Span)))


@blueprint.get("/mijn/verbruik")
@require_session
def show() -> ResponseReturnValue:
    """Show the readings of one address and stretch of days; of a day that cannot be, say which ones can."""
    query, errors = parse_or_tell(ConsumptionQuery(), request.args, ("dag",))
    points = my_points()
    if not points:
        return render_template("portal/consumption.html", me=visitor(), points=points, point=None)
    point = next((each for each in points if each.occupancy_id == str(query["adres"])), None)
    if query["adres"] is None:
        point = points[0]
    if point is None:
        abort(404)
    clock: Clock = current_app.config["WEB_CLOCK"]
    yesterday = day_of(clock.now()) - timedelta(days=1)
    own = possible(point, yesterday)
    newest = min(point.last_reading_day or own.last, own.last)
    chosen = min(max(query["dag"] or newest, own.first), own.last)
    window, is_read_by_day = _window(point, chosen, query["periode"])
    now, before, receipts = (None, None, []) if errors else _look(point, window, own)
    page = render_template(
        "portal/consumption.html",
        me=visitor(),
        points=points,
        point=point,
        window=window,
        words=words,
        own=own,
        newest=newest,
        oldest=max(point.first_reading_day or own.first, own.first),
        may_still_come=window.last > yesterday - _COME_WITHIN,
        error=possible_days(own.first, own.last) if errors else "",
        instead=_instead(point, query["dag"], window, own) if query["dag"] else "",
        is_read_by_day=is_read_by_day,
        series=series_of(now, before) if now else (),
        before=before,
        index=receipts[0] if receipts else None,
    )
    return page, 400 if errors else 200


def _window(point: Point, chosen: date, asked: str | None) -> tuple[Window, bool]:
    """What is shown, and whether that is a month in the place of a day, because the meter was read once that day."""
    finest = point.granularity_on(chosen)
    is_read_by_day = finest == "day"
    span = Span(asked) if asked else Span.MONTH if is_read_by_day else Span.DAY
    if is_read_by_day and span is Span.DAY:
        return Window.around(chosen, Span.MONTH, finest), True
    return Window.around(chosen, span, finest), False


def _look(point: Point, window: Window, own: Days) -> tuple[Answer, Answer | None, list[int]]:
    """Ask for a window and the same of a year before; returns what there is, and the entries that recorded it.

    Nothing is asked of days outside the visitor's own time at the address.
    """
    days = window.within(own.first, own.last) or Days(window.chosen, window.chosen)
    now, entries = _read(point, window, days)
    if not now.channels:
        return now, None, entries
    past = window.a_year_before(days.last)
    if (past_days := past.within(own.first, own.last)) is None:
        return now, None, entries
    before, more = _read(point, past, past_days)
    return now, before, entries + more


def _read(point: Point, window: Window, days: Days) -> tuple[Answer, list[int]]:
    steps = Steps.of(days, point.granularity_on)
    arguments: dict[str, Any] = {
        "occupancy_id": point.occupancy_id,
        "purpose": "own_insight",
        "from": format_instant(day_bounds(days.first)[0]),
        "until": format_instant(day_bounds(days.last)[1]),
        "granularity": window.granularity,
        "mode": "clip",
    }
    try:
        answer: Mapping[str, Any] = ask("readings.read", **arguments)
    except DoorRefusedError as refusal:
        if refusal.code not in NOTHING_THERE:
            raise
        return Answer(window, steps, ()), []
    return Answer(window, steps, answer["channels"]), [answer["index"]]


def _instead(point: Point, asked: date, window: Window, own: Days) -> str:
    """What is shown instead of the day that was asked, why, and what can be asked; empty where it is that day."""
    if asked == window.chosen:
        return ""
    if asked < point.begins:
        why = _("Dit adres is van u vanaf %(day)s.", day=saying.day(point.begins))
    elif point.ends and window.chosen == point.ends - timedelta(days=1):
        why = _("U woonde hier tot en met %(day)s.", day=saying.last_day(point.ends))
    else:
        why = _("Van vandaag en later zijn er nog geen gegevens.")
    return words.instead_of(asked, window.chosen, window.span, why, own)
