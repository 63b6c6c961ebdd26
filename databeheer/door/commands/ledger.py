"""The content check of the ledger, as a command: what an audit cannot do without the door's keys."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from marshmallow import fields, validate

from databeheer.door.bodies.checking import check_bodies
from databeheer.door.commands.base import Command, looking, schema
from databeheer.door.house import House
from databeheer.door.proofs import AskerKind, Proof
from databeheer.errors import UnauthenticatedError

LARGEST_STRETCH = 2000
_LARGEST_INDEX = 2**53


def check(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Compare a stretch of entries with what is kept beside them; answers indexes, never what stands there."""
    with looking(house, proof) as (_connection, asker, _now):
        if asker.kind is not AskerKind.OPERATOR:
            raise UnauthenticatedError("this proof does not give this command")
    return asdict(check_bodies(house, arguments["start"], arguments["limit"]))


COMMANDS = (
    Command(
        "ledger.check_bodies",
        schema(
            start=fields.Integer(required=True, strict=True, validate=validate.Range(0, _LARGEST_INDEX)),
            limit=fields.Integer(required=True, strict=True, validate=validate.Range(1, LARGEST_STRETCH)),
        ),
        check,
    ),
)
