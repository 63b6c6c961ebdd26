"""Shapes of mandates that are brought along from another hub: the import, its sample, its lines."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from databeheer.access.facts import PermissionState
from databeheer.mandate_imports.file import COLUMNS, MOST_ROWS
from databeheer.mandate_imports.rows import HeldReason
from web.api.fields import Count, instant, one_of

IMPORT_STATES = ["announcing", "announced", "sampled", "passed", "held"]
LINE_STATES = ["not_announced", *(state.value for state in PermissionState)]
MOST_LINES = 200
_NUMBER = "2f1c1a57-6f7e-4a0b-9d55-0c7a6f0f8a11"


def _count(description: str) -> fields.Integer:
    return fields.Integer(required=True, metadata={"description": description, "minimum": 0})


def _hex(description: str) -> fields.String:
    return fields.String(required=True, metadata={"description": description, "pattern": "^[0-9a-f]{64}$"})


class ImportQuery(Schema):
    """Whether the file is only tried."""

    dry_run = fields.Boolean(
        load_default=False,
        truthy={"true"},
        falsy={"false"},
        metadata={"description": "`true`: say what is wrong with the file, and take nothing."},
    )


class Sample(Schema):
    """The lines whose signed documents are asked for, and how anybody finds the same ones."""

    lines = fields.List(
        fields.Integer(metadata={"minimum": 2}),
        required=True,
        metadata={"description": "Line numbers; the header is line 1."},
    )
    seed = _hex("Leaf hash of the ledger entry `seed_index`, which nobody knew when the file was sent.")
    seed_index = _count("The entry whose leaf hash is the seed.")
    drawn_at = instant("When it was drawn.")
    due_at = instant("Before this moment the documents are handed in: PUT each to its permission's mandate.")


class MandateImport(Schema):
    """A file of mandates, as far as it is."""

    id = fields.UUID(required=True, metadata={"description": "Its number."})
    state = one_of(
        IMPORT_STATES,
        "`announcing`: customers are being told. `announced`: the sample is about to be drawn. `sampled`: documents "
        "are asked for, or being judged. `passed`: each mandate becomes active once its customer's notice is over. "
        "`held`: nothing more becomes active; `held_reason` says why.",
        required=True,
    )
    file_sha256 = _hex("SHA-256 of the file as you sent it.")
    rows = _count("How many mandates it has.")
    announced = _count("Of how many the customers were told.")
    taken_at = instant("When it was taken.")
    round = _count("How many samples were drawn.")
    sample = fields.Nested(Sample, required=True, allow_none=True)
    passed_at = instant("When its sample was found good.", nullable=True)
    held_at = instant("Since when it is held.", nullable=True)
    held_reason = one_of(
        [reason.value for reason in HeldReason],
        "`not_handed_in`: a document was not there in time. `does_not_fit`: a document was no good.",
        required=True,
        allow_none=True,
    )
    receipt = fields.String(
        required=True, metadata={"description": "The receipt of the entry that records it."}
    )


class MandateImportTaken(Schema):
    """What came of a file."""

    rows = _count("How many mandates the file has.")
    mandate_import = fields.Nested(
        MandateImport,
        required=True,
        allow_none=True,
        data_key="import",
        metadata={"description": "Null where it was only tried."},
    )


class MandateImports(Schema):
    """Your imports, newest first."""

    imports = fields.List(fields.Nested(MandateImport), required=True)


class LinesQuery(Schema):
    """From which line on."""

    after_line = Count(
        load_default=0,
        validate=validate.Range(0, MOST_ROWS + 1),
        metadata={"description": "The last line of the page before."},
    )
    limit = Count(
        load_default=MOST_LINES,
        validate=validate.Range(1, MOST_LINES),
        metadata={"description": "How many at most."},
    )


class MandateLine(Schema):
    """What became of one line."""

    line = fields.Integer(required=True, metadata={"minimum": 2})
    reference = fields.String(
        required=True, allow_none=True, metadata={"description": "Your reference number."}
    )
    permission = fields.UUID(
        required=True, allow_none=True, metadata={"description": "The permission that it is here."}
    )
    state = one_of(LINE_STATES, "The permission's state.", required=True)
    earliest = instant(
        "Before this moment it is not active unless its customer grants it himself.", nullable=True
    )
    is_drawn = fields.Boolean(required=True, metadata={"description": "Its document is asked for."})
    handed_in_at = instant("When its document came.", nullable=True)


class MandateLines(Schema):
    """A page of lines, in the order of the file."""

    rows = fields.List(fields.Nested(MandateLine), required=True)
    next_line = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "`after_line` of the next page; null at the end."},
    )


FILE_EXAMPLE = (
    ",".join(COLUMNS)
    + "\n8d5c2c1e,541448899990000039,VH_kwartier_uur,2024-01-01,,,2024-03-05,"
    + "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\n"
)
IMPORT: dict[str, Any] = {
    "id": _NUMBER,
    "state": "sampled",
    "file_sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "rows": 1,
    "announced": 1,
    "taken_at": "2026-11-21T20:00:00Z",
    "round": 1,
    "sample": {
        "lines": [2],
        "seed": "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752",
        "seed_index": 43,
        "drawn_at": "2026-11-21T20:00:30Z",
        "due_at": "2026-12-05T23:00:00Z",
    },
    "passed_at": None,
    "held_at": None,
    "held_reason": None,
    "receipt": "/api/v1/receipts/42",
}
TAKEN: dict[str, Any] = {"rows": 1, "import": IMPORT}
LINES: dict[str, Any] = {
    "rows": [
        {
            "line": 2,
            "reference": "8d5c2c1e",
            "permission": "1c2d9a3e-7a3b-4b8e-8b7d-0a4a5f1f2c33",
            "state": "requested",
            "earliest": "2026-12-05T23:00:00Z",
            "is_drawn": True,
            "handed_in_at": None,
        }
    ],
    "next_line": None,
}
FILE = (
    "referenceNumber,ean,dataServiceType,dataPeriodFrom,dataPeriodTo,mandateExpirationDate,signedOn,documentSha256\n"
    f"ref-1,541448899990000039,VH_kwartier_uur,2023-01-01,,,2023-05-01,{'3a' * 32}\n"
)
