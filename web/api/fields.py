"""Fields of the API's schemas: each turns one spelling into a domain value, or says what is wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from marshmallow import ValidationError, fields, validate

from databeheer.errors import MalformedRequestError
from databeheer.values import EAN, Direction, Granularity, Purpose, format_instant
from web.moments import parse_moment

MOMENT_PATTERN = (
    "^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2}))?$"
)
GRANULARITIES = [granularity.value for granularity in Granularity]
YEAR = "year"
READ_GRANULARITIES = [*GRANULARITIES, YEAR]
"""What is read: years are months added up, for whoever may have months."""
DIRECTIONS = [direction.value for direction in Direction]
# A party asks for itself; what people, supervisors and the data manager's own staff and processors do is not asked
# for here.
_NOT_HERE = {
    Purpose.OWN_INSIGHT,
    Purpose.SUPERVISION,
    Purpose.DATA_PROTECTION,
    Purpose.DATA_MANAGEMENT,
    Purpose.PROCESSING,
    Purpose.CASE_HANDLING,
}
PURPOSES = [purpose.value for purpose in Purpose if purpose not in _NOT_HERE]
CATEGORIES = ["readings"]


class Moment(fields.Field[datetime]):
    """A moment in, an aware UTC datetime out; see `web.moments`."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> datetime:
        if not isinstance(value, str):
            raise ValidationError("write a moment as text")
        try:
            return parse_moment(value)
        except MalformedRequestError as error:
            raise ValidationError(str(error)) from error


class Count(fields.Integer):
    """A count in its one spelling: int() also takes "+4", "4_2", foreign digits. Its range says how much it may be."""

    def _validated(self, value: Any) -> int:
        if not isinstance(value, str) or re.fullmatch("0|[1-9][0-9]{0,8}", value) is None:
            raise self.make_error("invalid", input=value)
        return int(value)


class Index(Count):
    """An index of the ledger, as `Count`, of at most 15 digits."""

    def _validated(self, value: Any) -> int:
        if not isinstance(value, str) or re.fullmatch("0|[1-9][0-9]{0,14}", value) is None:
            raise self.make_error("invalid", input=value)
        return int(value)


class AccessPointCode(fields.Field[EAN]):
    """The 18 digits of an access point, check digit verified."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> EAN:
        if not isinstance(value, str):
            raise ValidationError("write an EAN code as text of 18 digits")
        try:
            return EAN(value)
        except MalformedRequestError as error:
            raise ValidationError(str(error)) from error


@dataclass(frozen=True)
class BadRow:
    """A row of a list that nothing can be made of, and why; it takes nothing from the others."""

    detail: str


class Rows(fields.List[Any]):
    """A list of which each row is read by itself: one that is malformed, or named before, is a `BadRow` in its place.

    Where no row is good the whole is refused: nothing is left to ask. So are more rows than `most`, before any is read.
    """

    def __init__(self, one: fields.Field[Any], most: int, **options: Any) -> None:
        self.most = most
        super().__init__(one, validate=validate.Length(min=1, max=most), **options)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> list[Any]:
        if not isinstance(value, list):
            raise self.make_error("invalid")
        if len(value) > self.most:
            raise ValidationError(f"Longer than maximum length {self.most}.")
        places: dict[Any, int] = {}
        rows: list[Any] = []
        for place, one in enumerate(value):
            try:
                row = self.inner.deserialize(one, **kwargs)
            except ValidationError as error:
                rows.append(BadRow(" ".join(map(str, error.messages))))
                continue
            first = places.setdefault(row, place)
            rows.append(row if first == place else BadRow(f"named before, at place {first}"))
        if rows and not places:
            raise ValidationError({place: [row.detail] for place, row in enumerate(rows)})
        return rows


def moment(description: str, *, required: bool = True, nullable: bool = False) -> Moment:
    """Return a field for a moment in a request."""
    return Moment(
        required=required,
        allow_none=nullable,
        metadata={"description": description, "pattern": MOMENT_PATTERN, "example": "2023-10-29"},
    )


def instant(description: str, *, nullable: bool = False) -> fields.String:
    """Return a field that documents an instant in an answer: RFC 3339, UTC."""
    return fields.String(
        required=True,
        allow_none=nullable,
        metadata={"description": description, "format": "date-time", "example": "2023-10-28T22:00:00Z"},
    )


def one_of(values: list[str], description: str, **options: Any) -> fields.String:
    """Return a field that takes one word of a closed list."""
    return fields.String(validate=validate.OneOf(values), metadata={"description": description}, **options)


def directions(**options: Any) -> fields.List[Any]:
    """Return a field that takes one or both directions, each once."""
    return fields.List(
        fields.String(validate=validate.OneOf(DIRECTIONS)),
        validate=[validate.Length(min=1, max=len(DIRECTIONS)), each_once],
        metadata={"description": "Seen from the grid user.", "example": DIRECTIONS, "uniqueItems": True},
        **options,
    )


def each_once(values: list[Any]) -> None:
    """Refuse a list that names something twice."""
    if len(set(values)) != len(values):
        raise ValidationError("each once")


def wire_instant(value: datetime | None) -> str | None:
    """Return the moment as the door takes it."""
    return None if value is None else format_instant(value)
