"""`/partij/bewijs`: contract, DPIA, overview of processing, contacts; filled in part by part, handed in at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import Schema, fields, validate

from databeheer.door.client import DoorRefusedError
from web.door import ask
from web.forms import Form, parse_or_refuse, parse_or_tell
from web.party.guard import require_party, standing
from web.party.wording import CONTACTS, lacks_words

blueprint = Blueprint("party_evidence", __name__)

DAY, OPERATOR, KIND = "Kies een dag.", "Kies een netbeheerder.", "Kies waarvoor wij deze persoon bereiken."
LINE = "Vul dit in, op één regel van ten hoogste 100 tekens."
EMAIL, PHONE = (
    "Vul een e-mailadres in, zoals naam@voorbeeld.be.",
    "Vul een telefoonnummer in, zoals +32 9 123 45 67.",
)
ADDRESS = "Vul een adres in dat begint met https://."
REFUSED = (
    "Dit klopt nog niet. Kijk na of de dagen kloppen: een einde ligt na het begin, en een DPIA is al gemaakt."
)


def _line(longest: int = 40) -> fields.String:
    return fields.String(
        required=True, validate=validate.Length(1, longest, error=LINE), error_messages={"required": LINE}
    )


def _day() -> fields.Date:
    return fields.Date(required=True, error_messages={"required": DAY, "invalid": DAY})


class _OptionalDay(fields.Date):
    def deserialize(self, value: Any, attr: Any = None, data: Any = None, **kwargs: Any) -> Any:
        return super().deserialize(None if value == "" else value, attr, data, **kwargs)


class ContractForm(Form):
    """The contract with a grid operator; without a last day it runs until it is ended."""

    netbeheerder = fields.Integer(required=True, error_messages={"required": OPERATOR, "invalid": OPERATOR})
    nummer = _line()
    vanaf = _day()
    tot = _OptionalDay(load_default=None, allow_none=True, error_messages={"invalid": DAY})


class AssessmentForm(Form):
    """The assessment, by the party's own reference."""

    kenmerk = _line()
    gemaakt = _day()


class OverviewForm(Form):
    """Where the overview of processing is."""

    adres = fields.String(
        required=True,
        validate=validate.Regexp(r"https://[!-~]{3,490}\Z", error=ADDRESS),
        error_messages={"required": ADDRESS},
    )


class ContactForm(Form):
    """Whom we reach."""

    soort = fields.String(
        required=True, validate=validate.OneOf(CONTACTS, error=KIND), error_messages={"required": KIND}
    )
    naam = _line(100)
    email = fields.String(
        required=True,
        validate=[validate.Length(3, 200, error=EMAIL), validate.Email(error=EMAIL)],
        error_messages={"required": EMAIL},
    )
    telefoon = fields.String(
        required=True,
        validate=validate.Regexp(r"\+?[0-9 ()/.-]{6,30}\Z", error=PHONE),
        error_messages={"required": PHONE},
    )


class Empty(Form):
    """A button without fields."""


def _contract(form: Mapping[str, Any]) -> dict[str, Any]:
    until = form["tot"]
    return {
        "operator": form["netbeheerder"],
        "number": form["nummer"],
        "from_day": form["vanaf"].isoformat(),
        "until_day": until.isoformat() if until else None,
    }


def _dpia(form: Mapping[str, Any]) -> dict[str, Any]:
    return {"reference": form["kenmerk"], "assessed_on": form["gemaakt"].isoformat()}


def _overview(form: Mapping[str, Any]) -> dict[str, Any]:
    return {"url": form["adres"]}


def _contact(form: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "about": form["soort"],
        "name": form["naam"],
        "email": form["email"],
        "phone": form["telefoon"],
    }


Filled = Callable[[Mapping[str, Any]], dict[str, Any]]
_PARTS: Mapping[str, tuple[str, type[Schema], Filled, str]] = {
    "contract": ("onboarding.contract", ContractForm, _contract, "Het contract is bewaard."),
    "dpia": ("onboarding.dpia", AssessmentForm, _dpia, "De DPIA is bewaard."),
    "overzicht": ("onboarding.overview", OverviewForm, _overview, "Het adres van uw overzicht is bewaard."),
    "contact": ("onboarding.contact", ContactForm, _contact, "De contactpersoon is bewaard."),
}


_DOUBTFUL = {"contract": "tot", "dpia": "gemaakt", "overzicht": "adres", "contact": "email"}
"""The field beside which it is said where the door refuses what looked right."""


@blueprint.get("/partij/bewijs")
@require_party
def show() -> ResponseReturnValue:
    """Everything that was filled in."""
    return _page({}, "", {})


@blueprint.post("/partij/bewijs/<any(contract, dpia, overzicht, contact):part>")
@require_party
def fill(part: str) -> ResponseReturnValue:
    """Keep one part; nothing counts before it is handed in and approved."""
    command, schema, filled, done = _PARTS[part]
    form, errors = parse_or_tell(schema(), request.form, tuple(schema().fields))
    where = f"{part}-{request.form['soort']}" if part == "contact" and "soort" not in errors else part
    if errors:
        return _page(errors, where, dict(request.form)), 400
    try:
        ask(command, **filled(form))
    except DoorRefusedError as refusal:
        if refusal.code != "malformed-request":
            raise
        return _page({_DOUBTFUL[part]: REFUSED}, where, dict(request.form)), 400
    flash(f"{done} Het telt pas als u alles indient en wij het goedkeuren.", "good")
    return redirect(url_for("party_evidence.show"), 303)


@blueprint.get("/partij/bewijs/indienen")
@require_party
def check() -> ResponseReturnValue:
    """Everything once more, before it is handed in."""
    found = standing()
    return render_template(
        "party/hand_in.html", found=found, party=found["party"], operators=_operators(found)
    )


@blueprint.post("/partij/bewijs/indienen")
@require_party
def hand_in() -> ResponseReturnValue:
    """Hand in what is filled in now."""
    parse_or_refuse(Empty(), request.form)
    try:
        handed = ask("onboarding.hand_in")
    except DoorRefusedError as refusal:
        if refusal.code != "not-onboarded":
            raise
        return redirect(url_for("party_evidence.show"), 303)
    flash(
        f"Uw bewijs is ingediend. Afdruk: {handed['sha256']}. Zodra twee van onze mensen het goedkeuren, telt het.",
        "good",
    )
    return redirect(url_for("party.show"), 303)


def _page(errors: Mapping[str, str], where: str, given: Mapping[str, Any]) -> str:
    found = standing()
    return render_template(
        "party/evidence.html",
        found=found,
        party=found["party"],
        operators=_operators(found),
        unfilled=[lacks_words(code) for code in found["unfilled"]],
        errors=errors,
        where=where,
        given=given,
    )


def _operators(found: Mapping[str, Any]) -> dict[int, str]:
    return {one["operator"]: one["name"] for one in found["operators"]}
