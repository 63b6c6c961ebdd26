"""What names an access point, a meter or a person: sealed under the house's key, found by a keyed hash."""

from __future__ import annotations

from uuid import UUID

from databeheer.door.house import House
from databeheer.door.keys.seals import derive
from databeheer.metering.opening import unseal
from databeheer.metering.sealing import seal
from databeheer.values import EAN


def ean_hash(house: House, ean: EAN) -> bytes:
    """The keyed hash under which the registry finds an access point."""
    return derive(house.registry_key("find"), "ean", ean.digits.encode())


def meter_hash(house: House, number: str) -> bytes:
    """The keyed hash under which the registry finds a meter."""
    return derive(house.registry_key("find"), "meter", number.encode())


def reference_hash(house: House, party_id: UUID, reference: str) -> bytes:
    """The keyed hash under which a party finds its own reference; another party's same words have another."""
    return derive(house.registry_key("find"), "reference", party_id.bytes, reference.encode())


def seal_text(house: House, what: str, owner: UUID, value: str) -> bytes:
    """Seal an EAN, address or meter number of one access point or meter, or a free text of one permission."""
    return seal(house.registry_key("seal"), value.encode(), _coordinates(what, owner))


def open_text(house: House, what: str, owner: UUID, sealed: bytes) -> str:
    """Open what `seal_text` closed."""
    return unseal(house.registry_key("seal"), sealed, _coordinates(what, owner)).decode()


class Names:
    """Opens many: the house's key is looked for once."""

    def __init__(self, house: House) -> None:
        self._key = house.registry_key("seal")

    def open(self, what: str, owner: bytes, sealed: bytes) -> str:
        """Open what `seal_text` closed; `owner` is the 16 bytes of its UUID."""
        name = owner.hex()
        dashed = f"{name[:8]}-{name[8:12]}-{name[12:16]}-{name[16:20]}-{name[20:]}"
        return unseal(self._key, sealed, f"registry/v1|{what}|{dashed}".encode()).decode()


def _coordinates(what: str, owner: UUID) -> bytes:
    return f"registry/v1|{what}|{owner}".encode()
