"""What a visitor of the demo needs: its address, who can log in, the parties' credentials, the log's keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from databeheer.clock import SystemClock
from databeheer.demo import staff_story, story
from databeheer.demo.bakery import MANAGER
from databeheer.demo.cast import OFFICERS, PEOPLE_STORIES, REPORTED_AS
from databeheer.metering.street.willow_street import willow_street
from databeheer.site.home import Home
from ledger.witness.keyfile import read_key_file

VISITOR = "bezoeker"


def describe(home: Home, base_url: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """URL, log-ins and credentials: what `--json` prints."""
    parties = [
        {
            "key": key,
            "name": party["name"],
            "role": party["role"],
            "party_id": party["party_id"],
            "token_url": f"{base_url}/oauth2/token",
            "client_id": party["client_id"],
            "client_secret": party["client_secret"],
            "subscription_key": party["subscription_key"],
            "data_access_contract_number": party.get("contract"),
            "api_url": f"{base_url}/api/v1",
            "facade_token_url": f"{base_url}/demo/oauth2/v2.0/token",
            "facade_url": f"{base_url}/esco/v3",
        }
        for key, party in facts["parties"].items()
        if "client_id" in party
    ]
    people = who_logs_in(facts)
    return {
        "url": base_url,
        "login_url": f"{base_url}/aanmelden",
        "post_url": f"{base_url}/demo/postbus",
        "logins": {
            "customers": [one for one in people if one["role"] == "customer"],
            "businesses": [one for one in people if one["role"] == "business"],
            "parties": [one for one in people if one["role"] == "party"],
            "staff": [one for one in people if one["role"] == "staff"],
            "inspector": next(one for one in people if one["role"] == "inspector"),
        },
        "credentials": {"parties": parties},
        "ledger": {
            "url": f"{base_url}/ledger",
            "origin": home.origin,
            "vkey": home.log_signer().vkey,
            "door_vkey": home.door_signer().vkey,
            "policy_url": f"{base_url}/ledger/policy",
            "witness": {
                "vkey": read_key_file(home.witness_key).vkey,
                "independent": False,
            },
        },
        "home": str(home.path),
    }


def who_logs_in(facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Whom the stand-in for the identity provider offers: people of the street, the visitor, the inspector, staff."""
    plan = willow_street(story.last_story_day(SystemClock().now()))
    people: list[dict[str, Any]] = []
    for person in plan.people:
        if person.key in PEOPLE_STORIES:
            age, text = PEOPLE_STORIES[person.key]
            if person.key in REPORTED_AS:
                bill = plan.point(person.key)
                text = text.format(ean=bill.ean.digits, meter=bill.meter_number)
            people.append(
                {"sub": person.key, "name": person.name, "age": age, "story": text, "role": "customer"}
            )
    if facts.get("visitor"):
        text = "Uw eigen metingen, uit de export die u meegaf."
        people.insert(
            0, {"sub": VISITOR, "name": "U, de bezoeker", "age": None, "story": text, "role": "customer"}
        )
    people += [MANAGER, *(dict(one) for one in OFFICERS)]
    text = "Ziet in één minuut de toestand van het huis, en gelooft niets zonder bewijs."
    people.append({"sub": "ines", "name": "Ines De Wachter", "age": 44, "story": text, "role": "inspector"})
    people += staff_story.who_logs_in()
    return people
