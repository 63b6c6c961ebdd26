"""`/mijn/verbruik`: one's own readings of a day, or of a month where only days are read; recorded like any read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from marshmallow import fields, validate

from databeheer.brussels import BRUSSELS, day_bounds, day_of, days_between, slot_starts
from databeheer.clock import Clock
from databeheer.door.client import DoorRefusedError
from databeheer.metering.series import slots_of_channel
from databeheer.values import format_instant
from web import dutch
from web.days import possible_days
from web.door import ask
from web.forms import Form, parse_or_refuse, parse_or_tell
from web.portal import wording
from web.portal.chart import Bar, Tick, draw
from web.portal.login import require_session, visitor
from web.portal.overview import my_points
from web.portal.own_readings import NOTHING_THERE
from web.portal.shown import Point

blueprint = Blueprint("consumption", __name__)

HOUR_TICK = 3


class ReadingForm(Form):
    """Of which address, and whether it is to be read finer than by the day."""

    adres = fields.UUID(required=True)
    aan = fields.String(required=True, validate=validate.OneOf(("ja", "nee")))


class ConsumptionQuery(Form):
    """Which address and which day."""

    adres = fields.UUID(load_default=None)
    dag = fields.Date(load_default=None)


@dataclass(frozen=True)
class Window:
    """The stretch of time that one page shows."""

    chosen: date
    first: date
    last: date
    granularity: str

    @classmethod
    def around(cls, chosen: date, granularity: str) -> Window:
        """A day; a whole month where the meter is read by the day."""
        if granularity != "day":
            return cls(chosen, chosen, chosen, granularity)
        first = chosen.replace(day=1)
        return cls(chosen, first, _next_month(first) - timedelta(days=1), granularity)

    @property
    def begin(self) -> datetime:
        return day_bounds(self.first)[0]

    @property
    def end(self) -> datetime:
        return day_bounds(self.last)[1]

    def slots(self) -> list[datetime]:
        """The starts of all slots."""
        days = days_between(self.first, self.last)
        minutes = {"quarter_hour": 15, "hour": 60, "day": 1440}[self.granularity]
        return [at for day in days for at in slot_starts(day, minutes)]

    @property
    def before(self) -> date:
        return self.first - timedelta(days=1)

    @property
    def after(self) -> date:
        return self.last + timedelta(days=1)


@dataclass(frozen=True)
class Slot:
    """One row of the table: thousandths of the unit, None where nothing was measured."""

    start: datetime
    label: str
    offtake: int | None
    injection: int | None
    quality: str


@dataclass(frozen=True)
class Total:
    """What was measured together in thousandths of the unit, None where nothing was; and of how many slots it is."""

    value: int | None
    measured: int
    slots: int

    @classmethod
    def of(cls, values: Iterable[int | None]) -> Total:
        given = list(values)
        measured = [value for value in given if value is not None]
        return cls(sum(measured) if measured else None, len(measured), len(given))

    @property
    def is_partial(self) -> bool:
        return 0 < self.measured < self.slots


@dataclass(frozen=True)
class Series:
    """All slots of one unit, with the drawing of them."""

    unit: str
    slots: tuple[Slot, ...]
    meters: tuple[str, ...]
    chart: Markup

    @property
    def has_injection(self) -> bool:
        return any(slot.injection is not None for slot in self.slots)

    @property
    def has_gaps(self) -> bool:
        return any(slot.offtake is None and slot.injection is None for slot in self.slots)

    @property
    def offtake(self) -> Total:
        return Total.of(slot.offtake for slot in self.slots)

    @property
    def injection(self) -> Total:
        return Total.of(slot.injection for slot in self.slots)


@blueprint.get("/mijn/verbruik")
@require_session
def show() -> ResponseReturnValue:
    """Show the readings of one address and day; of a day that cannot be, say which ones can."""
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
    latest = day_of(clock.now()) - timedelta(days=1)
    newest = min(point.last_reading_day or latest, latest)
    chosen = _within(point, query["dag"] or newest, latest)
    window = Window.around(chosen, point.granularity_on(chosen))
    answer = _read(point, window) if not errors else None
    page = render_template(
        "portal/consumption.html",
        me=visitor(),
        points=points,
        point=point,
        window=window,
        latest=newest,
        error=possible_days(point.begins, _within(point, latest, latest)) if errors else "",
        instead=_instead(point, query["dag"], window) if query["dag"] else "",
        series=series_of(answer["channels"], window) if answer else (),
        index=answer.get("index") if answer else None,
    )
    return page, 400 if errors else 200


@blueprint.post("/mijn/verbruik/uitlezing")
@require_session
def choose_reading() -> ResponseReturnValue:
    """Have one's meter read per quarter-hour (of gas hour) from today on, or no longer."""
    form = parse_or_refuse(ReadingForm(), request.form)
    try:
        ask("interval_reading.choose", occupancy_id=str(form["adres"]), on=form["aan"] == "ja")
    except DoorRefusedError as refusal:
        if refusal.code != "conflict":  # a second tab did it already
            raise
    flash("Uw keuze is bewaard. Ze geldt vanaf vandaag, en staat in het logboek.", "good")
    return redirect(url_for("consumption.show", adres=str(form["adres"])), 303)


def series_of(channels: Sequence[dict[str, Any]], window: Window) -> tuple[Series, ...]:
    """Turn channels into one series a unit: meters of one direction are added up, slot by slot."""
    units = list(dict.fromkeys(str(channel["unit"]) for channel in channels))
    return tuple(_series(unit, [each for each in channels if each["unit"] == unit], window) for unit in units)


def _series(unit: str, channels: Sequence[dict[str, Any]], window: Window) -> Series:
    # Every slot of the window has its place, also one that the meter never sent: a hole is seen, not skipped.
    values: dict[datetime, dict[str, int | None]] = {
        at: {"offtake": None, "injection": None} for at in window.slots()
    }
    qualities: dict[datetime, set[str]] = {}
    for channel in channels:
        for slot in slots_of_channel(channel):
            row = values[slot.start]
            row[channel["direction"]] = _add(row[channel["direction"]], slot.value)
            if slot.value is not None:
                qualities.setdefault(slot.start, set()).add(wording.QUALITIES[slot.state.value])
    slots = tuple(
        Slot(
            at, _label(at, window), row["offtake"], row["injection"], ", ".join(sorted(qualities.get(at, ())))
        )
        for at, row in sorted(values.items())
    )
    unit = wording.UNITS[unit]
    title = f"Uw verbruik in {unit}, {_span(window)}"
    chart = draw(
        [Bar(slot.offtake, slot.injection) for slot in slots],
        _ticks(slots, window),
        name="chart-" + "".join(letter for letter in unit.lower() if letter.isascii() and letter.isalnum()),
        title=title,
        description=f"Staafdiagram met {len(slots)} waarden. Dezelfde cijfers staan in de tabel eronder.",
    )
    return Series(
        unit, slots, tuple(sorted({str(each["meter"]) for each in channels if each.get("meter")})), chart
    )


def _read(point: Point, window: Window) -> dict[str, Any] | None:
    arguments: dict[str, Any] = {
        "occupancy_id": point.occupancy_id,
        "purpose": "own_insight",
        "from": format_instant(window.begin),
        "until": format_instant(window.end),
        "granularity": window.granularity,
        "mode": "clip",
    }
    try:
        return ask("readings.read", **arguments)
    except DoorRefusedError as refusal:
        if refusal.code not in NOTHING_THERE:
            raise
        return None


def _within(point: Point, wanted: date, latest: date) -> date:
    """Keep the day inside the visitor's own time at the address."""
    last = min(latest, point.ends - timedelta(days=1)) if point.ends else latest
    return max(min(wanted, last), point.begins)


def _instead(point: Point, asked: date, window: Window) -> str:
    """What is shown instead of the day that was asked, and why; empty where it is that day."""
    if asked == window.chosen:
        return ""
    if asked < point.begins:
        why = f"Dit adres is van u vanaf {dutch.day(point.begins)}."
    elif point.ends and window.chosen == point.ends - timedelta(days=1):
        why = f"U woonde hier tot en met {dutch.last_day(point.ends)}."
    else:
        why = "Van vandaag en later zijn er nog geen gegevens."
    which = "de maand van " if window.granularity == "day" else ""
    return f"U vroeg {dutch.day(asked)}. {why} Daarom ziet u {which}{dutch.day(window.chosen)}."


def _label(at: datetime, window: Window) -> str:
    local = at.astimezone(BRUSSELS)
    if window.granularity == "day":
        return dutch.day(at)
    other = local.replace(fold=1 - local.fold)
    # On the day the clocks go back, the hour from two to three comes twice: say which one it is.
    is_double = local.utcoffset() != other.utcoffset() and local.dst() != other.dst()
    season = (" (zomertijd)" if local.dst() else " (wintertijd)") if is_double else ""
    return f"{local:%H.%M} uur{season}"


def _ticks(slots: Sequence[Slot], window: Window) -> list[Tick]:
    ticks = []
    for number, slot in enumerate(slots):
        local = slot.start.astimezone(BRUSSELS)
        if window.granularity == "day":
            if local.day == 1 or local.day % 5 == 0:
                ticks.append(Tick(number, str(local.day)))
        elif local.minute == 0 and local.hour % HOUR_TICK == 0:
            ticks.append(Tick(number, f"{local.hour} u"))
    return ticks


def _span(window: Window) -> str:
    if window.granularity == "day":
        return f"{dutch.day(window.first)} tot en met {dutch.day(window.last)}"
    return dutch.weekday(window.chosen)


def _add(one: int | None, other: int | None) -> int | None:
    return one if other is None else other + (one or 0)


def _next_month(first: date) -> date:
    return (first + timedelta(days=32)).replace(day=1)
