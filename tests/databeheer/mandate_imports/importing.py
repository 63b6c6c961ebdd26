"""What tests of imported mandates share: a file, its papers, and time that passes with the clerk awake."""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any

from databeheer.door.client import DoorClient, Proof
from databeheer.mandate_imports.file import COLUMNS
from databeheer.site.clerk import Clerk
from tests.conftest import LOTTES_EAN
from tests.house import Party, TheHouse

MOST_ROUNDS = 20


def paper(reference: str) -> bytes:
    """The signed document of a mandate."""
    return f"%PDF-1.4 I allow it. {reference}. Signed.".encode()


def line(reference: str = "ref-1", **changes: str) -> dict[str, str]:
    """A good line: Lotte's quarter-hours of 2023 and after, signed in 2023."""
    good = {
        "referenceNumber": reference,
        "ean": LOTTES_EAN,
        "dataServiceType": "VH_kwartier_uur",
        "dataPeriodFrom": "2023-01-01",
        "dataPeriodTo": "",
        "mandateExpirationDate": "",
        "signedOn": "2023-05-01",
        "documentSha256": sha256(paper(reference)).hexdigest(),
    }
    return good | changes


def csv_of(lines: Iterable[dict[str, str]], separator: str = ",") -> bytes:
    """A file of lines, as a party sends it."""
    rows = [separator.join(COLUMNS)] + [separator.join(one[name] for name in COLUMNS) for one in lines]
    return ("\n".join(rows) + "\n").encode()


def take(party: Party, content: bytes, **arguments: Any) -> dict[str, Any]:
    """Send a file to the door."""
    return party.call("mandate_import.take", content=b64encode(content).decode(), **arguments)


@dataclass(frozen=True)
class Brought:
    """An import of one party, followed through its life."""

    house: TheHouse
    party: Party
    import_id: str

    @classmethod
    def of(cls, house: TheHouse, party: Party, *lines: dict[str, str]) -> Brought:
        """Take a file in and announce it."""
        taken = take(party, csv_of(lines or [line()]))
        brought = cls(house, party, taken["import"]["import_id"])
        sweep(house)
        return brought

    def now(self) -> dict[str, Any]:
        shown: dict[str, Any] = self.party.call("mandate_import.show", import_id=self.import_id)["import"]
        return shown

    def rows(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.party.call("mandate_import.rows", import_id=self.import_id)["rows"]
        return found

    def permission(self, number: int = 0) -> str:
        return str(self.rows()[number]["permission_id"])

    def drawn(self) -> list[dict[str, Any]]:
        return [one for one in self.rows() if one["is_drawn"]]

    def hand_in(self, row: dict[str, Any], content: bytes | None = None) -> None:
        document = b64encode(content or paper(row["reference"])).decode()
        self.party.call("mandate.produce", permission_id=row["permission_id"], document=document)

    def hand_all_in(self, *, accepted: bool = True) -> None:
        """Hand in all that was drawn, and let the operator judge it."""
        for row in self.drawn():
            self.hand_in(row)
            self.judge(row, accepted=accepted)
        sweep(self.house)

    def judge(self, row: dict[str, Any], *, accepted: bool) -> None:
        said = {"accepted": accepted, "checked_by": "desk 3"}
        self.house.operator("mandate.check", permission_id=row["permission_id"], **said)


def sweep(house: TheHouse) -> Counter[str]:
    """The clerk's round, for imports alone."""
    with DoorClient(house.socket) as door:
        done: Counter[str] = Counter()
        for _ in range(MOST_ROUNDS):
            answer = door.call("mandate_import.sweep", Proof.clerk(house.clerk_key))
            assert answer["failed"] == 0
            done.update(answer["recorded"])
            if not answer["recorded"]:
                return done
    raise AssertionError(f"there is always something to do: {done}")


def clerk(house: TheHouse) -> Counter[str]:
    """A whole round of the clerk."""
    with DoorClient(house.socket) as door:
        return Clerk(door, house.clerk_key).round()


def post_letters(house: TheHouse) -> list[dict[str, Any]]:
    """Print and post every letter that waits; returns what they say."""
    waiting = house.operator("letter.list")["letters"]
    printed = [house.operator("letter.open", letter_id=one["letter_id"]) for one in waiting]
    for one in waiting:
        house.operator("letter.posted", letter_id=one["letter_id"])
    return printed


def days(house: TheHouse, count: int) -> None:
    """Let days pass; people and parties log in anew."""
    house.clock.advance(timedelta(days=count))
    for person in house.people:
        person.session = house.log_in(person.subject, person.name)


def back_in(house: TheHouse, party: Party) -> None:
    """A party gets a new token, as after days."""
    party.token = house.token(party.client_id, party.client_secret)
