"""Every command of the door with well-formed arguments: tests go through all of them, a new one needs a row."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from tests.conftest import MARIAS_EAN
from tests.house import Customer, Party


def every_command(
    lotte: Customer, _maria: Customer, bram: Party, permission: str
) -> dict[str, dict[str, Any]]:
    """Well-formed arguments for every command that the door has; a new command needs a row."""
    someone, period = str(uuid4()), {"from": "2023-10-28T22:00:00Z", "until": "2023-10-29T23:00:00Z"}
    party = {"party_id": bram.party_id}
    return {
        "ping": {},
        "login.begin": {},
        "login.finish": {"answer": "x", "nonce": "x"},
        "session.end": {},
        "token.mint": {"client_id": bram.client_id, "client_secret": "x", "profile": "own"},
        "subscription.check": {"subscription_key": bram.subscription_key},
        "permission.request": {
            "purpose": "energy_advice",
            "category": "readings",
            "granularity": "quarter_hour",
            "directions": ["offtake"],
            "data_from": period["from"],
        },
        "permission.by_link": {"link_code": "x"},
        "permission.show": {"permission_id": permission},
        "permission.grant": {
            "permission_id": permission,
            "occupancy_id": someone,
            "notice_sha256": "00" * 32,
            "language": "nl",
        },
        "permission.refuse": {"permission_id": permission},
        "permission.withdraw": {"permission_id": permission},
        "permission.terminate": {"permission_id": permission},
        "permission.list": {},
        "me": {},
        "party.me": {},
        "statements.list": {},
        "statements.readers": {},
        "statutory.list": {},
        "reads.last": {},
        "receipt.opening": {"index": 0},
        "oversight.summary": {},
        "stop.set": {"reason": "a thief"},
        "stop.lift": {"reason": "a thief"},
        "decision.explain": {"index": 0},
        "decision.wish": {"permission_id": permission, "granularity": "day", **period},
        "readings.read": {"permission_id": permission, "granularity": "quarter_hour", **period},
        "joins.list": {},
        "joins.run": {
            "case_id": "x",
            "purpose": "x",
            "eans": [MARIAS_EAN],
            "requester_note": "case-17",
            "from": "2023-10-01T00:00:00Z",
            "until": "2023-11-01T00:00:00Z",
        },
        "joins.latest": {},
        "ledger.check_bodies": {"start": 0, "limit": 10},
        "audit.open": {"first": "2023-10-01", "last": "2023-10-31", "below": 10, "task": "a thief"},
        "erasure.mine": {},
        "erasure.ask": {"data_class": "person"},
        "erasure.decide": {
            "data_class": "person",
            "person_id": str(lotte.person_id),
            "reason": "authority_order",
            "decided_by": "a thief",
        },
        "erasure.execute": {},
        "erasure.list": {},
        "key_copy.made": {"custodian": "a thief", "place": "here"},
        "key_copy.destroyed": {"copy_id": someone, "confirmed_by": "a thief"},
        "reconcile.status": {},
        "reconcile.evidence": {"receipt": "x"},
        "reconcile.finish": {"lapse": True},
        "registry.operator.add": {"operator": 7, "code": "x", "name": "x"},
        "registry.party.add": {"name": "Thief", "role": "energy_service"},
        "registry.party.suspend": {**party, "reason": "x"},
        "registry.party.reinstate": {**party, "reason": "x"},
        "registry.dpia.file": {**party, "reference": "x", "assessed_on": "2023-10-01"},
        "registry.dpia.stale": {**party, "trigger": "use_changed"},
        "registry.overview.check": {**party, "url": "https://x.example", "reachable": True},
        "registry.processor.add": {
            **party,
            "number": "x",
            "clauses": ["security"],
            "from_day": "2023-10-01",
        },
        "registry.territory.add": {**party, "municipality": "44021", "from_day": "2023-10-01"},
        "registry.authorisation.add": {
            **party,
            "act": "x",
            "version": "x",
            "article": "1",
            "categories": ["readings"],
            "granularity": "month",
            "from_day": "2023-10-01",
        },
        "registry.condition.end": {"fact": "territory", "id": someone, "until_day": "2023-10-02"},
        "registry.contract.end": {"number": "x"},
        "registry.contract.add": {**party, "number": "x", "valid_from": period["from"]},
        "registry.client.add": {**party, "profiles": ["own"]},
        "registry.person.add": {"subject": "thief", "name": "Thief"},
        "registry.access_point.register": {"ean": "541448899990000060", "commodity": "gas"},
        "registry.occupancy.begin": {
            "ean": MARIAS_EAN,
            "person_id": str(lotte.person_id),
            "from_day": "2026-01-01",
        },
        "registry.occupancy.end": {"ean": MARIAS_EAN, "until_day": "2026-01-01"},
        "registry.supply.accept": {"ean": MARIAS_EAN, **party, "from_day": "2026-01-01"},
        "intake.known": {"eans": [MARIAS_EAN]},
        "intake.open": {
            "sha256": "00" * 32,
            "register": True,
            "channels": [
                {
                    "ean": MARIAS_EAN,
                    "commodity": "electricity",
                    "meter": "x",
                    "direction": "offtake",
                    "unit": "kWh",
                    "intervals": True,
                    "days": ["2023-10-28"],
                }
            ],
        },
        "intake.stored": {"batch": 1, "profiles": 0},
    }
