"""What a device with an active budget function says of its credit: parsed once, refused where it says too little."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Self

from databeheer.errors import MalformedRequestError
from databeheer.values import Commodity, format_instant, parse_instant

MOST_CENTS = 100_000_00
SEALED_LENGTH = 256
"""What is sealed of a state is padded to this: its length tells nothing."""


@dataclass(frozen=True)
class CreditState:
    """Credit in euro cents at a moment (aware UTC); below zero where emergency credit is being used up.

    Of electricity `emergency_is_active`, `emergency_left` (cents) and `ten_ampere` are always said; gas has none.
    """

    read_at: datetime
    credit: int
    emergency_is_active: bool | None = None
    emergency_left: int | None = None
    ten_ampere: bool | None = None

    def __post_init__(self) -> None:
        numbers = [self.credit, *([] if self.emergency_left is None else [self.emergency_left])]
        if any(abs(one) > MOST_CENTS for one in numbers) or (self.emergency_left or 0) < 0:
            raise MalformedRequestError("credit: an amount that no budget meter holds")

    def require_whole(self, commodity: Commodity) -> None:
        """Refuse a state that does not say what its customer must always be told (R181).

        Raises:
            MalformedRequestError: of electricity something of emergency credit or of 10 amperes is missing; of gas
                something of them is there.
        """
        said = [one is not None for one in (self.emergency_is_active, self.emergency_left, self.ten_ampere)]
        if all(said) is not (commodity is Commodity.ELECTRICITY) or any(said) is not all(said):
            raise MalformedRequestError(
                "credit: of electricity emergency credit, what is left of it and 10 amperes are said, of gas none"
            )

    def to_bytes(self) -> bytes:
        """Return it to be sealed, of one length."""
        members = asdict(self) | {"read_at": format_instant(self.read_at)}
        return json.dumps(members, sort_keys=True).encode().ljust(SEALED_LENGTH)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        members = json.loads(data)
        return cls(**members | {"read_at": parse_instant(members["read_at"])})
