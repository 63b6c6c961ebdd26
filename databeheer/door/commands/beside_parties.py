"""Who else may look beside the parties: who acts in a customer's name, and who reads at an open port."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from databeheer.brussels import day_of
from databeheer.door.attorneys.acting import UNNAMED
from databeheer.door.commands.login import open_name
from databeheer.door.house import House
from databeheer.door.keys.store import Kind
from databeheer.door.proofs import Asker
from databeheer.identity import representations
from databeheer.registry import user_ports
from databeheer.storage.look import Look, Work

View = dict[str, Any]


def beside_parties(house: House, look: Look, asker: Asker, now: datetime) -> Work[View]:
    """Return who acts in the customer's name now (`acting`), and the ports that are open where he lives (`open_ports`).

    `kind` is `attorney` or `court`; `until` a Brussels day, exclusive. Who acts by a power of attorney himself hears of
    no other one (`acting` is empty), and of the ports of the addresses that his power is for.
    """
    held = [] if asker.power else representations.ask_acting_for(look, asker.person_id, now)
    ports = user_ports.ask_open(look, asker.person_id, day_of(now))
    yield
    return {
        "acting": [
            {
                "kind": row.kind,
                "name": open_name(house, row.representative_id, bytes(row.name_sealed))
                if house.keys.holds(Kind.PERSON, row.representative_id)
                else UNNAMED,
                "decides": row.decides,
                "until": row.until_day.isoformat() if row.until_day else None,
            }
            for row in held
        ],
        "open_ports": [
            {"occupancy_id": str(row.occupancy_id), "port": row.port}
            for row in ports
            if asker.reaches(row.occupancy_id)
        ],
    }
