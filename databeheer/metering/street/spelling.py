"""How the variants of the export spell header, words, lines and file name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from databeheer.metering.street.plan import Style


@dataclass(frozen=True)
class Spelling:
    """One variant. `states`: read, estimated, no value. `last_column`: what the newest exports end with."""

    columns: str
    caloric_column: str
    last_column: str
    separator: str
    newline: str
    has_final_newline: bool
    meter_type: str
    offtake: str
    injection: str
    day: str
    night: str
    states: tuple[str, str, str]
    provisional: str
    definitive: str
    title: str
    commodities: tuple[str, str]
    resolutions: dict[int, str]

    def header(self, is_gas: bool) -> str:
        """Return the first line."""
        return self.columns + (f";{self.caloric_column}" if is_gas else "") + self.last_column

    def tail(self, unit: str, state: int, conversion: str, is_gas: bool) -> str:
        """Return what follows the volume in a row, its newline included."""
        caloric = f";{conversion}" if is_gas else ""
        empty_last = ";" if self.last_column else ""
        return f";{unit};{self.states[state]}{caloric}{empty_last}{self.newline}"

    def file_name(self, is_gas: bool, minutes: int, ean: str, first: date, last: date) -> str:
        """Return the name under which the file would be downloaded."""
        commodity = self.commodities[is_gas]
        return f"{self.title}_{commodity}_{ean}_{first:%Y%m%d}_{last:%Y%m%d}_{self.resolutions[minutes]}.csv"


_DUTCH_2024 = Spelling(
    columns=(
        "Van (datum);Van (tijdstip);Tot (datum);Tot (tijdstip);EAN-code;Meter;Metertype;Register;Volume;"
        "Eenheid;Validatiestatus"
    ),
    caloric_column="Calorische Bovenwaarde",
    last_column=";Omschrijving",
    separator="-",
    newline="\r\n",
    has_final_newline=True,
    meter_type="Digitale meter",
    offtake="Afname",
    injection="Injectie",
    day=" Dag",
    night=" Nacht",
    states=("Uitgelezen", "Geschat", "Geen verbruik"),
    provisional="Voorlopig",
    definitive="Definitief",
    title="Verbruikshistoriek",
    commodities=("elektriciteit", "gas"),
    resolutions={15: "kwartiertotalen", 60: "uurtotalen", 1440: "dagtotalen"},
)
_DUTCH_2021 = replace(
    _DUTCH_2024,
    columns=(
        "Van datum;Van tijdstip;Tot datum;Tot tijdstip;EAN;Meter;Metertype;Register;Volume;Eenheid;"
        "Validatiestatus"
    ),
    last_column="",
    newline="\n",
    has_final_newline=False,
    meter_type="Digitale Meter",
    states=("Gevalideerd", "Geschat", "Geen verbruik"),
)
_ENGLISH_2023 = Spelling(
    columns=(
        "From (date);From (time);Until (date);Until (time);EAN code;Meter;Meter type;Register;Volume;Unit;"
        "Validation status"
    ),
    caloric_column="Caloric upper value",
    last_column=";Description",
    separator="/",
    newline="\r\n",
    has_final_newline=True,
    meter_type="Digital meter",
    offtake="Offtake",
    injection="Injection",
    day=" Day",
    night=" Night",
    states=("Read", "Estimated", "No consumption"),
    provisional="",
    definitive="",
    title="Consumption_history",
    commodities=("electricity", "gas"),
    resolutions={15: "15 minute totals", 60: "hourly totals", 1440: "daily totals"},
)

SPELLINGS = {
    Style.DUTCH_2021: _DUTCH_2021,
    Style.DUTCH_2024: _DUTCH_2024,
    Style.ENGLISH_2023: _ENGLISH_2023,
}
