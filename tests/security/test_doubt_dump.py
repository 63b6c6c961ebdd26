"""What a dump of the database tells of a case of doubt: no word, no proof; after the proof is destroyed, its hash."""

from __future__ import annotations

import subprocess
from hashlib import sha256
from typing import Any

import pytest

from databeheer.door.documents import coordinates
from databeheer.door.keys.store import Kind
from databeheer.metering.opening import unseal
from databeheer.storage.system_account import reachable_binaries
from databeheer.values import format_instant
from tests.databeheer.doubt.acts import PDF, contact, lift, show
from tests.doors import query
from tests.epochs import begin_epoch
from tests.house import Customer, Party, TheHouse


def dump(house: TheHouse) -> bytes:
    program = reachable_binaries(None) / "pg_dump"
    command = [str(program), "--data-only", house.database.url("superuser").replace("+psycopg", "")]
    return subprocess.run(command, check=True, capture_output=True).stdout


@pytest.mark.requirement("R106")
def test_a_dump_of_before_has_the_proof_sealed_and_one_of_after_has_its_hash_alone(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    asked = bram.ask()
    lotte.grant(asked)
    about = {"permission_id": asked["permission_id"], "concern": "not_given"}
    case: dict[str, Any] = lotte.call("doubt.raise", words="Ik ken deze mensen niet", **about)["case"]
    bram.call(
        "doubt.report_own",
        customer="unsatisfied",
        words="De klant belde ons boos op",
        received_at=format_instant(house.clock.now()),
        **about,
    )
    contact(house, case)
    show(bram, case)
    [(evidence_id, sealed)] = query(house, "SELECT document_id, content_sealed FROM documents.document")
    before = dump(house)
    for secret in (
        PDF,
        PDF.hex().encode(),
        b"Ik ken deze mensen",
        b"belde ons boos",
        b"signed on our stand",
        b"doubt@party.example",
        b"Contact Person",
    ):
        assert secret not in before
    copy = bytes(sealed).hex().encode()
    assert copy in before
    lift(house, case)
    after = dump(house)
    assert copy not in after
    assert sha256(PDF).hexdigest().encode() in after
    # The dump of before opens with the key of this one document, which goes with the next change of epoch.
    key = house.house.keys.get(Kind.DOCUMENT, evidence_id)
    assert unseal(key, bytes(sealed), coordinates("content", evidence_id)) == PDF
    begin_epoch(house.house.keys, [(Kind.DOCUMENT, evidence_id)])
    assert not house.house.keys.holds(Kind.DOCUMENT, evidence_id)
