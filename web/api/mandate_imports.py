"""Existing mandates, brought along from another hub: a file, its sample, what became of each line."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import request
from flask.typing import ResponseReturnValue

from databeheer.door.client import DoorRefusedError
from databeheer.errors import DatabeheerError
from databeheer.mandate_imports.file import LARGEST_FILE, MandatesRefusedError, RowProblem
from web.answers import json_response
from web.api.negotiation import JSON, choose_form
from web.api.permissions import COMMON
from web.api.schemas import mandate_imports as forms
from web.api.shapes import receipt_path
from web.api.wire import operation
from web.bearer import bearer_proof
from web.door import ask
from web.parsing import read_document
from web.problems import ledger_headers

MEDIA_TYPES = ("text/csv",)
WHAT = {
    RowProblem.NOT_TEXT: "the line is not UTF-8, or has control characters",
    RowProblem.NOT_A_TABLE: "the line has another number of fields than the header, or quotes that do not close",
    RowProblem.NO_ROWS: "there is no line behind the header",
    RowProblem.UNKNOWN_COLUMN: "the header names a column that is unknown, or one twice",
    RowProblem.MISSING_COLUMN: "the header lacks this column",
    RowProblem.MISSING: "the field is empty",
    RowProblem.MALFORMED: "the field does not have its form",
    RowProblem.WRONG_CHECK_DIGIT: "the check digit of this EAN code is wrong",
    RowProblem.NOT_SERVED: "this data service is not served here",
    RowProblem.NO_SUCH_DAY: "there is no such day or moment, or it lies outside what anything here may be about",
    RowProblem.IN_THE_FUTURE: "it lies in the future",
    RowProblem.ENDS_BEFORE_IT_BEGINS: "it does not lie after dataPeriodFrom",
    RowProblem.ENDED_ALREADY: "this mandate has ended already",
    RowProblem.TWICE: "this reference stands on an earlier line for the same data service",
    RowProblem.USED_BEFORE: "you have a request or mandate here with this reference and data service already",
    RowProblem.TOO_MANY_FOR_ONE_POINT: "too many of your requests would wait for this access point",
}


class FileRefusedError(DatabeheerError):
    """The door refused a file; `errors` says where, line by line."""

    code = MandatesRefusedError.code

    def __init__(self, refusal: DoorRefusedError) -> None:
        super().__init__(str(refusal))
        self.errors = tuple(_place(one) for one in refusal.problems)


def _place(problem: Mapping[str, Any]) -> dict[str, str]:
    code = RowProblem(problem["code"])
    where = f"line {problem['line']}" + (f", {problem['column']}" if problem["column"] else "")
    return {"where": where, "detail": f"{code}: {WHAT[code]}"}


@operation(
    "/api/v1/mandate-imports",
    "POST",
    summary="Bring existing mandates along",
    status=202,
    query=forms.ImportQuery,
    answer=forms.MandateImportTaken,
    example=forms.TAKEN,
    refusals=(
        *COMMON,
        "no-legal-basis",
        "conflict",
        "too-large",
        "unsupported-media-type",
        MandatesRefusedError.code,
    ),
    documents=MEDIA_TYPES,
    document_example=forms.FILE,
)
def import_mandates(query: dict[str, Any]) -> ResponseReturnValue:
    """A CSV file of the mandates that you hold at another hub, at most 2,000 lines; each keeps its `referenceNumber`.

    It is taken whole, or refused whole with every line that is wrong. Sent again, the same file is the same import.
    Nothing can be read by it at once: each customer is told and can refuse, and of a sample that the ledger draws you
    hand the signed documents in. The columns and the days stand in the how-to on switching.
    """
    choose_form((JSON,))
    content = b64encode(read_document(request, MEDIA_TYPES, LARGEST_FILE)).decode()
    try:
        taken = ask("mandate_import.take", bearer_proof(), content=content, dry_run=query["dry_run"])
    except DoorRefusedError as refusal:
        if refusal.code != MandatesRefusedError.code:
            raise
        raise FileRefusedError(refusal) from refusal
    if taken["import"] is None:
        return json_response({"rows": taken["rows"], "import": None}, 202)
    response = json_response({"rows": taken["rows"], "import": _import(taken["import"])}, 202)
    response.headers["Location"] = f"/api/v1/mandate-imports/{taken['import']['import_id']}"
    response.headers.update(ledger_headers(taken["index"], taken["promise"]))
    return response


@operation(
    "/api/v1/mandate-imports",
    "GET",
    summary="List the files of mandates that you brought",
    answer=forms.MandateImports,
    example={"imports": [forms.IMPORT]},
    refusals=COMMON,
)
def list_mandate_imports() -> ResponseReturnValue:
    """Newest first, the last hundred."""
    choose_form((JSON,))
    found = ask("mandate_import.list", bearer_proof())["imports"]
    return json_response({"imports": [_import(one) for one in found]})


@operation(
    "/api/v1/mandate-imports/<uuid:import_id>",
    "GET",
    summary="Show how far a file of mandates is",
    answer=forms.MandateImport,
    example=forms.IMPORT,
    refusals=(*COMMON, "not-found"),
)
def show_mandate_import(import_id: UUID) -> ResponseReturnValue:
    """What was drawn from it and until when, whether its sample was good, and why it is held where it is."""
    choose_form((JSON,))
    return json_response(
        _import(ask("mandate_import.show", bearer_proof(), import_id=str(import_id))["import"])
    )


@operation(
    "/api/v1/mandate-imports/<uuid:import_id>/rows",
    "GET",
    summary="Show what became of each line",
    query=forms.LinesQuery,
    answer=forms.MandateLines,
    example=forms.LINES,
    refusals=(*COMMON, "not-found"),
)
def list_mandate_import_rows(query: dict[str, Any], import_id: UUID) -> ResponseReturnValue:
    """In the order of the file. A line of which nothing comes looks like a request that nobody answers."""
    choose_form((JSON,))
    page = ask("mandate_import.rows", bearer_proof(), import_id=str(import_id), **query)
    rows = [{**row, "permission": row["permission_id"]} for row in page["rows"]]
    for row in rows:
        del row["permission_id"]
    return json_response({"rows": rows, "next_line": page["next_line"]})


def _import(row: Mapping[str, Any]) -> dict[str, Any]:
    names = ("state", "file_sha256", "rows", "announced", "taken_at", "round", "sample")
    moments = ("passed_at", "held_at", "held_reason")
    return {
        "id": row["import_id"],
        **{name: row[name] for name in (*names, *moments)},
        "receipt": receipt_path(row["index"]),
    }
