"""A bar chart as SVG text: classes and attributes only, so that the strict content policy lets it through.

Offtake stands above the axis, injection hangs below it and is hatched; a slot without a value is a hole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from web import dutch

WIDTH, HEIGHT = 960, 330
LEFT, RIGHT, TOP, BOTTOM = 62, 10, 14, 34
GRID_LINES = 4


@dataclass(frozen=True)
class Bar:
    """One slot: values in thousandths of the unit, None where nothing was measured."""

    offtake: int | None
    injection: int | None

    @property
    def is_gap(self) -> bool:
        return self.offtake is None and self.injection is None


@dataclass(frozen=True)
class Tick:
    """A label under the axis, at the start of the slot with this number."""

    slot: int
    label: str


def draw(bars: Sequence[Bar], ticks: Sequence[Tick], *, name: str, title: str, description: str) -> Markup:
    """Return the chart; `name` makes its ids unique on the page."""
    up = max((bar.offtake or 0 for bar in bars), default=0)
    down = max((bar.injection or 0 for bar in bars), default=0)
    step = _step(max(up, down))
    top, bottom = _round_up(up, step) or step, _round_up(down, step)
    scale = (HEIGHT - TOP - BOTTOM) / (top + bottom)
    zero = TOP + top * scale
    parts = [
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="{name}-title {name}-desc">',
        f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-desc">{escape(description)}</desc>',
        _hatch(name),
        _grid(-bottom, top, step, zero, scale),
        _slots(bars, zero, scale, name),
        f'<path class="axis" d="M{LEFT} {zero:.1f}H{WIDTH - RIGHT}"/>',
        _labels(ticks, len(bars)),
        "</svg>",
    ]
    return Markup("".join(parts))  # noqa: S704  (numbers, and words escaped above)


def _hatch(name: str) -> str:
    return (
        f'<defs><pattern id="{name}-hatch" width="5" height="5" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)"><rect class="hatch-ground" width="5" height="5"/>'
        '<path class="hatch-line" d="M0 0V5"/></pattern></defs>'
    )


def _grid(low: int, high: int, step: int, zero: float, scale: float) -> str:
    lines = []
    for value in range(low, high + 1, step):
        y = zero - value * scale
        lines.append(f'<path class="rule" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>')
        label = dutch.thousandths(abs(value), _places(step))
        lines.append(f'<text x="{LEFT - 8}" y="{y + 4.5:.1f}" text-anchor="end">{label}</text>')
    return "".join(lines)


def _slots(bars: Sequence[Bar], zero: float, scale: float, name: str) -> str:
    width = (WIDTH - LEFT - RIGHT) / max(len(bars), 1)
    thick = max(width * 0.84, 1.0)
    offtake, injection, gaps = [], [], []
    for number, bar in enumerate(bars):
        x = LEFT + number * width
        if bar.is_gap:
            gaps.append(f"M{x:.1f} {TOP}h{width:.2f}V{HEIGHT - BOTTOM}h-{width:.2f}z")
        if bar.offtake:
            offtake.append(f"M{x:.1f} {zero:.1f}v-{bar.offtake * scale:.1f}h{thick:.1f}V{zero:.1f}z")
        if bar.injection:
            injection.append(f"M{x:.1f} {zero:.1f}v{bar.injection * scale:.1f}h{thick:.1f}V{zero:.1f}z")
    return (
        f'<path class="gap" d="{"".join(gaps)}"/><path class="bar-offtake" d="{"".join(offtake)}"/>'
        f'<path class="bar-injection" fill="url(#{name}-hatch)" d="{"".join(injection)}"/>'
    )


def _labels(ticks: Sequence[Tick], slots: int) -> str:
    width = (WIDTH - LEFT - RIGHT) / max(slots, 1)
    return "".join(
        f'<text x="{LEFT + tick.slot * width:.1f}" y="{HEIGHT - 10}" text-anchor="middle">{escape(tick.label)}</text>'
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
