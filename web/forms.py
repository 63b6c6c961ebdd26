"""Forms and queries of pages, read strictly: every field once, none that we did not ask for."""

from __future__ import annotations

from typing import Any

from marshmallow import RAISE, Schema, ValidationError
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest

FORM_GUARD = "csrf_token"


class Form(Schema):
    """A schema that refuses unknown fields."""

    class Meta:
        unknown = RAISE


def parse(schema: Schema, given: MultiDict[str, str]) -> dict[str, Any]:
    """Read a form or a query into values.

    Raises:
        ValidationError: a field is wrong; its messages are for the page to show.
        BadRequest: a field was given twice, which no page of ours does.
    """
    fields = {name: values for name, values in given.lists() if name != FORM_GUARD}
    if any(len(values) != 1 for values in fields.values()):
        raise BadRequest
    loaded: dict[str, Any] = schema.load({name: values[0] for name, values in fields.items()})
    return loaded


def parse_or_refuse(schema: Schema, given: MultiDict[str, str]) -> dict[str, Any]:
    """As `parse`, where only a hand-made request can be wrong: answer 400."""
    try:
        return parse(schema, given)
    except ValidationError as error:
        raise BadRequest from error
