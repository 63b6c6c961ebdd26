"""What the granularity reveals: one day at quarter-hours beside the same day as one bar, of the visitor's own meter.

Her own values come through the door like any read of own data, and stand in her list. Where there is none yet, the day
is invented, and says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import current_app
from markupsafe import Markup

from databeheer.brussels import day_bounds, day_of
from databeheer.clock import Clock
from databeheer.door.client import DoorRefusedError
from databeheer.values import format_instant
from web import saying
from web.door import ask
from web.language import _
from web.portal import wording
from web.portal.chart import Bar, Tick, draw
from web.portal.consumed import Answer
from web.portal.own_readings import NOTHING_THERE
from web.portal.shown import Point
from web.portal.windows import Days, Span, Steps, Window

# A household's day in thousandths of kWh, each hour four quarters: asleep, breakfast, out, cooking, an evening at home.
_HOURS = (
    30,
    28,
    27,
    27,
    28,
    45,
    160,
    260,
    90,
    50,
    45,
    48,
    70,
    55,
    48,
    50,
    95,
    290,
    430,
    310,
    240,
    210,
    150,
    60,
)
_QUARTERS = (90, 115, 100, 95)
_EXAMPLE = tuple(hour * part // 100 for hour in _HOURS for part in _QUARTERS)
_HOUR_TICKS = 6


@dataclass(frozen=True)
class Picture:
    """Two drawings of one day; `day` None where it is invented. `index` is the entry that recorded the look."""

    fine: Markup
    whole: Markup
    unit: str
    steps: str
    day: date | None
    index: int | None


def of_points(points: Sequence[Point]) -> Picture:
    """Draw the last whole day of the first of these points that has one read within the day; else an invented one."""
    clock: Clock = current_app.config["WEB_CLOCK"]
    yesterday = day_of(clock.now()) - timedelta(days=1)
    for point in points:
        if point.last_reading_day is None:
            continue
        day = min(point.last_reading_day, yesterday)
        if day < point.begins or point.granularity_on(day) == "day":
            continue
        found = _own(point, day)
        if found is not None:
            values, unit, index = found
            steps = point.granularity_on(day)
            return _draw(values, unit, steps, day, index)
    return _draw(_EXAMPLE, "kWh", "quarter_hour", None, None)


def _own(point: Point, day: date) -> tuple[Sequence[int | None], str, int] | None:
    window = Window.around(day, Span.DAY, point.granularity_on(day))
    start, end = day_bounds(day)
    wish: dict[str, Any] = {
        "occupancy_id": point.occupancy_id,
        "purpose": "own_insight",
        "granularity": window.granularity,
        "mode": "clip",
        "from": format_instant(start),
        "until": format_instant(end),
    }
    try:
        answer = ask("readings.read", **wish)
    except DoorRefusedError as refusal:
        if refusal.code not in NOTHING_THERE:
            raise
        return None
    units = [str(channel["unit"]) for channel in answer["channels"] if channel["direction"] == "offtake"]
    if not units:
        return None
    steps = Steps.of(Days(day, day), point.granularity_on)
    measures = Answer(window, steps, answer["channels"]).measures(units[0])
    values = [offtake.value for offtake, _injection in measures]
    return (values, units[0], int(answer["index"])) if any(values) else None


def _draw(
    values: Sequence[int | None], unit: str, steps: str, day: date | None, index: int | None
) -> Picture:
    total = sum(value or 0 for value in values)
    when = saying.day(day) if day is not None else _("een verzonnen dag")
    per_hour = 4 if steps == "quarter_hour" else 1
    ticks = [
        Tick(slot, _("%(hour)s u", hour=slot // per_hour))
        for slot in range(0, len(values), _HOUR_TICKS * per_hour)
    ]
    fine = draw(
        [Bar(value, None) for value in values],
        ticks,
        name="fijn",
        title=_("Fijn gemeten: %(day)s", day=when),
        description=_(
            "Staafdiagram met %(count)s staven. U ziet op welke uren er veel en weinig verbruikt werd.",
            count=len(values),
        ),
    )
    whole = draw(
        [Bar(total, None)],
        [],
        name="dag",
        title=_("Per dag: %(day)s", day=when),
        description=_(
            "Eén staaf: %(total)s %(unit)s. U ziet niet op welk uur.",
            total=saying.thousandths(total),
            unit=unit,
        ),
    )
    return Picture(fine, whole, wording.UNITS[unit], steps, day, index)
