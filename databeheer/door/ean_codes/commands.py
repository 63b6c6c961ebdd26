"""Commands on EAN codes: asked for by anybody, with what the meter and the front door say; told to no caller."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validate

from databeheer.door.commands.base import Command, schema, short_text
from databeheer.door.ean_codes.asking import Asked, ask
from databeheer.door.house import House
from databeheer.door.linking.attempting import require_ready
from databeheer.door.linking.commands import LONGEST_METER
from databeheer.door.proofs import Proof
from databeheer.ean_codes import mobile
from databeheer.errors import ConflictError, MalformedRequestError
from databeheer.identity.linking import opening


def show(house: House, _proof: Proof, _: dict[str, Any]) -> dict[str, Any]:
    """Whether EAN codes can be asked for now, and whether by text message: the same to everybody."""
    with house.engine.connect() as connection:
        return {"is_open": opening.is_open(connection), "sends_sms": house.sends_sms}


def ask_code(house: House, _proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Have the EAN code of a home sent: to the mobile telephone that is given, else by letter to that home.

    Nothing is shown, not even where the question stands in the ledger; the answer only says back what was asked.

    Raises:
        LinkingClosedError: the operator closed linking, and this with it (R95).
        ConflictError: this house sends no text messages, or a restored database may have forgotten attempts.
    """
    asked = Asked(**arguments)
    if asked.mobile is not None and not house.sends_sms:
        raise ConflictError("this house sends no text messages; ask for a letter")
    with house.turn() as turn:
        require_ready(turn)
        ask(house, turn, asked, {"by": "portal"})
    return {"channel": asked.channel.value}


class _Mobile(fields.Field[str]):
    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        try:
            return mobile.parse(value if isinstance(value, str) else "")
        except MalformedRequestError as error:
            raise ValidationError(str(error)) from error


HOME = {
    "meter": short_text(longest=LONGEST_METER),
    "name": short_text(),
    "street": short_text(),
    "postcode": fields.String(
        required=True, validate=validate.Regexp(r"[1-9][0-9]{3}\Z", error="four digits")
    ),
    "mobile": _Mobile(load_default=None, allow_none=True),
}
"""What is asked of whoever wants an EAN code."""

COMMANDS = (
    Command("ean.show", schema(), show),
    Command("ean.ask", schema(**HOME), ask_code),
)
