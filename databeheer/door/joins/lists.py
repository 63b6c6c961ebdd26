"""The list of lawful joins as the door holds it: the regulator's newest, adopted under the head row."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from databeheer.door.house import House
from databeheer.door.joins import signers
from databeheer.door.statement import Statement
from databeheer.door.turn import Turn
from databeheer.joins import confirmation
from databeheer.joins.cases import JoinListError
from databeheer.joins.signature import SignedJoinList


def read_list(house: House) -> SignedJoinList | None:
    """Return the list that counts as it is now, as `verified` says; None where there is none."""
    try:
        return verified(house) if house.joins else None
    except JoinListError:
        return None


def verified(house: House) -> SignedJoinList:
    """Return the list that the regulator signed; without a key of the regulator's, that two people confirmed.

    Raises:
        JoinListError: it does not count, and why.
    """
    if house.joins is None:
        raise JoinListError("no regulator's key is registered here")
    if house.joins.regulator is not None:
        return house.joins.read()
    with house.engine.connect() as connection:
        known = signers.counting(house, connection)
    return confirmation.verify(*house.joins.read_files(), known)


def adopt(turn: Turn, signed: SignedJoinList) -> bool:
    """Say whether a signed list is in force; a newer one is adopted, and recorded, in this turn.

    An older one, or another of the same version, is not: a withdrawn case would come back to life.
    """
    # Under the lock: somebody who confirmed it may have left since it was read.
    if any(signers.has_ended(turn.connection, signers.signer_id(one.key)) for one in signed.confirmed_by):
        return False
    newest = turn.connection.execute(_NEWEST_LIST).one_or_none()
    joins = signed.joins
    index = turn.next_index
    if newest is not None and joins.version <= newest.version:
        return bool(joins.version == newest.version and joins.sha256 == bytes(newest.sha256))
    turn.record(
        Statement(
            "join_list.adopted",
            {
                "version": joins.version,
                "sha256": joins.sha256.hex(),
                "cases": [case.id for case in joins.cases],
            }
            | _confirmed(signed),
        )
    )
    turn.connection.execute(
        _ADOPT, {"version": joins.version, "sha256": joins.sha256, "index": index, "now": turn.now}
    )
    return True


def _confirmed(signed: SignedJoinList) -> dict[str, Any]:
    if not signed.confirmed_by:
        return {}
    return {"address": signed.address, "keys": sorted(str(one.key) for one in signed.confirmed_by)}


_NEWEST_LIST = text("SELECT version, sha256 FROM joins.list ORDER BY version DESC LIMIT 1")
_ADOPT = text(
    "INSERT INTO joins.list (version, sha256, adopted_index, adopted_at) VALUES (:version, :sha256, :index, :now)"
)
