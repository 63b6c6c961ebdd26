"""The words of the newest Mijn Fluvius export, Dutch and English: what `columns` reads, spelled as it is written.

Source: exports of 2023 and 2024. Dates are `29-10-2023` in a Dutch file and `29/10/2023` in an English one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from databeheer.metering.columns import Column
from databeheer.metering.states import Conversion, Register, State, Unit
from databeheer.values import Direction


@dataclass(frozen=True)
class Words:
    """How one language of the export spells its header and its cells; `date` is a `strftime` format."""

    header: Mapping[Column, str]
    date: str
    meter_type: str
    directions: Mapping[Direction, str]
    registers: Mapping[Register, str]
    states: Mapping[State, str]
    conversions: Mapping[Conversion | None, str]
    one_missing: str
    many_missing: str

    def register(self, direction: Direction, register: Register) -> str:
        """`Afname Nacht`; the direction alone for a meter without tariffs."""
        return f"{self.directions[direction]} {self.registers[register]}".rstrip()

    def missing(self, count: int) -> str:
        """The remark of a sum that lacks values; empty where none is lacking."""
        if not count:
            return ""
        return self.one_missing if count == 1 else self.many_missing.format(count)


DUTCH = Words(
    header={
        Column.FROM_DATE: "Van (datum)",
        Column.FROM_TIME: "Van (tijdstip)",
        Column.UNTIL_DATE: "Tot (datum)",
        Column.UNTIL_TIME: "Tot (tijdstip)",
        Column.EAN: "EAN-code",
        Column.METER: "Meter",
        Column.METER_TYPE: "Metertype",
        Column.REGISTER: "Register",
        Column.VOLUME: "Volume",
        Column.UNIT: "Eenheid",
        Column.STATE: "Validatiestatus",
        Column.CONVERSION: "Calorische Bovenwaarde",
        Column.DESCRIPTION: "Omschrijving",
    },
    date="%d-%m-%Y",
    meter_type="Digitale Meter",
    directions={Direction.OFFTAKE: "Afname", Direction.INJECTION: "Injectie"},
    registers={
        Register.TOTAL: "",
        Register.DAY: "Dag",
        Register.NIGHT: "Nacht",
        Register.REACTIVE: "Reactief",
        Register.INDUCTIVE: "Inductief",
        Register.CAPACITIVE: "Capacitief",
    },
    states={
        State.READ: "Uitgelezen",
        State.EST: "Geschat",
        State.VAL: "Gevalideerd",
        State.NVAL: "Niet gevalideerd",
        State.NONE: "Geen verbruik",
    },
    conversions={
        None: "",
        Conversion.PROVISIONAL: "Voorlopig",
        Conversion.DEFINITIVE: "Definitief",
        Conversion.CONSTANT: "Constant",
    },
    one_missing="1 waarde ontbreekt",
    many_missing="{} waarden ontbreken",
)

ENGLISH = Words(
    header={
        Column.FROM_DATE: "From (date)",
        Column.FROM_TIME: "From (time)",
        Column.UNTIL_DATE: "Until (date)",
        Column.UNTIL_TIME: "Until (time)",
        Column.EAN: "EAN code",
        Column.METER: "Meter",
        Column.METER_TYPE: "Meter type",
        Column.REGISTER: "Register",
        Column.VOLUME: "Volume",
        Column.UNIT: "Unit",
        Column.STATE: "Validation status",
        Column.CONVERSION: "Caloric upper value",
        Column.DESCRIPTION: "Description",
    },
    date="%d/%m/%Y",
    meter_type="Digital meter",
    directions={Direction.OFFTAKE: "Offtake", Direction.INJECTION: "Injection"},
    registers={
        Register.TOTAL: "",
        Register.DAY: "Day",
        Register.NIGHT: "Night",
        Register.REACTIVE: "Reactive",
        Register.INDUCTIVE: "Inductive",
        Register.CAPACITIVE: "Capacitive",
    },
    states={
        State.READ: "Read",
        State.EST: "Estimated",
        State.VAL: "Validated",
        State.NVAL: "Not validated",
        State.NONE: "No consumption",
    },
    conversions={
        None: "",
        Conversion.PROVISIONAL: "Provisional",
        Conversion.DEFINITIVE: "Definitive",
        Conversion.CONSTANT: "Constant",
    },
    one_missing="1 value is missing",
    many_missing="{} values are missing",
)

UNITS = {
    Unit.KWH: "kWh",
    Unit.M3: "m³",
    Unit.KVARH: "kVArh",
    Unit.KVARH_INDUCTIVE: "kVArh",
    Unit.KVARH_CAPACITIVE: "kVArh",
}
REGISTER_OF_UNIT = {
    Unit.KWH: Register.TOTAL,
    Unit.M3: Register.TOTAL,
    Unit.KVARH: Register.REACTIVE,
    Unit.KVARH_INDUCTIVE: Register.INDUCTIVE,
    Unit.KVARH_CAPACITIVE: Register.CAPACITIVE,
}
"""What a row without register says: a sum over several, or a stretch in which nothing counted."""
