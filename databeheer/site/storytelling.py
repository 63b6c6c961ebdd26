"""A story told to the real door, for a house with invented people: the demo's, a sandbox's.

Everything passes the same commands as in earnest; only the clock is the storyteller's, so that a permission can have
been given eight months ago.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time
from hashlib import sha256
from typing import Any, Protocol

from databeheer.brussels import BRUSSELS
from databeheer.clock import SettableClock
from databeheer.door.client import DoorClient, DoorRefusedError, Proof
from databeheer.identity.demo_key import ProviderKey
from databeheer.identity.demo_provider import AUDIENCE, ISSUER
from databeheer.site.home import Home

NOTICE = "Deze toestemming is gegeven voor het portaal zijn teksten bewaarde."


class LogIn(Protocol):
    """Log somebody in at the story's time, as a customer, in another role or for an enterprise; returns the session."""

    def __call__(
        self, subject: str, name: str, enterprise: str | None = None, role: str = "customer", /
    ) -> str: ...


Operating = Callable[..., Any]
"""Gives the door a command as the operator: its name, then its arguments."""
WRITES, APPROVES = "D-0001", "D-0002"
"""The numbers at HR of two people of the house, who act under the operator's key."""


def file_assessment(operator: Operating, party_id: str, reference: str, day: date) -> str:
    """Write a party's impact assessment in the register and approve it, as two people; returns the record's id."""
    written = operator(
        "governance.write",
        register="assessment",
        party_id=party_id,
        said=assessment(reference, day),
        by=WRITES,
    )
    record_id = str(written["record_id"])
    operator("governance.approve", record_id=record_id, version=written["version"], by=APPROVES)
    return record_id


def assessment(reference: str, day: date) -> dict[str, Any]:
    """What an assessment says: somebody of each of the five disciplines, and what article 35 of the GDPR asks."""
    return {
        "reference": reference,
        "assessed_on": day.isoformat(),
        "file_sha256": sha256(reference.encode()).hexdigest(),
        "it_expert": "An Vermeulen",
        "security_expert": "Karim Haddad",
        "privacy_expert": "Greet Lemmens",
        "legal_expert": "Mr. Stijn De Wolf",
        "project_manager": "Joke Martens",
        "processing": "Meetwaarden van wie ervoor koos, om diens verbruik te tonen en raad te geven.",
        "necessity": "Zonder meetwaarden is er geen raad. Kwartierwaarden alleen waar dagwaarden niet volstaan.",
        "risks": "Uit kwartierwaarden leest men wanneer iemand thuis is. Een lek treft vele gezinnen tegelijk.",
        "measures": "Versleuteld bewaard, gewist zodra de toestemming eindigt, en elke blik staat in een logboek.",
        "security_requirements": "Alleen eigen mensen, met twee factoren. Sleutels buiten de databank.",
        "officer_advice": "Gunstig, als de termijn van een jaar blijft en niemand de gegevens verrijkt.",
    }


def log_in_for(home: Home, door: DoorClient, clock: SettableClock) -> LogIn:
    """Return how somebody logs in, in the story: with an answer that the stand-in for the provider signs."""
    key = ProviderKey.open(home.provider_key)

    def log_in(subject: str, name: str, enterprise: str | None = None, role: str = "customer", /) -> str:
        nonce = door.call("login.begin")["nonce"]
        now = int(clock.now().timestamp())
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": subject,
            "name": name,
            **({"role": role} if enterprise is None else {"role": "party", "enterprise": enterprise}),
            "nonce": nonce,
            "iat": now,
            "exp": now + 60,
        }
        return str(door.call("login.finish", answer=key.sign(claims), nonce=nonce)["session"])

    return log_in


@dataclass
class Teller:
    """Tells the story to the door: moves the clock, gives commands as the operator, the people and the parties."""

    door: DoorClient
    clock: SettableClock
    operator_key: str
    log_in: LogIn
    parties: dict[str, dict[str, Any]] = field(default_factory=dict)
    people: dict[str, str] = field(default_factory=dict)

    def at(self, day: date, hour: int, minute: int = 0) -> None:
        """Move the clock to a local time."""
        self.clock.set(datetime.combine(day, time(hour, minute), BRUSSELS))

    def operator(self, command: str, **arguments: Any) -> dict[str, Any]:
        return self.door.call(command, Proof.operator(self.operator_key), **arguments)

    def customer(self, key: str, command: str, **arguments: Any) -> dict[str, Any]:
        """Log in as a person at the story's time and give a command."""
        session = self.log_in(key, self.people[key])
        return self.door.call(command, Proof.session(session), **arguments)

    def party(self, key: str, command: str, **arguments: Any) -> dict[str, Any]:
        """Get a token as a party at the story's time and give a command; a refusal is part of the story."""
        client = self.parties[key]
        minted = self.door.call(
            "token.mint", client_id=client["client_id"], client_secret=client["client_secret"], profile="own"
        )
        try:
            return self.door.call(command, Proof.token(minted["access_token"]), **arguments)
        except DoorRefusedError as refusal:
            if refusal.index is None:
                raise
            return {"refused": refusal.code}

    def ask(self, party: str, **wish: Any) -> dict[str, Any]:
        """A party asks for a permission."""
        return self.party(
            party,
            "permission.request",
            **{
                "category": "readings",
                "directions": ["offtake", "injection"],
                "data_until": None,
                "valid_until": None,
                **wish,
            },
        )

    def grant(self, person: str, asked: dict[str, Any], number: str) -> None:
        """A person grants a request for the access point with this EAN, where he lives now."""
        mine = self.customer(person, "me")["occupancies"]
        occupancy = next(one for one in mine if one["ean"] == number and one["until"] is None)
        self.customer(
            person,
            "permission.grant",
            permission_id=asked["permission_id"],
            link_code=asked["link_code"],
            occupancy_id=occupancy["occupancy_id"],
            notice=NOTICE,
            language="nl",
        )

    def tell_what_time_did(self) -> None:
        """Write down what the time of the story did, as the clerk would have: it has nothing left to tell then."""
        for command in ("permission.sweep", "doubt.sweep", "clocks.sweep"):
            while self.operator(command)["more"]:
                pass
