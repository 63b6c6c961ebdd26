"""Examples of doubt for the API's document. Identifiers are invented; tests hold each against its schema."""

from __future__ import annotations

from typing import Any

_CASE = "5f3b8a52-52f4-4a3e-9a52-0c7d7d0a1e11"
_PERMISSION = "7d1f6f0e-3f2b-4a59-9a53-0d6f8f1f3a01"

REPORT: dict[str, Any] = {
    "permission_id": _PERMISSION,
    "concern": "not_given",
    "customer": "unsatisfied",
    "received_at": "2026-11-19T14:05:00+01:00",
    "findings": "The customer says that nobody at this address signed. We asked the agent for the form.",
}
EVIDENCE: dict[str, Any] = {
    "media_type": "application/pdf",
    "document": "JVBERi0xLjcK",
    "findings": "The form was signed at our stand; we called the customer and explained.",
}
CONTACT: dict[str, Any] = {
    "name": "Desk for mandates",
    "email": "mandates@bram.example",
    "phone": "+32 9 000 00 00",
}
CONTACTS: dict[str, Any] = {
    "contacts": [
        {
            "party_id": "0b2e6c1c-7d5e-4e43-8f8e-5f3f1a2b3c4d",
            "party": "Bram Energieadvies",
            **CONTACT,
        }
    ]
}
DOUBT: dict[str, Any] = {
    "id": _CASE,
    "permission_id": _PERMISSION,
    "concern": "not_given",
    "state": "contacted",
    "is_blocked": True,
    "blocked_at": "2026-11-19T13:10:00Z",
    "contacted_at": "2026-11-20T09:00:00Z",
    "evidence_due_at": "2026-11-23T09:00:00Z",
    "unblock_due_at": None,
    "closed_at": None,
    "gap": None,
    "allocation": "untouched",
    "signals": [
        {
            "origin": "customer",
            "concern": "not_given",
            "received_at": "2026-11-19T13:10:00Z",
            "at": "2026-11-19T13:10:00Z",
            "is_late": False,
        }
    ],
    "documents": [],
    "history": [
        {
            "event": "doubt.opened",
            "state": "open",
            "by": "customer",
            "at": "2026-11-19T13:10:00Z",
            "index": 4711,
        },
        {
            "event": "doubt.contacted",
            "state": "contacted",
            "by": "data_manager",
            "at": "2026-11-20T09:00:00Z",
            "index": 4760,
        },
    ],
}
DOUBTS: dict[str, Any] = {"doubts": [DOUBT], "next_cursor": None}
