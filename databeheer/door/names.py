"""What names an access point, a meter or a person: sealed under the house's key, found by a keyed hash."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from databeheer.byte_rows import rows_of
from databeheer.door.house import House
from databeheer.door.keys.at_hand import Keys
from databeheer.door.keys.seals import derive
from databeheer.metering.opening import SealError, unseal
from databeheer.metering.opening_rows import unseal_rows
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


def open_text(keys: Keys, what: str, owner: UUID, sealed: bytes) -> str:
    """Open what `seal_text` closed."""
    return unseal(keys.registry_key("seal"), sealed, _coordinates(what, owner)).decode()


def open_texts(house: House, what: str, sealed: Sequence[tuple[bytes, bytes]]) -> list[str]:
    """Open many texts that `seal_text` closed, given with the 16 bytes of their owners' UUIDs."""
    key, found = house.registry_key("seal"), [""] * len(sealed)
    by_length: dict[int, list[int]] = defaultdict(list)
    for place, (_, text) in enumerate(sealed):
        by_length[len(text)].append(place)
    for length, places in by_length.items():
        where = [f"registry/v1|{what}|{_dashed(sealed[place][0])}".encode() for place in places]
        texts = rows_of([sealed[place][1] for place in places], length)
        opened, opens = unseal_rows(key, texts, rows_of(where, len(where[0])))
        if not opens.all():
            raise SealError("a sealed value does not open")
        for place, plain in zip(places, opened, strict=True):
            found[place] = plain.tobytes().decode()
    return found


def _dashed(name: bytes) -> str:
    """Spell a UUID as `str` does, without making one."""
    spelled = name.hex()
    return f"{spelled[:8]}-{spelled[8:12]}-{spelled[12:16]}-{spelled[16:20]}-{spelled[20:]}"


def _coordinates(what: str, owner: UUID) -> bytes:
    return f"registry/v1|{what}|{owner}".encode()
