"""`/dienst/rechten`: what people ask about their own data, what is late first; read one on record, and answer it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import fields, validate

from databeheer.door.client import DoorRefusedError
from databeheer.rights.requests import State
from databeheer.staff import roles
from databeheer.values import parse_instant
from web.door import ask
from web.forms import Form, Lines, no_ean, parse_or_refuse, parse_or_tell
from web.registers.shown import Term
from web.staff.guard import colleague, require_role

blueprint = Blueprint("staff_rights", __name__)

WORDS = "Schrijf wat de klant leest, in 3 tot 2000 tekens."
DECISION = "Kies wat u beslist."
NOT_SO = (
    "Dit gaat niet: de vraag is al beantwoord of teruggenomen, of kreeg al meer tijd. Er is niets veranderd."
)
NO_MORE_TIME = "Meer tijd kan niet meer: dat kan één keer, binnen de eerste maand. Er is niets veranderd."
_READERS = sorted(roles.load().reading("rights"))
_WRITERS = sorted(roles.load().writing("rights"))


class ListQuery(Form):
    """Those that wait, or those that do not any more."""

    gesloten = fields.String(load_default=None, validate=validate.Equal("ja"))


def _words() -> Lines:
    return Lines(
        required=True,
        validate=[validate.Length(3, 2000, error=WORDS), no_ean],
        error_messages={"required": WORDS},
    )


class AnswerForm(Form):
    """What is decided, and what the customer reads."""

    besluit = fields.String(
        required=True,
        validate=validate.OneOf((State.ACCEPTED.value, State.REFUSED.value), error=DECISION),
        error_messages={"required": DECISION},
    )
    woorden = _words()


class ExtendForm(Form):
    """Why it takes longer."""

    waarom = _words()


@blueprint.get("/dienst/rechten")
@require_role(*_READERS)
def show() -> ResponseReturnValue:
    """The list; nobody's words are in it."""
    is_closed = parse_or_refuse(ListQuery(), request.args)["gesloten"] is not None
    found = ask("rights.list", closed=is_closed, limit=500)
    terms = [(one, _term(one, found["at"])) for one in found["requests"] + found["erasures"]]
    if not is_closed:
        terms.sort(key=lambda one: one[1].due_at)
    return render_template(
        "staff/rights.html",
        terms=terms,
        late=sum(term.is_late for _, term in terms) if not is_closed else 0,
        is_closed=is_closed,
    )


@blueprint.get("/dienst/rechten/<uuid:request_id>")
@require_role(*_READERS)
def one(request_id: UUID) -> ResponseReturnValue:
    """One request, with what was written; the door records it first, and the customer sees that."""
    return _page(request_id, {})


@blueprint.post("/dienst/rechten/<uuid:request_id>/antwoord")
@require_role(*_WRITERS, writing=True)
def answer(request_id: UUID) -> ResponseReturnValue:
    """Accept or refuse it, with the words that the customer reads."""
    form, errors = parse_or_tell(AnswerForm(), request.form, ("besluit", "woorden"))
    if errors:
        return _page(request_id, errors), 400
    given = {"decision": form["besluit"], "words": form["woorden"]}
    return _done(request_id, "rights.answer", given, "woorden", NOT_SO)


@blueprint.post("/dienst/rechten/<uuid:request_id>/uitstel")
@require_role(*_WRITERS, writing=True)
def extend(request_id: UUID) -> ResponseReturnValue:
    """Take two months more, once, and say why."""
    form, errors = parse_or_tell(ExtendForm(), request.form, ("waarom",))
    if errors:
        return _page(request_id, errors), 400
    return _done(request_id, "rights.extend", {"reason": form["waarom"]}, "waarom", NO_MORE_TIME)


def counted() -> dict[str, int]:
    """How many requests wait, and how many of those are late: for the start page."""
    found = ask("rights.list", limit=500)
    terms = [_term(one, found["at"]) for one in found["requests"] + found["erasures"]]
    return {"waiting": len(terms), "late": sum(term.is_late for term in terms)}


def _done(
    request_id: UUID, command: str, given: dict[str, Any], field: str, refused: str
) -> ResponseReturnValue:
    try:
        ask(command, request_id=str(request_id), **given)
    except DoorRefusedError as refusal:
        told = {"conflict": (refused, 409), "malformed-request": (WORDS, 400)}.get(refusal.code)
        if told is None:
            raise
        return _page(request_id, {field: told[0]}), told[1]
    return redirect(url_for("staff_rights.show"), 303)


def _page(request_id: UUID, errors: dict[str, str]) -> str:
    seen = ask("rights.open", request_id=str(request_id))
    return render_template(
        "staff/right.html",
        one=seen["request"],
        term=_term(seen["request"], seen["at"]),
        index=seen["index"],
        may_write=not set(_WRITERS).isdisjoint(colleague()["writes"]),
        given=request.form,
        errors=errors,
    )


def _term(asked: dict[str, Any], at: str) -> Term:
    """Until when it waits for its answer."""
    due = parse_instant(asked["due_at"])
    return Term("Antwoord", due, due - parse_instant(at))
