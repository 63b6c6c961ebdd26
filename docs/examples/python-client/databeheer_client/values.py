"""What the API answers, as values. Members that are not named here are left unread: the API may grow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any


@dataclass(frozen=True)
class Request:
    """A permission that was asked: send the grid user to `link`, before `link_expires_at`."""

    id: str
    state: str
    link: str
    link_expires_at: datetime

    @classmethod
    def read(cls, members: Mapping[str, Any]) -> Request:
        return cls(members["id"], members["state"], members["link"], _instant(members["link_expires_at"]))


@dataclass(frozen=True)
class Permission:
    """A permission of yours: `reason` and `ended_by` say why it is so, `delete_by` when what you read is deleted."""

    id: str
    state: str
    reason: str | None
    ended_by: str | None
    purpose: str
    granularity: str
    ean: str | None
    data_from: datetime | None
    data_until: datetime | None
    ends_at: datetime | None
    delete_by: datetime | None

    @classmethod
    def read(cls, members: Mapping[str, Any]) -> Permission:
        return cls(
            *(
                members[name]
                for name in ("id", "state", "reason", "ended_by", "purpose", "granularity", "ean")
            ),
            *(_maybe(members[name]) for name in ("data_from", "data_until", "ends_at", "delete_by")),
        )

    @property
    def is_readable(self) -> bool:
        """Whether values may be read by it now."""
        return self.state in ("active", "to_be_renewed")


@dataclass(frozen=True)
class Reading:
    """One slot, [start, end) in UTC. `value` None is no value, and not zero; `state` says how it was got."""

    start: datetime
    end: datetime
    value: Decimal | None
    state: str
    register: str | None

    @classmethod
    def read(cls, members: Mapping[str, Any]) -> Reading:
        value = members["value"]
        return cls(
            _instant(members["start"]),
            _instant(members["end"]),
            None if value is None else Decimal(value),
            members["state"],
            members["register"],
        )


@dataclass(frozen=True)
class Channel:
    """The values of one direction, in one unit."""

    direction: str
    commodity: str
    unit: str
    readings: tuple[Reading, ...]

    @classmethod
    def read(cls, members: Mapping[str, Any]) -> Channel:
        slots = tuple(Reading.read(one) for one in members["readings"])
        return cls(members["direction"], members["commodity"], members["unit"], slots)

    @property
    def total(self) -> Decimal:
        """The sum of what has a value."""
        return sum((one.value for one in self.readings if one.value is not None), Decimal(0))


@dataclass(frozen=True)
class Readings:
    """A hand-over: its channels, its place in the ledger, the door's promise, and where the receipt will be."""

    granularity: str
    channels: tuple[Channel, ...]
    index: int
    promise: str
    receipt: str

    @classmethod
    def read(cls, members: Mapping[str, Any]) -> Readings:
        channels = tuple(Channel.read(one) for one in members["channels"])
        record = members["receipt"]
        return cls(members["granularity"], channels, record["index"], record["promise"], record["link"])


@dataclass(frozen=True)
class Item:
    """What came of one permission of a request for many: its channels, or in their place what was wrong."""

    permission: str
    channels: tuple[Channel, ...]
    problem: Mapping[str, Any] | None

    @classmethod
    def read(cls, members: Mapping[str, Any]) -> Item:
        channels = tuple(Channel.read(one) for one in members["channels"])
        return cls(members["permission"], channels, members["problem"])


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _maybe(text: str | None) -> datetime | None:
    return None if text is None else _instant(text)
