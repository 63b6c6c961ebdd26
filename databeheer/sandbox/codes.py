"""The EAN codes of a sandbox: what the clients of the Fluvius API try with, and the invented ones that stand for them.

`54144`, then 0 electricity or 1 gas, 0 offtake or 1 offtake and injection, 0 days or 1 quarter-hours, seven zeros and a
number of three digits. Most have a wrong check digit, so they name no access point anywhere: the house knows each by
an invented EAN code with a right one, and they are read at the facade's edge of a sandbox alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from databeheer.metering.street.plan import invented_ean
from databeheer.values import EAN, Commodity

_CODE = re.compile(r"54144([01])([01])([01])0000000([0-9]{3})", re.ASCII)
_INVENTED = re.compile(r"54144889998[0-9]{7}", re.ASCII)
_FIRST_SERIAL = 900_000
"""Of the block of invented access points, the part that no street uses."""
_NUMBERS = 1000


@dataclass(frozen=True)
class SandboxCode:
    """One sandbox access point, told apart by its code alone."""

    commodity: Commodity
    has_injection: bool
    by_quarter: bool
    number: int

    @classmethod
    def parse(cls, text: str) -> SandboxCode | None:
        """Read a code; None where it is none of these."""
        found = _CODE.fullmatch(text)
        if found is None:
            return None
        gas, injection, quarter, number = found.groups()
        commodity = Commodity.GAS if gas == "1" else Commodity.ELECTRICITY
        return cls(commodity, injection == "1", quarter == "1", int(number))

    @classmethod
    def of(cls, ean: str) -> SandboxCode | None:
        """Return the code that this invented EAN code stands for; None where it stands for none."""
        serial = int(ean[11:17]) if _INVENTED.fullmatch(ean) else -1
        kind, number = divmod(serial - _FIRST_SERIAL, _NUMBERS)
        if not 0 <= kind < 8:
            return None
        commodity = Commodity.GAS if kind & 4 else Commodity.ELECTRICITY
        code = cls(commodity, bool(kind & 2), bool(kind & 1), number)
        return code if code.ean.digits == ean else None

    @property
    def text(self) -> str:
        """The code as clients write it."""
        flags = (self.commodity is Commodity.GAS, self.has_injection, self.by_quarter)
        return f"54144{''.join(str(int(flag)) for flag in flags)}0000000{self.number:03d}"

    @property
    def ean(self) -> EAN:
        """The invented EAN code under which the house knows it."""
        kind = 4 * (self.commodity is Commodity.GAS) + 2 * self.has_injection + self.by_quarter
        return invented_ean(_FIRST_SERIAL + kind * _NUMBERS + self.number)
