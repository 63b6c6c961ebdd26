"""The list of lawful joins as the door holds it: the regulator's newest, adopted under the head row."""

from __future__ import annotations

from sqlalchemy import text

from databeheer.door.house import House
from databeheer.door.statement import Statement
from databeheer.door.turn import Turn
from databeheer.joins.cases import JoinListError
from databeheer.joins.signature import SignedJoinList


def read_list(house: House) -> SignedJoinList | None:
    """Return the list if the regulator's signature covers it as it is now; None where it does not."""
    try:
        return house.joins.read() if house.joins else None
    except JoinListError:
        return None


def adopt(turn: Turn, signed: SignedJoinList) -> bool:
    """Say whether a signed list is in force; a newer one is adopted, and recorded, in this turn.

    An older one, or another of the same version, is not: a withdrawn case would come back to life.
    """
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
            },
        )
    )
    turn.connection.execute(
        _ADOPT, {"version": joins.version, "sha256": joins.sha256, "index": index, "now": turn.now}
    )
    return True


_NEWEST_LIST = text("SELECT version, sha256 FROM joins.list ORDER BY version DESC LIMIT 1")
_ADOPT = text(
    "INSERT INTO joins.list (version, sha256, adopted_index, adopted_at) VALUES (:version, :sha256, :index, :now)"
)
