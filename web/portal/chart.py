"""A bar chart as SVG text: classes and attributes only, so that the strict content policy lets it through.

Offtake stands above the axis, injection hangs below it and is striped; what lacks values has a pale band behind it, and
what was estimated a ring at its end. Bars of a year before are outlines beside those of now. The bars become as wide as
the screen lets them, the letters do not: so a small screen never scrolls sideways.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from web import saying

WIDTH, HEIGHT = 1000, 330
"""The bars' own scale across, which is stretched to the screen; and the height in pixels."""
TOP, BOTTOM = 16, 34
GRID_LINES = 4
_SPARE = ' class="spare"'


@dataclass(frozen=True)
class Bar:
    """One slot: values in thousandths of the unit, None where nothing was measured; `before` those of a year before.

    `lacks`: some or all of it was not measured, which is also so where there is no value at all. `is_outside`: there
    can be no value, so that the lack of one is no hole.
    """

    offtake: int | None
    injection: int | None
    before: tuple[int | None, int | None] = (None, None)
    lacks: bool = False
    is_outside: bool = False
    is_estimated: bool = False

    @property
    def is_gap(self) -> bool:
        return not self.is_outside and (self.lacks or (self.offtake is None and self.injection is None))


@dataclass(frozen=True)
class Tick:
    """A label under the slot with this number; one that `is_spare` gives way on a small screen."""

    slot: int
    label: str
    is_spare: bool = False


def draw(bars: Sequence[Bar], ticks: Sequence[Tick], *, name: str, title: str, description: str) -> Markup:
    """Return the chart; `name` makes its ids unique on the page."""
    up = max((value or 0 for bar in bars for value in (bar.offtake, bar.before[0])), default=0)
    down = max((value or 0 for bar in bars for value in (bar.injection, bar.before[1])), default=0)
    step = _step(max(up, down))
    top, bottom = _round_up(up, step) or step, _round_up(down, step)
    scale = (HEIGHT - TOP - BOTTOM) / (top + bottom)
    zero = TOP + top * scale
    parts = [
        f'<div class="chart" role="img" aria-labelledby="{name}-title {name}-desc">',
        f'<svg class="chart-scale" height="{HEIGHT}">{_scale(-bottom, top, step, zero, scale)}</svg>',
        f'<svg class="chart-plot" height="{HEIGHT}" overflow="visible">',
        f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-desc">{escape(description)}</desc>',
        _stripes(name),
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="100%" height="{HEIGHT}" preserveAspectRatio="none">',
        _gaps(bars),
        _rules(-bottom, top, step, zero, scale),
        _slots(bars, zero, scale, name),
        f'<path class="axis" d="M0 {zero:.1f}H{WIDTH}"/></svg>',
        _rings(bars, zero, scale),
        _labels(ticks, len(bars)),
        "</svg></div>",
    ]
    return Markup("".join(parts))  # noqa: S704  (numbers, and words escaped above)


def _stripes(name: str) -> str:
    # Level, because the bars are stretched sideways: slanted ones would lie down.
    return (
        f'<defs><pattern id="{name}-hatch" width="8" height="5" patternUnits="userSpaceOnUse">'
        '<rect class="hatch-ground" width="8" height="5"/><path class="hatch-line" d="M0 1H8"/></pattern></defs>'
    )


def _scale(low: int, high: int, step: int, zero: float, scale: float) -> str:
    return "".join(
        f'<text x="100%" dx="-0.5em" y="{zero - value * scale + 4.5:.1f}">'
        f"{saying.thousandths(abs(value), _places(step))}</text>"
        for value in range(low, high + 1, step)
    )


def _rules(low: int, high: int, step: int, zero: float, scale: float) -> str:
    lines = (f"M0 {zero - value * scale:.1f}H{WIDTH}" for value in range(low, high + 1, step))
    return f'<path class="rule" d="{"".join(lines)}"/>'


def _gaps(bars: Sequence[Bar]) -> str:
    width = WIDTH / max(len(bars), 1)
    bands = (
        f"M{number * width:.1f} {TOP}h{width:.2f}V{HEIGHT - BOTTOM}h-{width:.2f}z"
        for number, bar in enumerate(bars)
        if bar.is_gap
    )
    return f'<path class="gap" d="{"".join(bands)}"/>'


def _slots(bars: Sequence[Bar], zero: float, scale: float, name: str) -> str:
    width = WIDTH / max(len(bars), 1)
    has_before = any(value is not None for bar in bars for value in bar.before)
    thick = width * (0.42 if has_before else 0.84)
    now: tuple[list[str], list[str]] = ([], [])
    before: list[str] = []
    for number, bar in enumerate(bars):
        x = (number + 0.08) * width
        for way, (value, past) in enumerate(zip((bar.offtake, bar.injection), bar.before, strict=True)):
            if value:
                now[way].append(_column(x, value, zero, scale, thick, way))
            if past:
                before.append(_column(x + thick, past, zero, scale, thick, way))
    beside = f'<path class="bar-before" d="{"".join(before)}"/>' if before else ""
    return (
        f'<path class="bar-offtake" d="{"".join(now[0])}"/>'
        f'<path class="bar-injection" fill="url(#{name}-hatch)" d="{"".join(now[1])}"/>{beside}'
    )


def _column(x: float, value: int, zero: float, scale: float, thick: float, way: int) -> str:
    """A bar up from the axis, or, of the second way, down."""
    return f"M{x:.1f} {zero:.1f}v{value * scale * (1 if way else -1):.1f}h{thick:.1f}V{zero:.1f}z"


def _rings(bars: Sequence[Bar], zero: float, scale: float) -> str:
    width = 100 / max(len(bars), 1)
    share = 0.29 if any(value is not None for bar in bars for value in bar.before) else 0.5
    rings = (
        f'<circle cx="{(number + share) * width:.2f}%" cy="{zero - (bar.offtake or 0) * scale - 6:.1f}" r="3"/>'
        for number, bar in enumerate(bars)
        if bar.is_estimated
    )
    drawn = "".join(rings)
    return f'<g class="estimated">{drawn}</g>' if drawn else ""


def _labels(ticks: Sequence[Tick], slots: int) -> str:
    width = 100 / max(slots, 1)
    return "".join(
        f'<text x="{(tick.slot + 0.5) * width:.2f}%" y="{HEIGHT - 10}"{_SPARE if tick.is_spare else ""}>'
        f"{escape(tick.label)}</text>"
        for tick in ticks
    )


def _step(highest: int) -> int:
    """A round step (1, 2 or 5 times a power of ten) that gives about four lines."""
    step = 1
    for factor in _factors():
        step = factor
        if factor * GRID_LINES >= highest:
            break
    return max(step, 10)


def _factors() -> Sequence[int]:
    return [base * 10**power for power in range(16) for base in (1, 2, 5)]


def _round_up(value: int, step: int) -> int:
    return -(-value // step) * step


def _places(step: int) -> int:
    return 0 if step % 1000 == 0 else 1 if step % 100 == 0 else 2
