"""A version, read by the fields of its register: unknown, oversized or ill-timed, and nothing is written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from typing import Any
from uuid import UUID

from marshmallow import Schema, ValidationError, fields, validate

from databeheer.brussels import day_of
from databeheer.clocks.terms import Term, Unit
from databeheer.door.commands.base import (
    SHA256,
    Day,
    EANCode,
    Instant,
    identifier,
    load,
    long_text,
    one_of,
    schema,
    short_text,
    without_ean,
)
from databeheer.errors import MalformedRequestError
from databeheer.governance.registers import Field, FieldKind, Register, shipped
from databeheer.values import EAN, format_instant

MOST_RECORDS, MOST_EANS = 50, 1000
LATEST_YEARS = 20
"""No day that is planned lies further ahead: it is a mistake."""
_COUNTRY = validate.Regexp(r"[A-Z]{2}\Z", error="a country: two capitals (ISO 3166-1)")


class _Truth(fields.Field[bool]):
    """True or false, and no number that is equal to one of them."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("true or false")
        return value


def read(register: Register, given: object, now: datetime) -> dict[str, Any]:
    """Read what a version says into JSON values: days and instants as text, what is left out as None.

    Raises:
        MalformedRequestError: names the fields that are wrong, missing or unknown.
    """
    said = load(_schema(register.code), given, "said")
    for field in register.fields:
        _check_time(field, said, now)
    return {name: _plain(value) for name, value in said.items()}


@cache
def _schema(code: str) -> Schema:
    return schema(**{field.name: _reader(field) for field in shipped().get(code).fields})


def _reader(field: Field) -> Any:
    required = not field.is_optional
    given: dict[str, Any] = {"required": True} if required else {"load_default": None, "allow_none": True}
    match field.kind:
        case FieldKind.TEXT:
            return without_ean(short_text(required=required, longest=field.most))
        case FieldKind.LONG:
            return without_ean(long_text(required=required, longest=field.most))
        case FieldKind.DAY:
            return Day(**given)
        case FieldKind.INSTANT:
            return Instant(**given)
        case FieldKind.NUMBER:
            return fields.Integer(strict=True, validate=validate.Range(field.least, field.most), **given)
        case FieldKind.FLAG:
            return _Truth(**given)
        case FieldKind.YES:
            return _Truth(validate=validate.Equal(True, error="this has to be so"), **given)
        case FieldKind.CHOICE:
            return one_of(*field.choices, required=required)
        case FieldKind.SHA256:
            return fields.String(validate=SHA256, **given)
        case FieldKind.COUNTRY:
            return fields.String(validate=_COUNTRY, **given)
        case FieldKind.RECORD | FieldKind.UUID:
            return identifier(required=required)
        case FieldKind.EANS:
            return fields.List(EANCode(), validate=validate.Length(1, MOST_EANS), **given)
        case FieldKind.RECORDS:
            return fields.List(fields.UUID(), validate=validate.Length(1, MOST_RECORDS), **given)


def _check_time(field: Field, said: Mapping[str, Any], now: datetime) -> None:
    value = said[field.name]
    if not isinstance(value, date):  # an instant is one too
        return
    limit: Any = now if isinstance(value, datetime) else day_of(now)
    if field.past and value > limit:
        raise MalformedRequestError(f"{field.name}: lies in the future")
    if field.future and value <= limit:
        raise MalformedRequestError(f"{field.name}: lies after today")
    if value.year > now.year + LATEST_YEARS:
        raise MalformedRequestError(f"{field.name}: at most {LATEST_YEARS} years ahead")
    if field.within_months and value > Term(field.within_months, Unit.MONTH).last_day(day_of(now)):
        raise MalformedRequestError(f"{field.name}: at most {field.within_months} months from today")
    first = said.get(field.after) if field.after else None
    if first is not None and value <= first:
        raise MalformedRequestError(f"{field.name}: lies after {field.after}")


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return format_instant(value)
        case date():
            return value.isoformat()
        case UUID():
            return str(value)
        case EAN():
            return value.digits
        case list():
            return sorted({_plain(one) for one in value})
        case str():
            return value.strip()
    return value
