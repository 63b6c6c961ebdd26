"""`/mijn/verbruik/bestand`: one's own readings as a file; asked of the door and recorded like any look at them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, Response, abort, current_app, render_template, request
from flask.typing import ResponseReturnValue
from marshmallow import ValidationError, fields, validate
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest

from databeheer.brussels import day_of
from databeheer.clock import Clock
from databeheer.metering.aggregate import Span
from databeheer.metering.export_csv import write_csv
from databeheer.metering.export_json import write_json
from databeheer.metering.export_parquet import write_parquet
from databeheer.metering.export_words import DUTCH, ENGLISH
from databeheer.values import EAN, HORIZON, Granularity
from web import saying
from web.forms import Form, parse, parse_or_refuse
from web.language import _, lazy
from web.portal import wording
from web.portal.login import require_session, visitor
from web.portal.overview import my_points
from web.portal.own_readings import Gathered, gather
from web.portal.shown import Point

blueprint = Blueprint("downloading", __name__)

MOST_YEARS = 3
FIRST_OFFER = timedelta(days=30)
LANGUAGES = {"nl": lazy("Nederlands"), "en": lazy("Engels")}
FORMS = {
    "csv": lazy("CSV: voor een rekenblad, zoals in Mijn Fluvius"),
    "json": lazy("JSON: voor een programma"),
    "parquet": lazy("Parquet: voor wie met veel gegevens rekent"),
}
SPANS = {Span.WEEK.value: lazy("per week"), Span.YEAR.value: lazy("per jaar")}
"""What is added up here from day totals: the door gives days and months (R70)."""
_FINENESS = ("quarter_hour", "hour", "day", "week", "month", "year")
_NAMES = {
    "nl": ("Verbruikshistoriek", {"electricity": "elektriciteit", "gas": "gas"}),
    "en": ("Consumption_history", {"electricity": "electricity", "gas": "gas"}),
}
_TOTALS = {
    "nl": {
        "quarter_hour": "kwartiertotalen",
        "hour": "uurtotalen",
        "day": "dagtotalen",
        "month": "maandtotalen",
        "week": "weektotalen",
        "year": "jaartotalen",
    },
    "en": {
        "quarter_hour": "15_minute_totals",
        "hour": "hourly_totals",
        "day": "daily_totals",
        "month": "monthly_totals",
        "week": "weekly_totals",
        "year": "yearly_totals",
    },
}


class PageQuery(Form):
    """Of which address."""

    adres = fields.UUID(load_default=None)


class DownloadForm(Form):
    """Which file: address, days (both included), how fine, format, and the language of the CSV."""

    adres = fields.UUID(required=True)
    van = fields.Date(required=True)
    tot = fields.Date(required=True)
    per = fields.String(required=True, validate=validate.OneOf([*wording.GRANULARITIES, *SPANS]))
    vorm = fields.String(required=True, validate=validate.OneOf(FORMS))
    taal = fields.String(required=True, validate=validate.OneOf(LANGUAGES))


@dataclass(frozen=True)
class Wish:
    """What somebody wants to download."""

    occupancy_id: str
    first: date
    last: date
    per: str
    form: str
    language: str

    @property
    def granularity(self) -> Granularity:
        """What is asked of the door."""
        return Granularity.DAY if self.per in SPANS else Granularity(self.per)

    def name(self, commodity: str) -> str:
        """The name of the file: what, when and how fine; neither EAN nor name, for folders are shared."""
        what, commodities = _NAMES[self.language]
        days = f"{self.first:%Y%m%d}_{self.last:%Y%m%d}"
        totals = _TOTALS[self.language][self.per]
        return f"{what}_{commodities[commodity]}_{days}_{totals}.{self.form}"


@blueprint.get("/mijn/verbruik/bestand")
@require_session
def show() -> ResponseReturnValue:
    """Ask which days, how fine and in which form."""
    query = parse_or_refuse(PageQuery(), request.args)
    points = my_points()
    point = _point(points, query["adres"]) if query["adres"] else next(iter(points), None)
    if query["adres"] and point is None:
        abort(404)
    return _page(points, point)


@blueprint.post("/mijn/verbruik/bestand")
@require_session
def download() -> ResponseReturnValue:
    """Hand out the file. All of it is decided, recorded and read before its first byte leaves: never half a file."""
    points = my_points()
    try:
        wish = _wish(parse(DownloadForm(), request.form))
    except ValidationError as error:
        if not isinstance(error.messages, dict) or not error.messages.keys() <= {"van", "tot"}:
            raise BadRequest from error
        point = _point(points, request.form.get("adres"))
        if point is None:
            abort(404)
        wrong = "van" if "van" in error.messages else "tot"
        return _page(points, point, error=_("Vul een eerste en een laatste dag in."), wrong=wrong), 400
    point = _point(points, wish.occupancy_id)
    if point is None:
        # Not his: the door is asked all the same, once, refuses, and writes down who tried.
        gather(wish.occupancy_id, *_days_for_another(wish), wish.granularity)
        abort(404)
    if (problem := _problem(point, wish)) is not None:
        return _page(points, point, *problem), 400
    found = gather(wish.occupancy_id, wish.first, wish.last, wish.granularity, of_own=True)
    if not found.channels:
        return _page(points, point, is_empty=True), 404
    if wish.per in SPANS:
        found = found.added_up(Span(wish.per))
    return Response(
        _WRITERS[wish.form](point, wish, found),
        content_type=_CONTENT_TYPES[wish.form],
        headers={"Content-Disposition": f'attachment; filename="{wish.name(point.commodity)}"'},
    )


def _wish(form: Mapping[str, Any]) -> Wish:
    return Wish(
        str(form["adres"]),
        form["van"],
        form["tot"],
        form["per"],
        form["vorm"],
        form["taal"],
    )


def _days_for_another(wish: Wish) -> tuple[date, date]:
    """The days of a wish that is refused anyhow, such as the door can write down, whatever was filled in."""
    first, last = (min(max(day, HORIZON[0]), HORIZON[1]) for day in sorted((wish.first, wish.last)))
    return first, min(last, first + timedelta(days=365))


def _problem(point: Point, wish: Wish) -> tuple[str, str] | None:
    """What is wrong with the days, with what to do, and which field it is about; None where nothing is."""
    latest = _latest(point)
    if wish.per not in granularities(point):
        return _("Zo fijn wordt uw meter niet gelezen. Kies per dag of per maand."), "per"
    if wish.first > wish.last:
        return _("De laatste dag ligt voor de eerste. Draai de dagen om."), "van"
    if wish.first < point.begins:
        return (
            _(
                "Dit adres is van u vanaf %(begins)s. Kies een eerste dag vanaf dan.",
                begins=saying.day(point.begins),
            ),
            "van",
        )
    if wish.last > latest:
        if point.ends and latest < point.ends:
            words = _("U woonde hier tot en met %(ends)s.", ends=saying.last_day(point.ends))
        else:
            words = _("Van vandaag en later zijn er nog geen gegevens.")
        return _(
            "%(words)s Kies een laatste dag tot en met %(latest)s.", words=words, latest=saying.day(latest)
        ), "tot"
    if wish.last >= _years_later(wish.first):
        return (
            _(
                "Dit is meer dan %(most_years)s jaar. Kies minder dagen, en bewaar meer dan één bestand.",
                most_years=MOST_YEARS,
            ),
            "van",
        )
    return None


def _years_later(day: date) -> date:
    year = day.year + MOST_YEARS
    return day.replace(year=year) if (day.month, day.day) != (2, 29) else date(year, 3, 1)


def granularities(point: Point) -> dict[str, str]:
    """How fine a file of this point can be, from how its meter is read to months, in words."""
    finest = Granularity(point.finest)
    known = {
        each.value: wording.GRANULARITIES[each.value]
        for each in Granularity
        if not each.is_finer_than(finest)
    }
    # The door's own and those that are added up here, from fine to coarse.
    return dict(sorted((known | SPANS).items(), key=lambda one: _FINENESS.index(one[0])))


def _latest(point: Point) -> date:
    """The last day of which there can be readings: yesterday, or the last day of the visitor's own time."""
    clock: Clock = current_app.config["WEB_CLOCK"]
    yesterday = day_of(clock.now()) - timedelta(days=1)
    return min(yesterday, point.ends - timedelta(days=1)) if point.ends else yesterday


def _point(points: tuple[Point, ...], occupancy_id: object) -> Point | None:
    return next((each for each in points if each.occupancy_id == str(occupancy_id)), None)


def _page(
    points: tuple[Point, ...],
    point: Point | None,
    error: str = "",
    wrong: str = "",
    *,
    is_empty: bool = False,
) -> str:
    last = min(_latest(point), point.last_reading_day or date.max) if point else date.max
    first = max(point.begins, last - FIRST_OFFER) if point else last
    offered = {"van": first.isoformat(), "tot": last.isoformat(), "taal": "nl"}
    given: Mapping[str, str] = request.form if error or is_empty else MultiDict(offered)
    return render_template(
        "portal/download.html",
        me=visitor(),
        points=points,
        point=point,
        latest=_latest(point) if point else None,
        granularities=granularities(point) if point else {},
        forms=FORMS,
        languages=LANGUAGES,
        given=given,
        error=error,
        wrong=wrong,
        is_empty=is_empty,
        most_years=MOST_YEARS,
    )


def _csv(point: Point, wish: Wish, found: Gathered) -> Iterator[bytes]:
    words = ENGLISH if wish.language == "en" else DUTCH
    return write_csv(EAN(point.ean), found.channels, wish.granularity, words)


def _json(_point: Point, wish: Wish, found: Gathered) -> Iterator[bytes]:
    about = {"granted": found.granted, "refused": found.refused, "receipts": found.receipts}
    return write_json(found.channels, wish.per, about)


def _parquet(_point: Point, _wish: Wish, found: Gathered) -> Iterator[bytes]:
    return write_parquet(found.channels)


_WRITERS: dict[str, Callable[[Point, Wish, Gathered], Iterator[bytes]]] = {
    "csv": _csv,
    "json": _json,
    "parquet": _parquet,
}
_CONTENT_TYPES = {
    "csv": "text/csv; charset=utf-8; header=present",
    "json": "application/json",
    "parquet": "application/vnd.apache.parquet",
}
