"""Bodies that were lost with a database and put back from a receipt: kept as the opening that somebody showed.

What a receipt opens is the shared half; of the subjects' halves the root alone is kept, sealed under the house's
key. So such an entry is checked, and shown again, by its opening.
"""

from __future__ import annotations

from sqlalchemy import Connection, text

from databeheer.door.bodies.opened import shared_body
from databeheer.door.house import House
from databeheer.metering.opening import unseal
from databeheer.metering.sealing import seal
from databeheer.oversight import gaps
from ledger.commitment import Opening


def keep(house: House, connection: Connection, index: int, opening: Opening, recorded_index: int) -> None:
    """Keep the opening of an entry, sealed."""
    sealed = seal(house.ledger_key, opening.to_json().encode(), _coordinates(index))
    connection.execute(_KEEP, {"index": index, "sealed": sealed, "recorded": recorded_index})


def between(house: House, connection: Connection, start: int, until: int) -> dict[int, Opening]:
    """Return the kept openings of the entries in [start, until), by index."""
    rows = connection.execute(_KEPT, {"start": start, "until": until})
    return {
        index: Opening.from_json(unseal(house.ledger_key, bytes(sealed), _coordinates(index)))
        for index, sealed in rows
    }


def for_party(opening: Opening) -> Opening:
    """Return what a party may see of an opening: nothing of the subject whose receipt it was."""
    root = opening.subject_root if opening.subject is None else opening.subject.root()
    return Opening(opening.shared_salt, opening.shared_body, subject_root=root)


def lost_stretches(house: House, connection: Connection) -> list[tuple[int, int]]:
    """Return the stretches of entries whose bodies are lost, as the entry that reconciled each says itself.

    A row alone hides nothing: whoever removes a body and writes a gap has no such entry.
    """
    found: list[tuple[int, int]] = []
    for gap in gaps.reconciled(connection):
        row = connection.execute(_BODY, {"index": gap.reconciled_index}).one_or_none()
        said = shared_body(house, row).said if row is not None else {}
        if (said.get("event"), said.get("first"), said.get("until")) == (
            "restore.reconciled",
            gap.first,
            gap.until,
        ):
            found.append((gap.first, gap.until))
    return found


def _coordinates(index: int) -> bytes:
    return f"evidence/v1|{index}".encode()


_BODY = text("SELECT * FROM ledger.body WHERE index = :index")
_KEEP = text(
    "INSERT INTO oversight.evidence (index, opening_sealed, recorded_index) VALUES (:index, :sealed, :recorded)"
)
_KEPT = text(
    "SELECT index, opening_sealed AS sealed FROM oversight.evidence WHERE index >= :start AND index < :until"
)
