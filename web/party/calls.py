"""`/partij/gebruik` and `/partij/proef`: how often the party's programs called, and a test call step by step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from marshmallow import fields, validate

from databeheer.values import parse_day, parse_instant
from web.door import ask
from web.forms import Form, parse_or_refuse
from web.party.guard import require_party, standing
from web.party.wording import FAULTS, FINE, FINE_BUT, LACKS, STEPS

blueprint = Blueprint("party_calls", __name__)

DAYS = 31


class TryForm(Form):
    """Which program, and what it signed, if anything."""

    programma = fields.String(required=True, validate=validate.Length(1, 60))
    verklaring = fields.String(load_default="", validate=validate.Length(0, 16_000))


@dataclass(frozen=True)
class Day:
    """The calls of one day."""

    day: date
    given: int
    refused: int
    tokens: int


@dataclass(frozen=True)
class Step:
    """A step of a test call in words; `remedies`: what to do where it stops."""

    title: str
    ok: bool
    words: tuple[str, ...]
    remedies: tuple[str, ...]
    at: datetime | None

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Step:
        step, why = str(answer["step"]), str(answer["why"])
        at = parse_instant(answer["at"]) if answer["at"] else None
        if answer["ok"]:
            return cls(STEPS[step], True, (FINE_BUT.get(why) or FINE[step],), (), at)
        if step in ("onboarding", "evidence"):
            words = tuple(LACKS[code][0] for code in why.split(","))
            return cls(STEPS[step], False, words, ("Breng het in orde bij Bewijs.",), at)
        what, remedy = FAULTS[why]
        return cls(STEPS[step], False, (what,), (remedy,), at)


@blueprint.get("/partij/gebruik")
@require_party
def usage() -> ResponseReturnValue:
    """The calls of the last month, a day each: numbers, and nobody's data."""
    party = standing()["party"]
    days = [
        Day(parse_day(one["day"]), one["given"], one["refused"], one["tokens"])
        for one in ask("party.usage", days=DAYS)["days"]
    ]
    return render_template(
        "party/usage.html",
        party=party,
        days=[one for one in days if one.given or one.refused or one.tokens],
        asked=DAYS,
    )


@blueprint.get("/partij/proef")
@require_party
def begin() -> ResponseReturnValue:
    """Choose a program."""
    found = standing()
    return render_template("party/try.html", party=found["party"], programs=found["programs"], steps=None)


@blueprint.post("/partij/proef")
@require_party
def try_program() -> ResponseReturnValue:
    """Do what the program's first call does, and say where it stops."""
    form = parse_or_refuse(TryForm(), request.form)
    found = standing()
    answer = ask("party.try", client_id=form["programma"], assertion="".join(form["verklaring"].split()))
    steps = [Step.of(one) for one in answer["steps"]]
    return render_template(
        "party/try.html",
        party=found["party"],
        programs=found["programs"],
        chosen=form["programma"],
        steps=steps,
        works=all(one.ok for one in steps),
        without="assertion" not in {one["step"] for one in answer["steps"]},
        answer=answer,
    )
