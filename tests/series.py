"""The door's series as the slots that they stand for, and back: as tests read and write them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from databeheer.brussels import slot_starts
from databeheer.metering.aggregate import Slot
from databeheer.metering.profile import ProfileError, ProfileLike
from databeheer.metering.series import series_of, slots_of_channel
from databeheer.metering.states import Conversion, Register, State
from databeheer.values import format_instant, parse_instant


def slots_of(day: date, profile: ProfileLike) -> list[Slot]:
    """Return the slots of a Brussels day.

    Raises:
        ProfileError: the profile has another number of slots than the day.
    """
    minutes = profile.slot_minutes
    starts = slot_starts(day, minutes) if minutes in (15, 60) else ()
    if len(starts) != len(profile.values):
        raise ProfileError("the profile does not fit the day")
    step = timedelta(minutes=minutes)
    conversions = profile.conversions or (None,) * len(starts)
    return [
        Slot(start, start + step, value, state, register, conversion, int(value is None))
        for start, value, state, register, conversion in zip(
            starts, profile.values, profile.states, profile.registers, conversions, strict=True
        )
    ]


def slots_in(channel: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the slots of one channel of an answer, each by its members."""
    return [
        {
            "start": format_instant(slot.start),
            "end": format_instant(slot.end),
            "value": slot.value,
            "state": slot.state.value,
            "register": slot.register.value if slot.register else None,
            "conversion": slot.conversion.value if slot.conversion else None,
            "missing": slot.missing,
        }
        for slot in slots_of_channel(channel)
    ]


def as_series(found: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return what the door would answer for these slots of one channel, in order of their starts."""
    return [one.view() for one in series_of(map(_slot, found))]


def _slot(members: Mapping[str, Any]) -> Slot:
    register, conversion = members.get("register"), members.get("conversion")
    return Slot(
        parse_instant(members["start"]),
        parse_instant(members["end"]),
        members["value"],
        State(members["state"]),
        Register(register) if register else None,
        Conversion(conversion) if conversion else None,
        members.get("missing", 0),
    )
