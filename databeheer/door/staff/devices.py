"""Workstations of the house: once one is registered, staff come from one that still is (R198).

A workstation is known by the print of its client certificate (x5t#S256), which the proxy that ends TLS tells the web.
"""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from marshmallow import fields, validate
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from databeheer.door.commands.base import Command, found, identifier, looking, schema, short_text, without_ean
from databeheer.door.house import House
from databeheer.door.proofs import AskerKind, Proof
from databeheer.door.staff.asking import doer_of, record_refusal, require_role
from databeheer.door.staff.people import by
from databeheer.door.statement import Statement
from databeheer.door.turn_queue import TurnLane
from databeheer.errors import ConflictError, UnauthenticatedError
from databeheer.identity import sessions
from databeheer.staff import roles
from databeheer.values import format_instant


def register(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Register a workstation. With the first one, staff come from nowhere else any more.

    Raises:
        ConflictError: this certificate was registered before; one that was ended is good no more.
    """
    device_id = uuid4()
    with house.turn() as turn:
        doer = doer_of(turn, house, proof, "administrator", writing=True, by=arguments["by"])
        device = {
            "id": device_id,
            "print": arguments["certificate"],
            "label": arguments["label"],
            "by": doer.employee,
            "now": turn.now,
        }
        try:
            with turn.connection.begin_nested():
                turn.connection.execute(_ADD, device)
        except IntegrityError as error:
            raise ConflictError("this certificate was registered before") from error
        record = doer.record(turn, Statement("staff.device.registered", {"device": str(device_id)}))
    return record.answer() | {"device_id": str(device_id)}


def end(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """End a workstation: who comes from it is refused at once. Ending the last one lets nobody in from anywhere."""
    with house.turn(TurnLane.ENDS) as turn:
        doer = doer_of(turn, house, proof, "administrator", writing=True, by=arguments["by"])
        ended = {"id": arguments["device_id"], "now": turn.now}
        found(turn.connection.execute(_END, ended).one_or_none(), "workstation")
        said = {"device": str(arguments["device_id"])}
        record = doer.record(turn, Statement("staff.device.ended", said))
    return record.answer()


def list_devices(house: House, proof: Proof, _: dict[str, Any]) -> dict[str, Any]:
    """Every workstation, ended ones too, the newest first."""
    with looking(house, proof, or_staff=True) as (connection, asker, _now):
        if asker.kind not in (AskerKind.STAFF, AskerKind.OPERATOR):
            raise UnauthenticatedError("log in as staff")
        require_role(asker, *roles.load().reading("systems"))
        return {
            "devices": [
                {
                    "device_id": str(row.device_id),
                    "label": row.label,
                    "certificate": row.print,
                    "registered_at": format_instant(row.registered_at),
                    "ended_at": row.ended_at and format_instant(row.ended_at),
                }
                for row in connection.execute(_ALL)
            ]
        }


def cut_off(house: House, proof: Proof) -> None:
    """End a session that was brought from no workstation of the house, and record it: it may be a stolen one."""
    with house.turn(TurnLane.ENDS) as turn:
        row = turn.connection.execute(_WHOSE, {"hash": proof.hash, "now": turn.now}).one_or_none()
        if row is not None:
            sessions.end_session(turn.connection, proof.hash, turn.now)
            record_refusal(turn, row.account_id, "session", "unknown_device")


_ADD = text(
    "INSERT INTO staff.device (device_id, print, label, registered_by, registered_at)"
    " VALUES (:id, :print, :label, :by, :now)"
)
_END = text(
    "UPDATE staff.device SET ended_at = :now WHERE device_id = :id AND ended_at IS NULL RETURNING device_id"
)
_ALL = text("SELECT * FROM staff.device ORDER BY registered_at DESC, device_id")
_WHOSE = text(
    "SELECT a.account_id FROM identity.session s JOIN staff.account a"
    " ON a.subject_hash = s.staff_hash AND a.ended_at IS NULL"
    " WHERE s.token_hash = :hash AND s.role = 'staff' AND s.ended_at IS NULL AND s.expires_at > :now"
)

COMMANDS = (
    Command(
        "staff.device.register",
        schema(
            certificate=fields.String(
                required=True,
                validate=validate.Regexp(
                    r"[A-Za-z0-9_-]{43}\Z",
                    error="the print of a certificate: SHA-256 in 43 letters of base64url",
                ),
            ),
            label=without_ean(short_text(longest=80)),
            by=by(),
        ),
        register,
    ),
    Command("staff.device.end", schema(device_id=identifier(), by=by()), end),
    Command("staff.device.list", schema(), list_devices),
)
