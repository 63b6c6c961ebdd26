"""The separate channel of the public centres for social welfare (OCMW): secret, and told to one at a time (R96).

How an OCMW reaches the data manager stands in a file of the door's and nowhere else: not in the database, not in the
web, on no page and in no answer but this one. Each telling is an entry.
"""

from __future__ import annotations

from typing import Any

from databeheer.door.commands.base import Command, asker_of, identifier, schema, short_text
from databeheer.door.house import House
from databeheer.door.proofs import AskerKind, Proof
from databeheer.door.statement import Statement
from databeheer.errors import ConflictError, NotFoundError
from databeheer.registry import parties
from databeheer.values import Role


def tell(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Give the operator the channel, to hand to one OCMW in person or by a letter by name.

    Raises:
        NotFoundError: this house has no such channel, or no such party.
        ConflictError: the party is no OCMW.
    """
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        if not house.ocmw_channel:
            raise NotFoundError("no channel for OCMWs is set: DATABEHEER_OCMW_CHANNEL_FILE of the door")
        party = parties.get(turn.connection, arguments["party_id"])
        if party.role != Role.WELFARE_CENTRE:
            raise ConflictError("this channel is told to an OCMW alone")
        said = {"party": str(arguments["party_id"]), "by": arguments["by"]}
        record = turn.record(Statement("ocmw_channel.told", said))
    return {"channel": house.ocmw_channel, "index": record.index}


COMMANDS = (Command("ocmw.channel", schema(party_id=identifier(), by=short_text()), tell),)
