"""Shapes of jobs: what is handed in, how far it is, and what came of a piece."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from web.api import examples
from web.api.fields import one_of
from web.api.schemas.bulk import BulkItem, Targets, targets
from web.api.schemas.common import Receipt

MOST_ITEMS = 100_000
LARGEST_BODY = 5 * 1024 * 1024
_STATES = ["waiting", "working", "halted", "done", "suspended", "client_ended", "failed"]


class _Job(Targets):
    largest_body = LARGEST_BODY

    at_night = fields.Boolean(
        load_default=False,
        truthy={True},
        falsy={False},
        metadata={"description": "Work it between 22:00 and 06:00 in Brussels only."},
    )


JobQuery = _Job.from_dict(targets(MOST_ITEMS), name="JobQuery")


def _count(description: str) -> fields.Integer:
    return fields.Integer(required=True, metadata={"description": description, "minimum": 0})


class Job(Schema):
    """A job's ticket: how far it is."""

    job = fields.UUID(required=True, metadata={"description": "Its number."})
    state = one_of(
        _STATES,
        "`halted`: hand-over is stopped for everybody, and the job goes on afterwards. `suspended`, `client_ended`, "
        "`failed`: no more pieces are worked; those that were recorded can be fetched as far as you may still read.",
        required=True,
    )
    items = _count("How many were asked.")
    pieces = _count("How many pieces that makes.")
    recorded = _count("How many of them are recorded: those below this number can be fetched.")
    fetched = _count("How many of them you fetched.")
    at_night = fields.Boolean(required=True, metadata={"description": "Worked at night only."})
    handed_in_at = fields.String(required=True, metadata={"format": "date-time"})
    expires_at = fields.String(
        required=True,
        metadata={"format": "date-time", "description": "From then on the job is gone, with its pieces."},
    )


class Jobs(Schema):
    """Your jobs, newest first."""

    jobs = fields.List(fields.Nested(Job), required=True)


class JobItem(BulkItem):
    """What came of one that was asked."""

    class Meta:
        exclude = ("permission", "ean")


class JobPiece(Schema):
    """Values of one piece, and its one record."""

    items = fields.List(fields.Nested(JobItem), required=True)
    withheld = fields.Nested(
        Receipt,
        required=True,
        allow_none=True,
        metadata={
            "description": "The entry of what the piece's own entry granted and you may not have any more; null where"
            " there is nothing, or it was told before."
        },
    )
    receipt = fields.Nested(Receipt, required=True)


class JobCancelled(Schema):
    """The job is gone."""

    cancelled = fields.Boolean(required=True)


JOB_QUERY: dict[str, Any] = {**examples.BULK_QUERY, "at_night": True}
JOB: dict[str, Any] = {
    "job": "8a0f3f0e-6f3a-4a43-9d0d-0f6a3c2b1e55",
    "state": "working",
    "items": 2500,
    "pieces": 3,
    "recorded": 1,
    "fetched": 0,
    "at_night": True,
    "handed_in_at": "2026-11-21T16:00:00Z",
    "expires_at": "2026-11-28T16:00:00Z",
}
JOB_PIECE: dict[str, Any] = {
    "items": [
        {name: value for name, value in one.items() if name not in ("permission", "ean")}
        for one in examples.BULK_READINGS["items"]
    ],
    "withheld": None,
    "receipt": examples.BULK_READINGS["receipt"],
}
