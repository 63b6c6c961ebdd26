"""Forms and queries of pages, read strictly: every field once, none that we did not ask for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from flask_babel import LazyString
from marshmallow import RAISE, Schema, ValidationError, fields, validate
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest

from databeheer.ean_codes.in_words import holds_ean
from databeheer.errors import MalformedRequestError
from databeheer.values import EAN
from web.language import lazy

FORM_GUARD = "csrf_token"
LONGEST_EAN = 64
EAN_DIGITS = 18
NO_EAN_HERE = "Laat de EAN-code weg: in woorden bewaren wij ze niet. Noem een dossier."
ONE_LINE = r"[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]*\Z"
"""No control characters, no second line, and nothing that turns the direction of writing."""
NO_EAN = lazy("Dit is geen EAN-code. Ze telt 18 cijfers en staat op de factuur.")
EAN_SLIP = lazy("Er zit een tikfout in deze EAN-code: een cijfer klopt niet. Kijk ze na op de factuur.")


class Form(Schema):
    """A schema that refuses unknown fields."""

    class Meta:
        unknown = RAISE


class EANField(fields.String):
    """An EAN code as people type it or copy it from a page of ours: spaces do not matter, the check digit does."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        typed = "".join(super()._deserialize(value, attr, data, **kwargs)[:LONGEST_EAN].split())
        if not typed and not self.required:
            return typed
        try:
            return EAN(typed).digits
        except MalformedRequestError as error:
            is_whole = len(typed) == EAN_DIGITS and typed.isascii() and typed.isdigit()
            raise ValidationError([EAN_SLIP if is_whole else NO_EAN]) from error


def no_ean(words: str) -> bool:
    """Refuse an EAN code in what somebody of the house or the regulator writes, as the door does."""
    if holds_ean(words):
        raise ValidationError(NO_EAN_HERE)
    return True


class LineNumber(fields.Integer):
    """Before which line of the ledger a page of a list begins; left out, it begins with the newest."""

    def __init__(self) -> None:
        super().__init__(load_default=None, validate=validate.Range(0, 2**53))


class Lines(fields.String):
    """Several lines: a line break counts as one character, as the browser's own limit has it."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        return str(super()._deserialize(value, attr, data, **kwargs)).replace("\r\n", "\n")


def parse(schema: Schema, given: MultiDict[str, str]) -> dict[str, Any]:
    """Read a form or a query into values.

    Raises:
        ValidationError: a field is wrong; its messages are for the page to show.
        BadRequest: a field was given twice, or one that no page of ours has.
    """
    fields = {name: values for name, values in given.lists() if name != FORM_GUARD}
    if any(len(values) != 1 for values in fields.values()):
        raise BadRequest
    if schema.unknown == RAISE and not fields.keys() <= schema.fields.keys():
        raise BadRequest
    loaded: dict[str, Any] = schema.load({name: values[0] for name, values in fields.items()})
    return loaded


def parse_or_refuse(schema: Schema, given: MultiDict[str, str]) -> dict[str, Any]:
    """As `parse`, where only a hand-made request can be wrong: answer 400."""
    try:
        return parse(schema, given)
    except ValidationError as error:
        raise BadRequest from error


def take_up_again(schema: Schema, kept: Mapping[str, str]) -> dict[str, Any]:
    """Read what was kept of a form while its visitor logged in (`web.portal.kept`): nobody parsed that before.

    A field that no page of ours sends so is as good as left out; then the page asks it anew. For schemas without a
    required field.
    """
    given = {name: kept[name] for name in schema.fields if name in kept}
    try:
        loaded: dict[str, Any] = schema.load(given)
    except ValidationError as error:
        loaded = schema.load({name: kept[name] for name in given.keys() - error.messages_dict.keys()})
    return loaded


def parse_or_tell(
    schema: Schema, given: MultiDict[str, str], told: Collection[str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """As `parse_or_refuse`, but what is wrong with the fields `told` is returned, for the page to say beside them.

    Returns the values, None for a field that is wrong, and for each of these the first thing to say.
    """
    try:
        return parse(schema, given), {}
    except ValidationError as error:
        wrong = error.messages_dict
        if not wrong.keys() <= set(told):
            raise BadRequest from error
        valid = error.valid_data if isinstance(error.valid_data, dict) else {}
        return valid | dict.fromkeys(wrong), {name: first_said(said) for name, said in wrong.items()}


def first_said(said: Any) -> str:
    """The first thing to say of what is wrong with a field; a sentence of ours waits for its language."""
    return str(said if isinstance(said, LazyString) else said[0])
