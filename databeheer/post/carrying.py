"""What carries a letter further, and how it can fail: try again later, or never."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from databeheer.errors import DatabeheerError


class CarryError(DatabeheerError):
    """A letter did not arrive; another attempt may succeed. `slug` is what is written down: never an address."""

    code = "not-delivered"

    def __init__(self, slug: str) -> None:
        super().__init__(slug)
        self.slug = slug


class RefusedForGoodError(CarryError):
    """The receiver's side refuses for good: no use in trying again."""

    code = "refused-for-good"


class Letters(Protocol):
    """Where letters are opened, one by one; the postman itself holds no key to anything stored."""

    def open(self, delivery_id: UUID) -> dict[str, Any]:
        """Return what a carrier needs for one delivery that is on its way; `to` is None where nobody wants it.

        Raises:
            CarryError: it cannot be opened now.
        """

    def close(self) -> None:
        """Close this thread's connection."""


class Carrier(Protocol):
    """Takes letters of one channel to their receiver.

    Returning means that the receiver's side took the letter over. A letter may be carried twice, where somebody was
    killed before it was marked: `delivery_id` is the same then, and the receiver must be able to tell by it.
    """

    def carry(self, delivery_id: UUID, letter: dict[str, Any], now: datetime) -> None:
        """Deliver.

        Raises:
            CarryError: it was not taken.
        """
