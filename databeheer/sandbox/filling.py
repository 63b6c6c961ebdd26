"""Fills a sandbox: invented access points of every kind that a code can name, who lives there, and what they use.

Everything passes the same commands and the same intake as in production; only the people and the readings are made up.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import Engine

from databeheer.door.client import DoorClient, DoorRefusedError, Proof
from databeheer.errors import ConflictError
from databeheer.metering.exports import read_export
from databeheer.metering.intake import take_in
from databeheer.metering.street.plan import (
    Load,
    PlannedAddress,
    PlannedOccupancy,
    PlannedPerson,
    PlannedPoint,
    Quality,
    Rhythm,
    StreetPlan,
    Style,
)
from databeheer.metering.street.street import Street
from databeheer.sandbox.codes import SandboxCode
from databeheer.values import Commodity, ProfileType

MOST_NUMBERS = 20
DAYS = 400
"""Of how many days up to yesterday there are readings: more than a year, so that a year can be compared."""
_MUNICIPALITY = "Proefstad"
_NIS_CODE = "44999"  # of no municipality
_RHYTHMS = (Rhythm.FAMILY, Rhythm.WORKER, Rhythm.RETIRED, Rhythm.OFFICE)


@dataclass(frozen=True)
class Means:
    """What filling works with: the door, the keys of operator and intake, and intake's database login."""

    door: DoorClient
    operator_key: str
    intake_key: str
    intake: Engine

    def operator(self, command: str, **arguments: object) -> dict[str, object]:
        """Give a command as the operator."""
        return self.door.call(command, Proof.operator(self.operator_key), **arguments)


def codes(numbers: int) -> list[SandboxCode]:
    """Return the codes that are filled: `numbers` of each kind; gas injects nothing."""
    return [
        SandboxCode(commodity, has_injection, by_quarter, number)
        for commodity in Commodity
        for has_injection in ((False, True) if commodity is Commodity.ELECTRICITY else (False,))
        for by_quarter in (False, True)
        for number in range(1, numbers + 1)
    ]


def fill(
    means: Means,
    wanted: Sequence[SandboxCode],
    last_day: date,
    progress: Callable[[int, int], None] | None = None,
    *,
    days: int = DAYS,
    quality: Quality = Quality.ORDINARY,
) -> None:
    """Register what is not there yet, and take in readings up to and including `last_day`.

    Filled again, a sandbox gets the days since, and the same readings for those before.

    Raises:
        DoorRefusedError: the door refuses something that is no repetition.
    """
    plan = _plan(wanted, last_day, days, quality)
    street = Street(plan)
    with tempfile.TemporaryDirectory(prefix="databeheer-sandbox-") as folder:
        for done, (code, point) in enumerate(zip(wanted, plan.points, strict=True), start=1):
            settle(means, code, point)
            export = read_export(street.write_export(point, Path(folder)))
            take_in(export, means.door, means.intake_key, means.intake)
            if progress is not None:
                progress(done, len(wanted))


def settle(means: Means, code: SandboxCode, point: PlannedPoint | None = None) -> None:
    """Register an access point and let somebody live there, where that was not done before."""
    point = point or next(_points([code], Quality.ORDINARY))
    try:
        means.operator(
            "registry.access_point.register",
            ean=point.ean.digits,
            commodity=point.commodity.value,
            address=str(point.address),
            municipality=_NIS_CODE,
            profile_type=point.profile_type.value,
        )
    except DoorRefusedError as error:
        if error.code != ConflictError.code:
            raise
        return
    person = means.operator("registry.person.add", subject=subject_of(code), name=name_of(code))
    means.operator(
        "registry.occupancy.begin",
        ean=point.ean.digits,
        person_id=person["person_id"],
        from_day="2020-01-01",
        interval_reading=code.by_quarter,
    )


def subject_of(code: SandboxCode) -> str:
    """As whom the customer of this access point logs in."""
    return f"sandbox-{code.text}"


def name_of(code: SandboxCode) -> str:
    """What the customer of this access point is called."""
    return f"Proefklant {code.text[5:8]}-{code.number:03d}"


def _plan(wanted: Sequence[SandboxCode], last_day: date, days: int, quality: Quality) -> StreetPlan:
    first_day = last_day - timedelta(days=days - 1)
    return StreetPlan(
        municipality=_MUNICIPALITY,
        nis_code=_NIS_CODE,
        first_day=first_day,
        last_day=last_day,
        seed=6,
        people=tuple(PlannedPerson(code.text, name_of(code), "proefklant@post.example") for code in wanted),
        points=tuple(_points(wanted, quality)),
        occupancies=tuple(
            PlannedOccupancy(code.text, code.text, first_day, None, _load(code)) for code in wanted
        ),
        contracts=(),
    )


def _points(wanted: Sequence[SandboxCode], quality: Quality) -> Iterator[PlannedPoint]:
    for code in wanted:
        is_gas = code.commodity is Commodity.GAS
        fine = 60 if is_gas else 15
        yield PlannedPoint(
            key=code.text,
            ean=code.ean,
            commodity=code.commodity,
            meter_number=f"{'7FLO' if is_gas else '1SAG'}998{code.ean.digits[10:17]}",
            address=PlannedAddress("Proefstraat", str(code.number), "9999", _MUNICIPALITY),
            style=Style.DUTCH_2024,
            slot_minutes=fine if code.by_quarter else 1440,
            solar_kw=4.0 if code.has_injection else 0.0,
            profile_type=ProfileType.HOUSEHOLD_PRODUCTION if code.has_injection else ProfileType.HOUSEHOLD,
            has_two_registers=not is_gas,
            quality=quality,
        )


def _load(code: SandboxCode) -> Load:
    rhythm = _RHYTHMS[code.number % len(_RHYTHMS)]
    return Load(
        rhythm, 15_000 if code.commodity is Commodity.GAS else 2_500 + 100 * (code.number % MOST_NUMBERS)
    )
