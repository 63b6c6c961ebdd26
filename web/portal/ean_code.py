"""`/ean-code`: ask for the EAN code of one's own home, without logging in (R83, R84).

The page never shows an EAN code, and its answer is the same whatever exists: the code goes to the mobile telephone that
was given, or by letter to the home (R98).
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from marshmallow import ValidationError, fields, validate

from databeheer.door.client import DoorRefusedError
from databeheer.ean_codes import mobile
from databeheer.ean_codes.words import PAGE
from databeheer.errors import MalformedRequestError
from databeheer.identity.linking.opening import LinkingClosedError
from web.door import ask
from web.forms import Form, parse_or_tell
from web.language import lazy
from web.portal.linking import NO_METER, MeterField

blueprint = Blueprint("ean_code", __name__)

LONGEST = 100
NO_NAME = lazy("Vul uw naam in, zoals ze op de factuur staat.")
NO_STREET = lazy("Vul de straat en het huisnummer van de meter in.")
NO_POSTCODE = lazy("Vul de postcode in: vier cijfers.")
NO_MOBILE = lazy("Dit is geen Belgisch gsm-nummer. Vul er een in zoals 0470 12 34 56, of kies de brief.")
TOLD = ("meter", "name", "street", "postcode", "mobile")


class LineField(fields.String):
    """One line with something on it."""

    def __init__(self, sentence: Any) -> None:
        super().__init__(required=True, error_messages={"required": sentence})
        self._sentence = sentence

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        typed = " ".join(str(super()._deserialize(value, attr, data, **kwargs)).split())
        if not typed or len(typed) > LONGEST or not typed.isprintable():
            raise ValidationError([self._sentence])
        return typed


class PostcodeField(LineField):
    """Four digits."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        typed = super()._deserialize(value, attr, data, **kwargs)
        try:
            validate.Regexp(r"[1-9][0-9]{3}\Z")(typed)
        except ValidationError as error:
            raise ValidationError([self._sentence]) from error
        return typed


class MobileField(fields.Field[str | None]):
    """A Belgian mobile number, or nothing."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str | None:
        typed = str(value).strip()
        try:
            return mobile.parse(typed) if typed else None
        except MalformedRequestError as error:
            raise ValidationError([NO_MOBILE]) from error


class AskForm(Form):
    """What stands on the meter, on the front door and on the bill; without a mobile number a letter goes."""

    meter = MeterField(required=True, error_messages={"required": NO_METER})
    name = LineField(NO_NAME)
    street = LineField(NO_STREET)
    postcode = PostcodeField(NO_POSTCODE)
    mobile = MobileField(load_default=None)


@blueprint.get(PAGE)
def enter() -> ResponseReturnValue:
    """Ask for what a home is known by."""
    return _page()


@blueprint.post(PAGE)
def send() -> ResponseReturnValue:
    """Have the code sent; the page is the same where none can go."""
    form, wrong = parse_or_tell(AskForm(), request.form, TOLD)
    if wrong:
        return _page(wrong=wrong), 400
    try:
        answer = ask("ean.ask", **form)
    except DoorRefusedError as refusal:
        if refusal.code != LinkingClosedError.code:
            raise
        return _page(), 503
    return render_template("portal/ean_code_asked.html", by_sms=answer["channel"] == "sms")


def _page(**said: Any) -> str:
    given = {name: request.form.get(name, "") for name in TOLD}
    return render_template("portal/ean_code.html", given=given, **ask("ean.show"), **said)
