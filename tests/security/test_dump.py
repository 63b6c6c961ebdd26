"""What a thief of the database, or of a log file, learns of people: nothing that names them or where they live."""

from __future__ import annotations

import re
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from databeheer.brussels import day_of
from databeheer.door.client import DoorRefusedError
from databeheer.door.drill import searching
from databeheer.storage.system_account import reachable_binaries
from databeheer.values import format_instant
from tests.commands import every_command
from tests.conftest import LOTTES_EAN, MARIAS_EAN
from tests.databases import Databases
from tests.databeheer.door.conftest import DAYS, export
from tests.databeheer.metering.builders import METER, Row, day_rows, english, real_files
from tests.doors import DoorProcess, door_process, execute
from tests.house import Customer, Party, TheHouse, open_house_now
from tests.letters import confirm_email

PEOPLE = {
    "lotte@voorbeeld.be": "Lotte Janssens-Öz",
    "maria-subject": "Maria Peeters",
    "noor-subject": "Noor Claes",
}
ADDRESSES = ("Kerkstraat 17 bus 3, 9000 Gent", "Dorpsplein 3, 8755 Ruiselede")
METERS = (METER, "2SAG9990000003")
UNKNOWN_EAN = "541448899990000060"
REFERENCE = "dossier Maria Peeters 2026"
RETURN_URLS = {
    "return_url_success": "https://bram.example/klaar?mail=maria.peeters@voorbeeld.be",
    "return_url_failed": f"https://bram.example/jammer?ean={UNKNOWN_EAN}",
}
LOTTES_ADDRESS = "lotte.janssens@voorbeeld.be"
HOOK_URL = "https://bram.example/hooks?key=geheim-van-bram"
SECRETS = [
    LOTTES_ADDRESS,
    HOOK_URL,
    *PEOPLE,
    *PEOPLE.values(),
    *ADDRESSES,
    *METERS,
    *(LOTTES_EAN, MARIAS_EAN, UNKNOWN_EAN),
    REFERENCE,
    *RETURN_URLS.values(),
    "maria.peeters@voorbeeld.be",
]


class Walked:
    """A house after a full walk, through a door process of its own: its dump and its log."""

    def __init__(self, dump: bytes, log: bytes, tokens: list[str]) -> None:
        self.dump, self.log, self.tokens = dump, log, tokens


@pytest.fixture(scope="module")
def walked(databases: Databases) -> Iterator[Walked]:
    with databases.clone() as database, open_house_now(database) as house:
        with door_process(house) as door:
            tokens = walk(house, door)
        yield Walked(dump(house), door.log.read_bytes(), tokens)


def walk(house: TheHouse, door: DoorProcess) -> list[str]:
    """People, points, exports, permissions of every kind, reads, refusals, joins, moves, log-ins, and faults."""
    lotte, maria = (house.customer(subject, name) for subject, name in list(PEOPLE.items())[:2])
    house.point(LOTTES_EAN, lotte, address=ADDRESSES[0])
    house.point(MARIAS_EAN, maria, address=ADDRESSES[1])
    house.ingest(export())
    house.ingest(english(*day_rows(DAYS[0], row=Row(ean=f'="{MARIAS_EAN}"', meter=METERS[1]))))
    house.ingest(english(*day_rows(DAYS[0], row=Row(ean=f'="{UNKNOWN_EAN}"'))), register=True)
    bram, erik = house.party("Bram Energieadvies", "energy_service"), house.party("Erik Energie", "supplier")
    house.operator("registry.supply.accept", ean=MARIAS_EAN, party_id=erik.party_id, from_day="2023-01-01")
    waiting, given, refused = bram.ask(ean=MARIAS_EAN), bram.ask(ean=LOTTES_EAN), bram.ask()
    named = maria.call(
        "permission.by_link",
        link_code=bram.ask(reference=REFERENCE, **RETURN_URLS)["link_code"],
    )["permission"]
    assert {what: named[what] for what in ("reference", *RETURN_URLS)} == {
        "reference": REFERENCE,
        **RETURN_URLS,
    }
    assert len(bram.call("permission.list", reference=REFERENCE)["permissions"]) == 1
    maria.call("contact.ask", email="maria.peeters@voorbeeld.be", language="nl")
    before = house.clock.now()
    house.clock.advance(timedelta(minutes=1))  # the door's process has the machine's clock
    confirm_email(house, lotte, LOTTES_ADDRESS)
    house.clock.set(before)
    secret = bram.call("webhook.put", url=HOOK_URL)["webhook"]["secret"]
    lotte.grant(given)
    maria.call("permission.refuse", permission_id=refused["permission_id"], link_code=refused["link_code"])
    bram.read(given["permission_id"])
    month = {"from": "2023-09-30T22:00:00Z", "until": "2023-10-31T23:00:00Z", "granularity": "month"}
    erik.read(ean=MARIAS_EAN, **month)
    attempts: list[Any] = [
        lambda: bram.read(waiting["permission_id"]),
        lambda: bram.read(ean=MARIAS_EAN),
        lambda: bram.read(ean="541448899990000077"),
        lambda: house.log_in("x" * 500, "Lotte Janssens-Öz"),
        lambda: house.token(bram.client_id, LOTTES_EAN),
    ]
    for attempt in attempts:
        with pytest.raises(DoorRefusedError):
            attempt()
    lotte.withdraw(given["permission_id"])
    today = day_of(house.clock.now())
    house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day=today.isoformat())
    noor = house.customer("noor-subject", PEOPLE["noor-subject"])
    house.operator(
        "registry.occupancy.begin", ean=LOTTES_EAN, person_id=str(noor.person_id), from_day=today.isoformat()
    )
    _break_a_row(house, bram)
    _break_everything(house, door, (lotte, maria))
    return [
        lotte.session,
        maria.session,
        bram.token,
        bram.client_secret,
        house.operator_key,
        house.intake_key,
        house.clerk_key,
        waiting["link_code"],
        secret,
    ]


def _break_a_row(house: TheHouse, party: Party) -> None:
    """PostgreSQL words a broken constraint with the whole row; a free text may be anything somebody writes."""
    execute(house, "ALTER TABLE registry.contract ADD CONSTRAINT broken CHECK (number !~ '^54') NOT VALID")
    since = format_instant(house.clock.now())
    with pytest.raises(DoorRefusedError) as refused:
        house.operator("registry.contract.add", party_id=party.party_id, number=MARIAS_EAN, valid_from=since)
    assert refused.value.code == "internal"
    execute(house, "ALTER TABLE registry.contract DROP CONSTRAINT broken")


def _break_everything(house: TheHouse, door: DoorProcess, people: tuple[Customer, Customer]) -> None:
    """Every command while the database refuses the door half of it: faults with data at hand."""
    party = house.party("Pech Energie", "energy_service")
    commands = every_command(*people, party, party.ask()["permission_id"])
    execute(house, "REVOKE INSERT ON ledger.body FROM databeheer_door")
    for command, arguments in commands.items():
        for proof in (
            f"operator:{house.operator_key}",
            f"intake:{house.intake_key}",
            f"clerk:{house.clerk_key}",
            f"session:{people[0].session}",
            f"token:{party.token}",
        ):
            kind, _, value = proof.partition(":")
            message = {"command": command, "proof": {"kind": kind, "value": value}, "arguments": arguments}
            if command != "session.end":
                door.client._exchange(message)
    execute(house, "GRANT INSERT ON ledger.body TO databeheer_door")


def dump(house: TheHouse) -> bytes:
    """Every schema, every row, as the superuser's backup has them."""
    program = _pg_dump()
    done = subprocess.run(
        [program, "--inserts", "--dbname", house.database.url("superuser")], capture_output=True, check=True
    )
    return done.stdout


def _pg_dump() -> Path:
    return reachable_binaries(None) / "pg_dump"


def appears(secret: str, text: bytes) -> list[str]:
    return searching.appears(secret.encode(), text)


def test_the_search_finds_what_is_there() -> None:
    secret = "Kerkstraat 17 bus 3"
    hiding_places = {
        "clear": secret.encode(),
        "hex": b"\\x00" + ("x" + secret).encode().hex().encode(),
        "base64": b64encode(b"ab" + secret.encode() + b"cdefg"),
        "json": ascii(secret).encode(),
        "upper": secret.upper().encode(),
    }
    for name, place in hiding_places.items():
        assert appears(secret, b"before" + place + b"after"), name
    assert not appears(secret, b"Kerkstraat 18 bus 3")


def test_the_dump_is_whole(walked: Walked) -> None:
    for table in (
        "metering.profile",
        "ledger.body",
        "ledger.statement",
        "registry.access_point",
        "identity.person",
    ):
        schema, _, name = table.partition(".")
        assert re.search(rf"INSERT INTO {schema}\.{name}".encode(), walked.dump), table
    assert b"permissions.permission VALUES" in walked.dump


@pytest.mark.parametrize("secret", SECRETS)
def test_a_dump_of_every_schema_names_no_person_point_meter_or_address(walked: Walked, secret: str) -> None:
    assert appears(secret, walked.dump) == []


@pytest.mark.parametrize("secret", SECRETS)
def test_no_log_line_of_the_door_names_anybody(walked: Walked, secret: str) -> None:
    assert appears(secret, walked.log) == []


def test_the_door_said_something_of_its_faults(walked: Walked) -> None:
    assert b"a command failed" in walked.log
    assert b"IntegrityError" in walked.log


def test_neither_dump_nor_log_holds_a_token_that_works(walked: Walked) -> None:
    for token in walked.tokens:
        assert appears(token, walked.dump) == []
        assert appears(token, walked.log) == []


def test_no_number_of_eighteen_digits_stands_in_the_dump(walked: Walked) -> None:
    """Whatever EAN it might be, of this walk or another."""
    assert re.findall(rb"(?<![0-9a-f])[0-9]{18}(?![0-9a-f])", walked.dump) == []


def test_the_real_exports_leave_no_name_behind(databases: Databases) -> None:
    """The four real files, their access points and meters, as they were downloaded."""
    files = sorted(real_files().glob("*.csv"))
    assert len(files) == 4
    texts = b"".join(file.read_bytes() for file in files).decode("utf-8-sig", errors="replace")
    eans = set(re.findall(r"54\d{16}", texts + "".join(file.name for file in files)))
    meters = set(re.findall(r"\b\d?S[A-Z]{2}\d{10}\b|\b\d[A-Z]{3}\d{10}\b", texts))
    assert len(eans) == 4
    with databases.clone() as database, open_house_now(database) as house:
        for file in files:
            assert house.ingest(file, register=True).changed
        dumped = dump(house)
    for secret in eans | meters:
        assert appears(secret, dumped) == []


def test_the_dates_that_a_dump_reveals_are_days_not_moments_of_use(walked: Walked) -> None:
    """What the threat model names: days with readings, and moments of commands, but no value of energy."""
    rows = re.findall(rb"INSERT INTO metering\.profile_\d+ VALUES \((.*?)\);", walked.dump)
    assert rows
    for row in rows:
        assert len(re.findall(rb"'\d{4}-\d\d-\d\d'", row)) == 1


def test_no_row_of_readings_shares_a_name_with_what_is_known_of_people_and_points(walked: Walked) -> None:
    """Pseudonyms and channels stand in no other table; what ties the domains is a key that the dump has not."""
    name = re.compile(
        rb"'\\x([0-9a-f]{16,})'|'([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})'"
    )
    readings, others = set[bytes](), set[bytes]()
    for table, row in re.findall(rb"INSERT INTO (\w+\.\w+) VALUES \((.*?)\);\n", walked.dump):
        found = {(one or other).replace(b"-", b"") for one, other in name.findall(row)}
        (readings if table.startswith(b"metering.profile") else others).update(found)
    assert len(readings) > 10
    assert len(others) > 100
    assert readings & others == set()
