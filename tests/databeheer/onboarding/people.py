"""People of enterprises and of the operator: who applies, who approves; and what they hand in."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from joserfc import jws
from joserfc.jwk import OKPKey

from databeheer.brussels import day_of
from databeheer.door.client import Proof
from databeheer.onboarding import approval
from databeheer.site.storytelling import file_assessment
from ledger.note import SigningKey
from tests.house import PUBLIC_URL, TheHouse

ZON, MAAN = "0123456749", "0876543270"
"""Two enterprise numbers with right check digits."""
ELS = SigningKey("house.example/signer-1", b"\3" * 32)
TOM = SigningKey("house.example/signer-2", b"\4" * 32)
ELS_AGAIN = SigningKey("house.example/signer-11", b"\5" * 32)
REACH = {"name": "Nora Claes", "email": "nora@zon.example", "phone": "+32 9 000 00 00"}


@dataclass
class Officer:
    """Somebody who acts for an enterprise at the party pages, with a live session."""

    house: TheHouse
    session: str

    def call(self, command: str, **arguments: Any) -> dict[str, Any]:
        return self.house.client.call(command, Proof.session(self.session), **arguments)

    def show(self) -> dict[str, Any]:
        return self.call("onboarding.show")

    def apply(self, name: str = "Zonneteller", role: str = "energy_service") -> str:
        return str(self.call("onboarding.apply", name=name, role=role)["party_id"])

    def fill(self, *, without: str = "") -> None:
        """Fill in everything, or everything but one part."""
        today = day_of(self.house.clock.now())
        parts: dict[str, dict[str, Any]] = {
            "contract": {
                "operator": 1,
                "number": "DTC-77",
                "from_day": (today - timedelta(days=1)).isoformat(),
            },
            "dpia": {"reference": "DPIA-77", "assessed_on": today.isoformat()},
            "overview": {"url": "https://zon.example/verwerkingen"},
        }
        for part, given in parts.items():
            if part != without:
                self.call(f"onboarding.{part}", **given)
        for about in ("technical", "privacy", "doubt"):
            if without not in ("contacts", about):
                self.call("onboarding.contact", about=about, **REACH)

    def hand_in(self) -> str:
        """Fill everything in and hand it in; returns its hash."""
        self.fill()
        return str(self.call("onboarding.hand_in")["sha256"])

    def program(self, profiles: tuple[str, ...] = ("own",)) -> tuple[str, OKPKey]:
        """Set a program up; returns its client and its key."""
        key = OKPKey.generate_key("Ed25519")
        public = json.dumps(key.as_dict(private=False))
        made = self.call("party.program.add", profiles=list(profiles), public_key=public)
        return str(made["client_id"]), key


def officer(house: TheHouse, subject: str = "nora", enterprise: str = ZON) -> Officer:
    """Log somebody in for an enterprise."""
    nonce = house.client.call("login.begin")["nonce"]
    answer = house.signed_answer(subject, subject.title(), nonce, role="party", enterprise=enterprise)
    return Officer(house, str(house.client.call("login.finish", answer=answer, nonce=nonce)["session"]))


def register(house: TheHouse, person: str, key: SigningKey) -> str:
    """Register a key of somebody of the house, by four eyes."""
    asked = house.operator("joins.signer.ask", person=person, key=key.vkey, by="Nadia")
    house.operator("joins.signer.approve", id=asked["id"], by="Omar")
    return str(asked["id"])


def the_two(house: TheHouse) -> None:
    """Els and Tom of the operator, each with a key."""
    register(house, "Els Peeters", ELS)
    register(house, "Tom Maes", TOM)


def content_of(house: TheHouse, party_id: str) -> bytes:
    return str(house.operator("onboarding.open", party_id=party_id)["content"]).encode()


def signed(content: bytes, *keys: SigningKey) -> bytes:
    note = None
    for key in keys or (ELS, TOM):
        note = approval.sign(content, note, key)
    assert note is not None
    return note


def assess(house: TheHouse, content: bytes) -> None:
    """Let the assessment count that was handed in, by the register, where it does not yet."""
    said = json.loads(content)
    party_id, dpia = said["party"]["party_id"], said["evidence"]["dpia"]
    known = house.operator("governance.list", register="assessment", party_id=party_id)["records"]
    if dpia["reference"] not in [one["says"]["reference"] for one in known if one["says"]]:
        day = date.fromisoformat(dpia["assessed_on"])
        file_assessment(house.operator, party_id, dpia["reference"], day)


def approve(house: TheHouse, content: bytes, *keys: SigningKey) -> dict[str, Any]:
    """Approve what was handed in, once its assessment counts."""
    assess(house, content)
    note = signed(content, *keys)
    return house.operator("onboarding.approve", content=content.decode(), note=note.decode())


def token_of(house: TheHouse, client_id: str, key: OKPKey) -> str:
    """Get a token by an assertion, as a program does."""
    minted = house.client.call(
        "token.mint", client_id=client_id, client_assertion=assertion(house, client_id, key), profile="own"
    )
    return str(minted["access_token"])


def assertion(house: TheHouse, client_id: str, key: OKPKey, **changes: Any) -> str:
    """What a program signs to get a token, unless changed; a claim that is None is left out."""
    now = int(house.clock.now().timestamp())
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": PUBLIC_URL,
        "jti": secrets.token_hex(16),
        "iat": now,
        "exp": now + 60,
    } | changes
    payload = json.dumps({name: value for name, value in claims.items() if value is not None}).encode()
    return jws.serialize_compact({"alg": "Ed25519"}, payload, key, algorithms=["Ed25519"])
