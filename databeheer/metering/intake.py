"""Take an export in: whole or not at all, and the same file twice changes nothing.

Intake knows files and pseudonyms, never who lives where: the door gives it, for each channel-day of one batch,
the pseudonym and the keys of the next version, and makes all rows readable at once when they are stored.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Engine

from databeheer.door.client import DoorClient, DoorRefusedError, Proof
from databeheer.errors import ConflictError
from databeheer.metering.channel import DAY_MINUTES, ChannelDay
from databeheer.metering.errors import FutureDaysError as FutureDaysError
from databeheer.metering.errors import UnknownAccessPointError as UnknownAccessPointError
from databeheer.metering.exports import ExportFile
from databeheer.metering.profile import pack
from databeheer.metering.sealing import Coordinates, fingerprint, seal_profile
from databeheer.metering.states import State
from databeheer.metering.storing import SealedRow, store_rows
from databeheer.metering.totals import pack_total, total_of
from databeheer.values import EAN

Progress = Callable[[int, int], None]


@dataclass
class IntakeReport:
    """What one file changed. Days are channel-days: one channel on one Brussels day."""

    file: ExportFile
    new_days: int = 0
    corrected_days: int = 0
    unchanged_days: int = 0
    kept_days: int = 0
    """Days of which more is stored already: the file has a part only (the first day of a gas export), or only
    totals where quarter-hours or hours are stored."""
    erased_days: int = 0
    """Days of a stay whose readings were erased: they do not come back with an old file."""
    batch: int | None = None
    ledger_index: int | None = None

    @property
    def changed(self) -> bool:
        return bool(self.new_days or self.corrected_days)


@dataclass(frozen=True)
class _Channel:
    """One channel of the file with its days."""

    ean: EAN
    first: ChannelDay
    days: dict[date, ChannelDay] = field(default_factory=dict)

    def asked(self) -> dict[str, Any]:
        """What the door needs to know of it."""
        return {
            "ean": self.ean.digits,
            "commodity": self.first.commodity.value,
            "meter": self.first.meter_number,
            "direction": self.first.direction.value,
            "unit": self.first.unit.value,
            "intervals": any(day.slot_minutes != DAY_MINUTES for day in self.days.values()),
            "days": [day.isoformat() for day in sorted(self.days)],
        }

    def profiles(self) -> dict[date, bytes]:
        """The profiles of the days that have slots."""
        return {day: pack(one) for day, one in self.days.items() if one.slot_minutes != DAY_MINUTES}


def take_in(
    export: ExportFile,
    door: DoorClient,
    intake_key: str,
    engine: Engine,
    *,
    register: bool = False,
    progress: Progress | None = None,
) -> IntakeReport:
    """Store what an export brings that is new: new channel-days, and a new version of corrected ones.

    Args:
        intake_key: intake's own key, which the door takes as proof; it is good for nothing else.
        engine: a database login of the role `intake`.
        register: make an unknown access point known, as a vacant one.
        progress: called with channel-days done and in all.

    Raises:
        UnknownAccessPointError: an access point is not registered and `register` is not set.
        FutureDaysError: a day of the file is after today.
        ConflictError: another intake stored the same days meanwhile.
        DatabeheerError: what else the door refuses; in every case nothing of the file was stored.
    """
    channels = _channels(export.days)
    proof = Proof.intake(intake_key)
    opened = _open(door, proof, export, channels, register=register)
    report = IntakeReport(export, batch=opened["batch"])
    rows: list[SealedRow] = []
    done = 0
    for channel, answer in zip(channels, opened["channels"], strict=True):
        profiles = channel.profiles()
        # All days are padded to one size: one busy day must not stand out by its length.
        size = max(map(len, profiles.values()), default=0)
        report.erased_days += answer["erased"]
        for keys in answer["days"]:
            day = date.fromisoformat(keys["day"])
            row = _seal(channel.days[day], profiles.get(day), keys, report, size)
            if row is not None:
                rows.append(row)
            done += 1
            if progress and done % 50 == 0:
                progress(done, len(export.days))
    if rows:
        store_rows(engine, rows, opened["batch"], opened["operator"])
        report.ledger_index = _stored(door, proof, opened["batch"], len(rows))
    if progress:
        progress(len(export.days), len(export.days))
    return report


def _channels(days: Iterable[ChannelDay]) -> list[_Channel]:
    channels: dict[tuple[str, str, str, str], _Channel] = {}
    for day in days:
        name = (day.ean.digits, day.meter_number, day.direction.value, day.unit.value)
        channels.setdefault(name, _Channel(day.ean, day)).days[day.day] = day
    return list(channels.values())


def _open(
    door: DoorClient, proof: Proof, export: ExportFile, channels: list[_Channel], *, register: bool
) -> dict[str, Any]:
    try:
        return door.call(
            "intake.open",
            proof,
            sha256=export.sha256,
            register=register,
            channels=[channel.asked() for channel in channels],
        )
    except DoorRefusedError as error:
        if error.code == UnknownAccessPointError.code:
            raise UnknownAccessPointError("an access point in this file is not registered") from error
        if error.code == FutureDaysError.code:
            raise FutureDaysError(str(error)) from error
        raise


def _stored(door: DoorClient, proof: Proof, batch: int, profiles: int) -> int:
    """Say that all rows are there, which makes them readable; returns the entry's index."""
    try:
        return int(door.call("intake.stored", proof, batch=batch, profiles=profiles)["index"])
    except DoorRefusedError as error:
        if error.code == "stored-meanwhile":
            raise ConflictError(str(error)) from error
        raise


def _seal(
    day: ChannelDay, values: bytes | None, keys: dict[str, Any], report: IntakeReport, size: int
) -> SealedRow | None:
    """Seal one channel-day; None where the newest stored version says the same, or more."""
    total = pack_total(total_of(day))
    same = fingerprint(b64decode(keys["sameness_key"]), (values or b"") + total)
    if keys["fingerprint"] is not None and b64decode(keys["fingerprint"]) == same:
        report.unchanged_days += 1
        return None
    if (keys["fingerprint"] is not None and State.ABSENT in day.states) or (
        values is None and keys["has_values"]
    ):
        report.kept_days += 1
        return None
    if (
        keys["fingerprint"] is None
    ):  # nothing that can be read: no version, or those of intakes that broke off
        report.new_days += 1
    else:
        report.corrected_days += 1
    where = Coordinates(b64decode(keys["pseudonym"]), b64decode(keys["channel"]), day.day, keys["version"])

    def sealed(part: str, plain: bytes) -> bytes:
        return seal_profile(b64decode(keys[f"{part}_key"]), plain, same, where, part)

    return SealedRow(
        where.pseudonym,
        where.channel,
        day.day,
        where.version,
        same,
        sealed("values", values.ljust(size, b"\0")) if values is not None else None,
        sealed("total", total),
    )
