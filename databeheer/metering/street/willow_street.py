"""The street of the demo: Wilgenstraat in Wilgerode, a municipality that does not exist."""

from __future__ import annotations

from datetime import date, timedelta

from databeheer.metering.street.plan import (
    Load,
    PlannedAddress,
    PlannedContract,
    PlannedOccupancy,
    PlannedPerson,
    PlannedPoint,
    Rhythm,
    StreetPlan,
    Style,
    invented_ean,
)
from databeheer.values import Commodity, ProfileType

MUNICIPALITY = "Wilgerode"
NIS_CODE = "44999"
"""Of no municipality: the arrondissement is Ghent's, and no number in it is so high."""
_POSTCODE = "9999"
_YEARS = 2

_PEOPLE = (
    PlannedPerson("maria", "Maria Verhaegen", "maria.verhaegen@post.example", 1956),
    PlannedPerson("lotte", "Lotte Claes", "lotte.claes@post.example", 1988),
    PlannedPerson("joris", "Joris Mertens", "joris.mertens@post.example", 1979),
    PlannedPerson("fatima", "Fatima El Amrani", "fatima.elamrani@post.example", 1985),
    PlannedPerson("wouter", "Wouter Dierckx", "wouter.dierckx@post.example", 1982),
    PlannedPerson("kompas", "Kompas Architecten bv", "kantoor@kompas.example"),
    PlannedPerson("pieter", "Pieter Wauters", "pieter.wauters@post.example", 1991),
    PlannedPerson("amina", "Amina Bakkali", "amina.bakkali@post.example", 1994),
    PlannedPerson("greta", "Greta Lambrecht", "greta.lambrecht@post.example", 1961),
    PlannedPerson("koen", "Koen Segers", "koen.segers@post.example", 1970),
    PlannedPerson("els", "Els Vandamme", "els.vandamme@post.example", 1998),
    PlannedPerson("tom", "Tom Nijs", "tom.nijs@post.example", 1976),
    PlannedPerson("hilde", "Hilde Baert", "hilde.baert@post.example", 1967),
)

# key, house number, style, slot minutes, solar kW, two registers
_ELECTRICITY = (
    ("maria", "3", Style.DUTCH_2024, 15, 0.0, True),
    ("lotte", "5", Style.ENGLISH_2023, 15, 4.2, True),
    ("joris", "7", Style.DUTCH_2021, 15, 0.0, True),
    ("fatima", "9", Style.ENGLISH_2023, 15, 5.5, True),
    ("wouter", "11", Style.DUTCH_2024, 15, 6.3, True),
    ("kompas", "12", Style.ENGLISH_2023, 15, 0.0, True),
    ("corner", "13", Style.DUTCH_2024, 15, 0.0, True),
    ("greta", "15", Style.ENGLISH_2023, 15, 0.0, True),
    ("koen", "17", Style.DUTCH_2024, 1440, 0.0, True),
    ("els", "19 bus 2", Style.ENGLISH_2023, 15, 0.0, True),
    ("tom", "21", Style.DUTCH_2021, 15, 3.6, True),
    ("hilde", "23", Style.ENGLISH_2023, 15, 0.0, False),
)
_GAS = (
    ("maria", "3", Style.DUTCH_2024),
    ("lotte", "5", Style.ENGLISH_2023),
    ("kompas", "12", Style.DUTCH_2021),
    ("tom", "21", Style.ENGLISH_2023),
)

_LOADS = {
    "maria": Load(Rhythm.RETIRED, 2100, 70),
    "lotte": Load(Rhythm.FAMILY, 3300, 90),
    "joris": Load(Rhythm.WORKER, 2600, 80),
    "fatima": Load(Rhythm.FAMILY, 3600, 90, has_electric_car=True),
    "wouter": Load(Rhythm.FAMILY, 3900, 110, heat_pump_kwh=3800),
    "kompas": Load(Rhythm.OFFICE, 14500, 320),
    "greta": Load(Rhythm.HOLIDAY_HOME, 750, 35),
    "koen": Load(Rhythm.WORKER, 2900, 75),
    "els": Load(Rhythm.WORKER, 1500, 45),
    "tom": Load(Rhythm.FAMILY, 4100, 100),
    "hilde": Load(Rhythm.RETIRED, 1900, 55),
}
_GAS_LOADS = {
    "maria": Load(Rhythm.RETIRED, 17000),
    "lotte": Load(Rhythm.FAMILY, 13500),
    "kompas": Load(Rhythm.OFFICE, 31000),
    "tom": Load(Rhythm.FAMILY, 16500),
}


def willow_street(last_day: date, *, seed: int = 2026) -> StreetPlan:
    """Return the street with two years of readings up to and including `last_day`.

    Twelve points with electricity and four with gas: the keys are those of the people who live there
    (`maria`, and `maria-gas`), but `corner`, where Pieter moved out and Amina in, a little over a year before the
    last day. Koen's quarter-hours are not read. Every point has the supplier `supplier`, but two.
    """
    first_day = _years_before(last_day) + timedelta(days=1)
    points = (*_electricity_points(), *_gas_points())
    occupancies = tuple(_occupancies(first_day, last_day))
    return StreetPlan(
        municipality=MUNICIPALITY,
        nis_code=NIS_CODE,
        first_day=first_day,
        last_day=last_day,
        seed=seed,
        people=_PEOPLE,
        points=points,
        occupancies=occupancies,
        contracts=tuple(
            PlannedContract(
                occupancy.point,
                "other_supplier" if occupancy.point in ("joris", "els") else "supplier",
                max(occupancy.first_day, first_day - timedelta(days=200)),
                occupancy.until,
            )
            for occupancy in occupancies
            if occupancy.person is not None
        ),
    )


def _years_before(last_day: date) -> date:
    # 29 February has no namesake two years earlier.
    day = min(last_day.day, 28) if last_day.month == 2 else last_day.day
    return last_day.replace(year=last_day.year - _YEARS, day=day)


def _address(number: str) -> PlannedAddress:
    return PlannedAddress("Wilgenstraat", number, _POSTCODE, MUNICIPALITY)


def _electricity_points() -> list[PlannedPoint]:
    return [
        PlannedPoint(
            key=key,
            ean=invented_ean(1001 + serial),
            commodity=Commodity.ELECTRICITY,
            meter_number=f"1SAG998{1001 + serial:07d}",
            address=_address(number),
            style=style,
            slot_minutes=minutes,
            solar_kw=solar_kw,
            has_two_registers=two,
            profile_type=_profile_type(key, solar_kw),
        )
        for serial, (key, number, style, minutes, solar_kw, two) in enumerate(_ELECTRICITY)
    ]


def _profile_type(key: str, solar_kw: float) -> ProfileType:
    if key == "kompas":
        return ProfileType.BUSINESS
    return ProfileType.HOUSEHOLD_PRODUCTION if solar_kw else ProfileType.HOUSEHOLD


def _gas_points() -> list[PlannedPoint]:
    return [
        PlannedPoint(
            key=f"{key}-gas",
            ean=invented_ean(2001 + serial),
            commodity=Commodity.GAS,
            meter_number=f"7FLO998{2001 + serial:07d}",
            address=_address(number),
            style=style,
            slot_minutes=60,
            has_two_registers=False,
            profile_type=_profile_type(key, 0.0),
        )
        for serial, (key, number, style) in enumerate(_GAS)
    ]


def _occupancies(first_day: date, last_day: date) -> list[PlannedOccupancy]:
    """Everybody lives where the plan says since before the readings, but for the move."""
    long_ago = date(first_day.year - 4, 5, 1)
    moved_out = last_day - timedelta(days=375)
    moved_in = moved_out + timedelta(days=9)
    occupancies = [PlannedOccupancy(key, key, long_ago, None, load) for key, load in _LOADS.items()]
    occupancies += [
        PlannedOccupancy(f"{key}-gas", key, long_ago, None, load) for key, load in _GAS_LOADS.items()
    ]
    occupancies += [
        PlannedOccupancy("corner", "pieter", long_ago, moved_out, Load(Rhythm.WORKER, 2300, 65)),
        PlannedOccupancy("corner", None, moved_out, moved_in, Load(Rhythm.NOBODY, 0, 20)),
        PlannedOccupancy("corner", "amina", moved_in, None, Load(Rhythm.FAMILY, 3700, 85)),
    ]
    return occupancies
