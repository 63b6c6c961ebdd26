"""Commands on linking: the customer's, the desk's, and the switch that closes it at once (R91-R95)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from databeheer.approval_letters.code import LONGEST_TYPED
from databeheer.brussels import day_of
from databeheer.door.commands.base import (
    Command,
    EANCode,
    asker_of,
    identifier,
    looking,
    require_himself,
    schema,
    short_text,
    without_ean,
)
from databeheer.door.ean_codes.identifiers import of_meter
from databeheer.door.house import House
from databeheer.door.linking import identifiers
from databeheer.door.linking.attempting import attempt
from databeheer.door.linking.unlocking import ask, unlock
from databeheer.door.names import ean_hash
from databeheer.door.permission_record import subjects_of
from databeheer.door.proofs import AskerKind, Proof
from databeheer.door.staff.asking import switcher_of
from databeheer.door.statement import Statement
from databeheer.door.turn_queue import TurnLane
from databeheer.errors import MalformedRequestError, UnauthenticatedError
from databeheer.identity.linking import attempts, letters, opening
from databeheer.registry import occupancies

LONGEST_METER = 40


def show(house: House, proof: Proof, _: dict[str, Any]) -> dict[str, Any]:
    """How it stands with this log-in: whether linking is open, how often it may try, and the letter it asked for."""
    with looking(house, proof) as (connection, asker, now):
        require_himself(asker)
        if asker.kind is not AskerKind.CUSTOMER or asker.person_id is None:
            raise UnauthenticatedError("log in as a customer")
        own = identifiers.of_login(house, asker.person_id)
        left = max(0, attempts.MOST_WRONG - attempts.wrong_of(connection, own))
        # Of a letter no more than that it was asked for: whether one could go, it does not say.
        letter = letters.standing(connection, own, now)
        is_alive = letter is not None and letter.ended_at is None and letter.expires_at > now
        return {
            "is_open": opening.is_open(connection),
            "attempts_left": left,
            "letter_until": day_of(letter.expires_at).isoformat()
            if letter is not None and is_alive
            else None,
        }


def release(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Let an EAN code, a log-in, or a meter number (of who asks for an EAN code) begin anew, on record.

    It is the desk's, which names its case.
    """
    ean, person_id, meter = arguments["ean"], arguments["person_id"], arguments["meter"]
    if [ean, person_id, meter].count(None) != 2:
        raise MalformedRequestError("ean, person_id, meter: one of the three")
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        said = {"reference": arguments["reference"], "by": arguments["by"]}
        if ean is not None:
            released = attempts.release(turn.connection, [identifiers.of_ean(house, ean)])
            stay = occupancies.lived_in(turn.connection, ean_hash(house, ean), day_of(turn.now))
            home: UUID | None = stay.occupancy_id if stay is not None else None
            said |= {"what": "ean"}
        elif meter is not None:
            number = "".join(meter.split())
            released = attempts.release(turn.connection, [of_meter(house, number)])
            home, said = None, said | {"what": "meter"}
        else:
            released = attempts.release(turn.connection, [identifiers.of_login(house, person_id)])
            home, said = None, said | {"what": "login"}
        record = turn.record(Statement("link.released", said, subjects=subjects_of(house, home)))
    return {"released": released > 0, "index": record.index}


def close(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Close linking at once; everything else goes on."""
    return _change(house, proof, arguments, closed=True)


def reopen(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Open linking again."""
    return _change(house, proof, arguments, closed=False)


def _change(house: House, proof: Proof, arguments: dict[str, Any], *, closed: bool) -> dict[str, Any]:
    reason, by = arguments["reason"], arguments["by"]
    with house.turn(TurnLane.ENDS if closed else TurnLane.REST) as turn:
        switcher = switcher_of(turn, house, proof)
        if (switcher.asker.kind is AskerKind.OPERATOR) is (by is None):
            raise MalformedRequestError("by: the operator's key names who asks, and a session nobody")
        opening.change(turn.connection, closed=closed, reason=reason, by=by or "staff", now=turn.now)
        event = "linking.closed" if closed else "linking.opened"
        said = {"reason": reason} | ({"by": by} if by else {})
        record = switcher.record(turn, Statement(event, said))
    return {"index": record.index}


_WHY = {"reason": without_ean(short_text(longest=500)), "by": short_text(required=False)}

COMMANDS = (
    Command("link.show", schema(), show),
    Command(
        "link.attempt",
        schema(ean=EANCode(required=True), meter=short_text(longest=LONGEST_METER)),
        attempt,
    ),
    Command("link.letter", schema(ean=EANCode(required=True)), ask),
    Command("link.unlock", schema(code=short_text(longest=LONGEST_TYPED)), unlock),
    Command(
        "link.release",
        schema(
            ean=EANCode(load_default=None, allow_none=True),
            person_id=identifier(required=False),
            meter=short_text(required=False, longest=LONGEST_METER),
            reference=short_text(),
            by=short_text(),
        ),
        release,
    ),
    Command("link.close", schema(**_WHY), close),
    Command("link.reopen", schema(**_WHY), reopen),
)
