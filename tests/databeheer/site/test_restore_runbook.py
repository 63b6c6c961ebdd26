"""The drill: what docs/how-to/restore.md prints is carried out, line by line, on a house that lost a day."""

from __future__ import annotations

import json
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import OKPKey
from nacl.signing import SigningKey as Ed25519Key

import ledger.cli
from databeheer.brussels import day_of
from databeheer.clock import SystemClock
from databeheer.door.client import DoorClient, DoorRefusedError, Proof
from databeheer.site.home import Home
from databeheer.site.house import ProcessEndedError, Site, Storage, prepare
from databeheer.site.storytelling import file_assessment
from databeheer.storage.embedded import EmbeddedPostgreSQL
from ledger.commitment import Opening
from ledger.errors import RefusedError
from ledger.receipt import from_log
from ledger.sources import DirectorySource
from tests.databeheer.site.runbooks import Follower
from tests.homes import publish

EAN = "541448899990000039"
DAY = {"from": "2023-10-28T22:00:00Z", "until": "2023-10-29T22:00:00Z", "granularity": "day"}


@dataclass
class Drill(Follower):
    """A house, the people in it, and somebody who follows the runbook."""

    storage: Storage
    site: Site
    provider: Ed25519Key = field(default_factory=Ed25519Key.generate)

    def start(self) -> None:
        public = self.folder / "provider.pub"
        public.write_text(urlsafe_b64encode(bytes(self.provider.verify_key)).decode())
        extra = {
            "DATABEHEER_PROVIDER_ISSUER": "https://identity.example",
            "DATABEHEER_PROVIDER_PUBLIC_KEY": str(public),
            "DATABEHEER_PROVIDER_URL": "http://127.0.0.1:1/",
        }
        self.site.start_door(extra)

    def stop(self) -> None:
        self.site.end_all()

    def call(self, proof: Proof, command: str, **arguments: Any) -> dict[str, Any]:
        with DoorClient(self.home.door_socket) as door:
            return door.call(command, proof, **arguments)

    def operator(self, command: str, **arguments: Any) -> dict[str, Any]:
        return self.call(Proof.operator(self.home.operator_key.read_text()), command, **arguments)

    def log_in(self) -> Proof:
        """Lotte's session."""
        nonce = self.call(Proof("none", ""), "login.begin")["nonce"]
        now = int(SystemClock().now().timestamp())
        claims = {
            "iss": "https://identity.example",
            "aud": "databeheer",
            "sub": "lotte",
            "name": "Lotte Janssens",
            "role": "customer",
            "nonce": nonce,
            "iat": now,
            "exp": now + 120,
        }
        seed, public = (
            urlsafe_b64encode(bytes(half)).decode().rstrip("=")
            for half in (self.provider, self.provider.verify_key)
        )
        key = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "d": seed, "x": public})
        header = {"alg": "Ed25519", "typ": "JWT"}
        answer = jws.serialize_compact(header, json.dumps(claims).encode(), key, algorithms=["Ed25519"])
        return Proof.session(
            self.call(Proof("none", ""), "login.finish", answer=answer, nonce=nonce)["session"]
        )

    def publish(self) -> None:
        publish(self.home, self.storage)

    def receipt(self, proof: Proof, index: int) -> bytes:
        opened = self.call(proof, "receipt.opening", index=index)
        return from_log(
            DirectorySource(self.home.ledger),
            [self.home.log_signer().verifier],
            index,
            b64decode(opened["entry"]),
            Opening.from_dict(opened["opening"]),
        )


@pytest.fixture
def drill(tmp_path: Path) -> Iterator[Drill]:
    home = Home(tmp_path / "home")
    storage = Storage(home)
    prepare(home, storage)
    made = Drill("restore.md", home, tmp_path, storage, Site(home, storage))
    made.start()
    made.operator("registry.operator.add", code="1", name="Netbeheerder")
    yield made
    made.stop()
    EmbeddedPostgreSQL(home.postgres).remove()


@dataclass
class People:
    """Lotte and the service that she gave three permissions."""

    drill: Drill
    client: dict[str, Any]
    permissions: list[dict[str, Any]]

    def token(self) -> Proof:
        answer = self.drill.call(
            Proof("none", ""),
            "token.mint",
            client_id=self.client["client_id"],
            client_secret=self.client["client_secret"],
            profile="own",
        )
        return Proof.token(answer["access_token"])

    def read(self, number: int) -> str:
        """Read under a permission: "granted", or the reason why not."""
        permission = self.permissions[number]["permission_id"]
        try:
            self.drill.call(self.token(), "readings.read", permission_id=permission, **DAY)
        except DoorRefusedError as error:
            return str(error.reason)
        return "granted"


@pytest.fixture
def people(drill: Drill) -> People:
    person = drill.operator("registry.person.add", subject="lotte", name="Lotte Janssens")
    drill.operator("registry.access_point.register", ean=EAN, commodity="electricity")
    drill.operator("registry.occupancy.begin", ean=EAN, person_id=person["person_id"], from_day="2022-01-01")
    party = drill.operator("registry.party.add", name="Bram", role="energy_service")["party_id"]
    drill.operator("registry.contract.add", party_id=party, number="C1", valid_from="2020-01-01T00:00:00Z")
    file_assessment(drill.operator, party, "D1", day_of(SystemClock().now()))
    drill.operator("registry.overview.check", party_id=party, url="https://bram.example", reachable=True)
    reach = {"name": "Contact Person", "email": "doubt@bram.example", "phone": "+32 9 000 00 00"}
    drill.operator("doubt.contact.set", party_id=party, **reach)
    client = drill.operator("registry.client.add", party_id=party, profiles=["own"])
    people = People(drill, client, [])
    lotte, token = drill.log_in(), people.token()
    occupancy = drill.call(lotte, "me")["occupancies"][0]["occupancy_id"]
    for _ in range(3):
        asked = drill.call(
            token,
            "permission.request",
            purpose="energy_advice",
            category="readings",
            granularity="quarter_hour",
            directions=["offtake", "injection"],
            data_from="2022-12-31T23:00:00Z",
        )
        drill.call(
            lotte,
            "permission.grant",
            permission_id=asked["permission_id"],
            link_code=asked["link_code"],
            occupancy_id=occupancy,
            notice="What was read",
            language="nl",
        )
        people.permissions.append(asked)
    return people


@pytest.mark.requirement("R22", "R145")
def test_yesterdays_dump_is_put_back_and_what_was_withdrawn_stays_withdrawn(
    drill: Drill, people: People
) -> None:
    drill.follow("databeheer database dump")
    lotte = drill.log_in()
    withdrawn = [
        drill.call(lotte, "permission.withdraw", permission_id=one["permission_id"])
        for one in people.permissions[:2]
    ]
    assert [people.read(number) for number in range(3)] == ["withdrawn", "withdrawn", "granted"]
    drill.publish()
    (drill.folder / "withdrawal.tlog-proof").write_bytes(drill.receipt(lotte, withdrawn[0]["index"]))
    remembered = drill.folder / "my-memory"
    vkey = str(drill.home.ledger / "vkey")
    assert ledger.cli.main(["verify", str(drill.home.ledger), "--key", vkey, "--state", str(remembered)]) == 0

    drill.stop()
    assert "databeheer_until_" in drill.follow("databeheer database load")
    drill.storage.reach()
    with pytest.raises(RefusedError, match="databeheer ledger restore"):
        drill.publish()
    with pytest.raises(ProcessEndedError, match=r"did not start: .*databeheer ledger restore"):
        drill.start()
    assert "databeheer ledger restore" in (drill.home.logs / "door.log").read_text()
    assert "Put back: entries" in drill.follow("databeheer ledger restore")

    drill.storage.reach()
    drill.start()
    assert [people.read(number) for number in range(3)] == ["unreconciled"] * 3
    status = json.loads(drill.follow("databeheer operator reconcile.status"))
    assert (status["gaps"][0]["found_by"], status["gaps"][0]["journal_reaches"]) == ("restore", True)
    assert (status["ends_in_journal"], status["would_lapse"]) == (2, 0)
    evidence = json.loads(drill.follow("databeheer operator reconcile.evidence"))
    assert (evidence["event"], evidence["ended"]) == ("permission.revoked", True)
    finished = json.loads(drill.follow("databeheer operator reconcile.finish"))
    assert finished == {"ended_again": 1, "lapsed": 0, "journal": "reaches"}
    assert [people.read(number) for number in range(3)] == ["withdrawn", "withdrawn", "granted"]

    drill.publish()
    assert "The log holds" in drill.follow("ledger verify")
    lost = status["gaps"][0]["until"] - status["gaps"][0]["first"] - 1
    assert f"{lost} lost in a restore that was reconciled" in drill.follow("databeheer ledger audit")
    assert drill.left == []
