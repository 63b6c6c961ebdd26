"""What time did to permissions, written down by a job; the terms they run under; deletions that are overdue."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate
from sqlalchemy import text

from databeheer.door.commands.base import Command, asker_of, clerk_or_operator, looking, schema
from databeheer.door.commands.views import party_view
from databeheer.door.house import House
from databeheer.door.permission_record import write_down
from databeheer.door.proofs import AskerKind, Proof
from databeheer.door.statement import Statement
from databeheer.door.sweeping import SKIP, sweep_each
from databeheer.errors import MalformedRequestError, UnauthenticatedError
from databeheer.permissions import deletion, terms, timing
from databeheer.permissions.terms import Terms
from databeheer.values import format_instant

LONGEST_REMINDER = 365
"""In days: who gave a permission is reminded of it once a year at least (R23)."""


def sweep(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Record what time did and nobody wrote down: the clerk's, or the operator's; again while `more` is true.

    Nothing here widens or narrows what anybody may read: the clock did that already.
    """
    with house.turn() as turn:
        clerk_or_operator(turn, house, proof)
        skip = arguments["skip"]
        found = timing.due(turn.connection, turn.now, skip + arguments["limit"])[skip:]
        swept = sweep_each(turn, found, arguments["limit"], lambda one: write_down(house, turn, one))
        foreseen = timing.next_at(turn.connection, turn.now)
    return swept | {"next_at": format_instant(foreseen) if foreseen else None}


def set_terms(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Set the terms for what is granted from now on; recorded."""
    given = {name.removesuffix("_days"): value for name, value in arguments.items() if value is not None}
    if not given:
        raise MalformedRequestError(
            f"name at least one of {', '.join(f'{name}_days' for name in Terms.names())}"
        )
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        new = Terms(**(vars(terms.in_force(turn.connection)) | given))
        if not new.renewal < new.longest:
            raise MalformedRequestError("renewal_days: shorter than longest_days")
        terms.put(turn.connection, new, turn.now, turn.next_index)
        record = turn.record(Statement("permission_terms.set", terms.view(new)))
    return {"terms": terms.view(new)} | record.answer()


def show_terms(house: House, proof: Proof, _: dict[str, Any]) -> dict[str, Any]:
    """The terms in force; no secret to anybody who is known here."""
    with looking(house, proof) as (connection, _asker, _now):
        return {"terms": terms.view(terms.in_force(connection))}


def overdue(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Permissions that ended and whose party has not confirmed in time that it deleted the data (R32).

    The inspector's and the operator's. No customer and no access point is named.
    """
    with looking(house, proof) as (connection, asker, now):
        if asker.kind not in (AskerKind.INSPECTOR, AskerKind.OPERATOR):
            raise UnauthenticatedError("log in as an inspector")
        rows = deletion.overdue(connection, now, arguments["limit"])
        named = {"ids": list({row.party_id for row in rows})}
        parties = {row.party_id: party_view(row) for row in connection.execute(_PARTIES, named)}
        return {
            "overdue": [
                {
                    "permission_id": str(row.permission_id),
                    "party": parties[row.party_id],
                    "ended_at": format_instant(row.over_at),
                    "delete_by": format_instant(row.delete_by),
                }
                for row in rows
            ]
        }


_PARTIES = text("SELECT * FROM registry.party WHERE party_id = ANY(:ids)")


def _days(longest: int = 36525, least: int = 1) -> fields.Integer:
    return fields.Integer(
        load_default=None, allow_none=True, strict=True, validate=validate.Range(least, longest)
    )


COMMANDS = (
    Command(
        "permission.sweep",
        schema(
            skip=SKIP,
            limit=fields.Integer(
                load_default=timing.MOST_DUE, strict=True, validate=validate.Range(1, timing.MOST_DUE)
            ),
        ),
        sweep,
    ),
    Command(
        "permission.terms.set",
        schema(
            **{
                f"{name}_days": _days(
                    longest=LONGEST_REMINDER if name == "reminder" else 36525,
                    least=0 if name == "deletion" else 1,
                )
                for name in Terms.names()
            }
        ),
        set_terms,
    ),
    Command("permission.terms", schema(), show_terms),
    Command(
        "permission.deletions_overdue",
        schema(limit=fields.Integer(load_default=100, strict=True, validate=validate.Range(1, 500))),
        overdue,
    ),
)
