"""What was measured where something else stands: kept behind the values, in the same sealed bytes (R67, ADR 0033).

Behind the values of a profile of version 3 stand, big-endian: bytes of a value (2, 4 or 8) and number of originals, one
byte each; of each original its slot, the rule that it broke and the method of the estimate in its place, one byte each
(0 for none); then their values, below zero too. `profile.with_originals` writes them there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

LOOKED_AT = "Wat uw meter op %(day)s mat en wat daarvoor in de plaats kwam, is bekeken. Waarom: %(task)s."
"""What the log says to who lived there, where somebody looked at originals (`databeheer.sentences`)."""
_WIDTHS = (2, 4, 8)
_HEAD, _EACH = 2, 3


@dataclass(frozen=True, slots=True)
class Original:
    """One measured value that was not kept as a value, in thousandths of the channel's unit.

    `rule` and `method` are numbers of docs/reference/validation.md; `method` 0: nothing stands in its place.
    """

    slot: int
    value: int
    rule: int
    method: int


def written(originals: Sequence[Original], slots: int) -> bytes:
    """Return the bytes of some originals of a day of so many slots.

    Raises:
        ValueError: none, not in order, twice in a slot, in none of the day's, or larger than 63 bits.
    """
    places = [one.slot for one in originals]
    if not places or places != sorted(set(places)) or not 0 <= places[0] <= places[-1] < slots:
        raise ValueError("originals stand in order, each in a slot of the day")
    width = next((width for width in _WIDTHS if all(_fits(one.value, width) for one in originals)), None)
    if width is None:
        raise ValueError("an original is too large")
    head = bytes((width, len(originals)))
    each = b"".join(bytes((one.slot, one.rule, one.method)) for one in originals)
    return head + each + b"".join(one.value.to_bytes(width, "big", signed=True) for one in originals)


def read(tail: bytes, slots: int) -> tuple[Original, ...]:
    """Return the originals that `written` wrote, with zeros behind them.

    Raises:
        ValueError: any other bytes, another spelling of the same originals included.
    """
    width, count = tail[:_HEAD].ljust(_HEAD, b"\0")
    begin = _HEAD + _EACH * count
    end = begin + width * count
    if width not in _WIDTHS or end > len(tail) or any(tail[end:]):
        raise ValueError("the originals are not written as they should be")
    found = tuple(
        Original(
            tail[_HEAD + _EACH * n],
            int.from_bytes(tail[begin + width * n : begin + width * (n + 1)], "big", signed=True),
            *tail[_HEAD + _EACH * n + 1 : _HEAD + _EACH * (n + 1)],
        )
        for n in range(count)
    )
    if written(found, slots) != tail[:end]:
        raise ValueError("the originals are not written as they should be")
    return found


def _fits(value: int, width: int) -> bool:
    return -(1 << 8 * width - 1) <= value < 1 << 8 * width - 1
