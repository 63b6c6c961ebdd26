"""Commands of the records of necessity: whose keys sign them, taking and ending them; the public mirror (R130)."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import text

from databeheer.access.explain import Language, citation_text
from databeheer.door.commands.base import (
    Command,
    asker_of,
    found,
    identifier,
    long_text,
    looking,
    person_name,
    same_name,
    schema,
    short_text,
)
from databeheer.door.house import House
from databeheer.door.joins import necessity, signers
from databeheer.door.joins.lists import read_list
from databeheer.door.proofs import AskerKind, Proof
from databeheer.door.restore.ends import Ending
from databeheer.door.statement import Statement
from databeheer.door.turn_queue import TurnLane
from databeheer.errors import ConflictError, MalformedRequestError, UnauthenticatedError
from databeheer.joins.cases import JoinList
from databeheer.joins.necessity import LARGEST, NecessityError, Signer, is_listed, verify
from databeheer.values import format_instant
from ledger.errors import LedgerError
from ledger.note import VerifierKey

NUMBERED = re.compile(r"[a-z0-9.-]{1,100}/signer-[1-9][0-9]{0,5}")
"""The name of a key of somebody of the house. It stands on every signature, and no person's name does (R130)."""


def ask_signer(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Ask to register a key of somebody of the house; somebody else approves it.

    Raises:
        MalformedRequestError: it is no verifier key, or its name is not a number (`NUMBERED`).
    """
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        signer = Signer(" ".join(arguments["person"].split()), _key(house, arguments["key"]))
        known = signers.signer_id(signer.key)
        if signers.has_ended(turn.connection, known):
            raise ConflictError("this key has ended; make another")
        if signers.find(house, turn.connection, known) is not None:
            raise ConflictError("this key was handed in before")
        signers.ask(house, turn, signer, arguments["by"], turn.next_index)
        said = {"signer": str(known), "person": signer.person, "key": str(signer.key), "by": arguments["by"]}
        record = turn.record(Statement("join_signer.asked", said))
    return record.answer() | {"id": str(known)}


def approve_signer(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Let a key count: neither who asked, nor whose key it is."""
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        one = found(signers.find(house, turn.connection, arguments["id"]), "key")
        if one.approved_at is not None or one.ended_at is not None:
            raise ConflictError("this key was approved already, or has ended")
        if same_name(one.asked_by, arguments["by"]) or same_name(one.signer.person, arguments["by"]):
            raise ConflictError("somebody else than who asked, and whose key it is, approves it (four eyes)")
        signers.approve(house, turn, one, arguments["by"], turn.next_index)
        said = {"signer": str(one.id), "key": str(one.signer.key), "by": arguments["by"]}
        record = turn.record(Statement("join_signer.registered", said))
    return record.answer()


def end_signer(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """End a key now; no join runs any more by a record that needs it."""
    with house.turn(TurnLane.ENDS) as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        one = found(signers.find(house, turn.connection, arguments["id"]), "key")
        if not signers.end(turn, one.id, turn.next_index):
            raise ConflictError("this key has ended already")
        turn.end(Ending.JOIN_SIGNER, one.id)
        record = turn.record(Statement("join_signer.ended", {"signer": str(one.id), "by": arguments["by"]}))
    return record.answer()


def list_signers(house: House, proof: Proof, _: dict[str, Any]) -> dict[str, Any]:
    """Every key, with whose it is, for the operator."""
    with looking(house, proof) as (connection, asker, _now):
        if asker.kind is not AskerKind.OPERATOR:
            raise UnauthenticatedError("this proof does not give this command")
        known = list(signers.registered(house, connection))
    return {
        "signers": [
            {
                "id": str(one.id),
                "person": one.signer.person,
                "key": str(one.signer.key),
                "asked_by": one.asked_by,
                "asked_at": format_instant(one.asked_at),
                "approved_at": format_instant(one.approved_at) if one.approved_at else None,
                "ended_at": format_instant(one.ended_at) if one.ended_at else None,
            }
            for one in known
        ]
    }


def take(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Take a record that two people signed; from its first day on, joins run by it as by a case of the list.

    Raises:
        NecessityError: malformed, changed, over, or not under the registered keys of two different people.
        ConflictError: its number was given before, or the list has this join.
    """
    content, note = arguments["content"].encode(), arguments["note"].encode()
    signed = read_list(house)
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        record, by = verify(content, note, signers.counting(house, turn.connection))
        if record.is_over(turn.now):
            raise NecessityError("the record's term is over")
        if signed is None:
            raise ConflictError("no list of lawful joins is in force, so no join is beside it")
        if is_listed(signed.joins, record.case):
            raise ConflictError("the list has this join, and its limits hold")
        if record.case.basis and record.case.basis not in {row.code for row in house.catalogue.rows}:
            raise NecessityError("the case's basis is no row of the catalogue of legal bases")
        if necessity.is_taken(turn.connection, necessity.necessity_id(record.number)):
            raise ConflictError("a record of this number was taken before; each has a number of its own")
        necessity.put(turn, record, content, note, turn.next_index)
        said = {
            "necessity": record.number,
            "sha256": record.sha256.hex(),
            "duty": citation_text(record.duty, Language.DUTCH),
            "keys": sorted(str(signer.key) for signer in by),
            "valid": [record.valid_from.isoformat(), record.valid_until.isoformat()],
            "by": arguments["by"],
        }
        answer = turn.record(Statement("join_necessity.taken", said))
    return answer.answer()


def end(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """End a record now; one person is enough to give less."""
    known = necessity.necessity_id(arguments["number"])
    with house.turn(TurnLane.ENDS) as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        if not necessity.is_taken(turn.connection, known):
            found(None, "record")
        if not signers.end(turn, known, turn.next_index):
            raise ConflictError("this record has ended already")
        turn.end(Ending.JOIN_NECESSITY, known)
        said = {"necessity": arguments["number"], "by": arguments["by"]}
        record = turn.record(Statement("join_necessity.ended", said))
    return record.answer()


def mirror(house: House, proof: Proof, _: dict[str, Any]) -> dict[str, Any]:
    """Every record with its signatures, and whether joins run by it; public, without the names of who signed."""
    signed = read_list(house)
    with house.engine.connect() as connection, connection.begin():
        joins = signed.joins if signed is not None and is_newest(connection, signed.joins) else None
        kept = necessity.all_kept(house, connection, joins, house.clock.now())
    return {"records": [view_of(one) for one in kept]}


def is_newest(connection: Any, joins: JoinList) -> bool:
    """Whether this list is the one that joins run by."""
    newest = connection.execute(_NEWEST).one_or_none()
    if newest is None or joins.version > newest.version:
        return True
    return (newest.version, bytes(newest.sha256)) == (joins.version, joins.sha256)


def view_of(kept: necessity.Kept) -> dict[str, Any]:
    """A record as everybody may see it."""
    view: dict[str, Any] = {
        "in_force": kept.problem is None,
        "problem": kept.problem,
        "taken_index": kept.taken_index,
        "content": kept.content.decode(),
        "note": kept.note.decode(),
        "keys": sorted(str(signer.key) for signer in kept.signers),
        "number": None,
    }
    if (record := kept.record) is not None:
        view |= {
            "number": record.number,
            "title_nl": record.case.title_nl,
            "sentence_nl": record.case.sentence_nl,
            "why_nl": record.why_nl,
            "duty_nl": citation_text(record.duty, Language.DUTCH),
            "valid_from": record.valid_from.isoformat(),
            "valid_until": record.valid_until.isoformat(),
            "sha256": record.sha256.hex(),
        }
    return view


def _key(house: House, vkey: str) -> VerifierKey:
    try:
        key = VerifierKey.parse(vkey)
    except LedgerError as error:
        raise MalformedRequestError(f"the verifier key cannot be used: {error}") from error
    if not NUMBERED.fullmatch(key.name):
        raise MalformedRequestError(
            "key: its name is read by everybody at /joins, so it is a number: make one as house.example/signer-1"
        )
    regulator = house.joins.regulator if house.joins is not None else None
    if regulator is not None and key.public_key == regulator.public_key:
        raise ConflictError("the regulator's key is of nobody of the house")
    return key


_NEWEST = text("SELECT version, sha256 FROM joins.list ORDER BY version DESC LIMIT 1")

COMMANDS = (
    Command("joins.signer.ask", schema(person=person_name(), key=short_text(), by=person_name()), ask_signer),
    Command("joins.signer.approve", schema(id=identifier(), by=person_name()), approve_signer),
    Command("joins.signer.end", schema(id=identifier(), by=short_text()), end_signer),
    Command("joins.signers", schema(), list_signers),
    Command(
        "joins.necessity.take",
        schema(content=long_text(longest=LARGEST), note=long_text(longest=LARGEST), by=short_text()),
        take,
    ),
    Command("joins.necessity.end", schema(number=short_text(longest=60), by=short_text()), end),
    Command("joins.necessities", schema(), mirror),
)
