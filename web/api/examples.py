"""Examples for the API's document. Identifiers are invented; tests hold each against its schema."""

from __future__ import annotations

from typing import Any

_ID = "7d1f6f0e-3f2b-4a59-9a53-0d6f8f1f3a01"
_CURSOR = "WzQyLCI3ZDFmNmYwZSJd.bGVkZ2Vy"
_PROMISE = "bGVkZ2VyLXByb21pc2UvdjEK"

TOKEN: dict[str, Any] = {"access_token": "...", "token_type": "Bearer", "expires_in": 3600}
PERMISSION_REQUEST: dict[str, Any] = {
    "purpose": "energy_advice",
    "granularity": "quarter_hour",
    "directions": ["offtake", "injection"],
    "data_from": "2023-10-01",
    "data_until": None,
    "valid_until": "2027-01-01",
    "reference": "advice-2026-0001",
}
RENEWAL_REQUEST: dict[str, Any] = {"renews": _ID}
PERMISSION_LINK: dict[str, Any] = {
    "id": _ID,
    "reference": "advice-2026-0001",
    "state": "requested",
    "link": "https://databeheer.example/verbruik/dienstverlener?id=4Jx0bQ",
    "link_expires_at": "2026-12-20T23:00:00Z",
}
PERMISSION: dict[str, Any] = {
    "id": _ID,
    "reference": "advice-2026-0001",
    "state": "active",
    "reason": None,
    "ended_by": None,
    "purpose": "energy_advice",
    "category": "readings",
    "granularity": "quarter_hour",
    "directions": ["offtake", "injection"],
    "data_from": "2023-09-30T22:00:00Z",
    "data_until": None,
    "valid_from": "2026-11-20T10:00:00Z",
    "valid_until": "2026-12-31T23:00:00Z",
    "until_withdrawn": False,
    "ends_at": "2026-12-31T23:00:00Z",
    "refused_part": None,
    "withdrawn_part": None,
    "requested_at": "2026-11-20T09:58:00Z",
    "decided_at": "2026-11-20T10:00:00Z",
    "ended_at": None,
    "delete_by": "2027-01-30T23:00:00Z",
    "deletion_confirmed_at": None,
    "renews": None,
    "renewed_by": None,
    "ean": "541448899990000039",
}
PERMISSION_WITH_HISTORY: dict[str, Any] = {
    **PERMISSION,
    "history": [
        {
            "event": "permission.requested",
            "state": "requested",
            "reason": None,
            "by": "party",
            "at": "2026-11-20T09:58:00Z",
            "receipt": "/api/v1/receipts/40",
        },
        {
            "event": "permission.granted",
            "state": "active",
            "reason": None,
            "by": "grid_user",
            "at": "2026-11-20T10:00:00Z",
            "receipt": "/api/v1/receipts/41",
        },
    ],
}
PERMISSION_TERMINATED: dict[str, Any] = {
    **PERMISSION,
    "state": "terminated",
    "reason": "terminated",
    "ended_by": "party",
    "ended_at": "2026-11-21T08:00:00Z",
    "delete_by": "2026-12-21T23:00:00Z",
}
DELETION_CONFIRMED: dict[str, Any] = {
    **PERMISSION_TERMINATED,
    "deletion_confirmed_at": "2026-12-01T08:00:00Z",
}
MANDATE_IN: dict[str, Any] = {"document_sha256": "3a" * 32, "signed_on": "2026-10-01"}
MANDATE: dict[str, Any] = {
    "permission_id": _ID,
    "document_sha256": "3a" * 32,
    "signed_on": "2026-10-01",
    "registered_at": "2026-11-20T10:00:00Z",
    "sampled_at": "2026-11-21T08:00:00Z",
    "due_at": "2026-12-05T08:00:00Z",
    "produced_at": None,
    "checked_at": None,
    "accepted": None,
    "is_here": False,
}
PERMISSION_PAGE: dict[str, Any] = {"permissions": [PERMISSION], "next_cursor": None}
PORT_ORDER: dict[str, Any] = {
    "id": _ID,
    "state": "waiting",
    "port": "P1",
    "wanted": "open",
    "ean": "541448899990000039",
    "meter": "1SAG9990001234",
    "asked_at": "2026-11-20T09:58:00Z",
    "due_at": "2026-11-21T09:58:00Z",
    "ended_at": None,
    "is_overdue": False,
}
PORT_ORDER_PAGE: dict[str, Any] = {"orders": [PORT_ORDER], "next_cursor": None}
PORT_ORDER_EXECUTED: dict[str, Any] = {
    **PORT_ORDER,
    "state": "executed",
    "ended_at": "2026-11-20T10:03:00Z",
}
PORT_REPORT: dict[str, Any] = {"reason": "no_such_port"}
PORT_ORDER_IMPOSSIBLE: dict[str, Any] = {**PORT_ORDER_EXECUTED, "state": "impossible"}
READINGS_BY_POINT: dict[str, Any] = {
    "ean": "541448899990000039",
    "purpose": "billing",
    "from": "2023-10-01",
    "until": "2023-11-01",
    "granularity": "month",
    "mode": "clip",
}
READINGS: dict[str, Any] = {
    "granularity": "quarter_hour",
    "granted": [
        {
            "from": "2023-10-28T22:00:00Z",
            "until": "2023-10-29T23:00:00Z",
            "ground": "energy_service",
            "citation": "Energiedecreet van 8 mei 2009, art. 4.1.22/5, 5°",
        }
    ],
    "refused": [],
    "coverage": {"state": "partial", "values": 1, "estimated": 0, "missing": 0},
    "channels": [
        {
            "direction": "offtake",
            "commodity": "electricity",
            "unit": "kWh",
            "meter": None,
            "readings": [
                {
                    "start": "2023-10-28T22:00:00Z",
                    "end": "2023-10-28T22:15:00Z",
                    "value": "0.294",
                    "state": "READ",
                    "register": "night",
                    "conversion": None,
                    "missing": 0,
                }
            ],
        }
    ],
    "cursor": _CURSOR,
    "receipt": {"index": 42, "promise": _PROMISE, "link": "/api/v1/receipts/42"},
}
BULK_QUERY: dict[str, Any] = {
    "permissions": [_ID, "3f2c9a34-5b1e-4a6e-9d57-9a1f0c8e7b11"],
    "from": "2023-10-29",
    "until": "2023-10-30",
    "granularity": "quarter_hour",
    "mode": "strict",
}
BULK_READINGS: dict[str, Any] = {
    "granularity": "quarter_hour",
    "cursor": _CURSOR,
    "items": [
        {
            "place": 0,
            "permission": _ID,
            "ean": None,
            "problem": None,
            **{name: READINGS[name] for name in ("granted", "refused", "coverage", "channels")},
        },
        {
            "place": 1,
            "permission": "3f2c9a34-5b1e-4a6e-9d57-9a1f0c8e7b11",
            "ean": None,
            "problem": {
                "type": "/problems/permission-ended",
                "title": "The permission has ended",
                "status": 403,
                "detail": "The grid user has withdrawn the permission.",
                "remedy": "Stop reading under it. Where it was renewed, `renewed_by` of `GET /api/v1/permissions/{id}` "
                "names the one that goes on; else a new permission needs a new request.",
            },
            "granted": [],
            "refused": [
                {
                    "from": "2023-10-28T22:00:00Z",
                    "until": "2023-10-29T23:00:00Z",
                    "reason": "withdrawn",
                    "detail": "The grid user has withdrawn the permission.",
                }
            ],
            "coverage": None,
            "channels": [],
        },
    ],
    "receipt": READINGS["receipt"],
}
EXPLANATION_QUERY: dict[str, Any] = {
    "permission_id": _ID,
    "from": "2023-10-29",
    "until": "2023-10-30",
    "granularity": "quarter_hour",
}
EXPLANATION: dict[str, Any] = {
    "index": 42,
    "catalogue": "2-f2ed901fcae3",
    "catalogue_now": "2-f2ed901fcae3",
    "parts": [
        {
            "from": "2023-10-28T22:00:00Z",
            "until": "2023-10-29T23:00:00Z",
            "granted": True,
            "reason": None,
            "rule": "energy_service",
            "fact": _ID,
            "text": {
                "nl": "Op 29 oktober 2023: toegestaan. Deze dienstverlener krijgt gegevens omdat u daar toestemming "
                "voor gaf. U kunt uw toestemming op elk moment intrekken. Grond: artikel 4.1.22/5, 5° van het "
                "Energiedecreet van 8 mei 2009.",
                "en": "On 29 October 2023: granted. This service provider receives data because you gave your "
                "consent. You can withdraw your consent at any time. Ground: article 4.1.22/5, 5° of the "
                "Energiedecreet van 8 mei 2009.",
            },
            "rests_on": {
                "nl": "Dat steunt op een toestemming van de netgebruiker.",
                "en": "It rests on a consent of the grid user.",
            },
        }
    ],
}
READINGS_CSV = (
    "start,end,commodity,direction,unit,meter,register,value,state,conversion,missing\r\n"
    "2023-10-28T22:00:00Z,2023-10-28T22:15:00Z,electricity,offtake,kWh,,night,0.294,READ,,0\r\n"
)
MANY_READINGS_CSV = (
    "place,problem,start,end,commodity,direction,unit,meter,register,value,state,conversion,missing\r\n"
    "0,,2023-10-28T22:00:00Z,2023-10-28T22:15:00Z,electricity,offtake,kWh,,night,0.294,READ,,0\r\n"
    "1,permission-ended,,,,,,,,,,,\r\n"
)
RECEIPT = "c2sp.org/tlog-proof@v1\nextra eyJ2IjoxfQ==\nindex 42\n...\n"
