"""Jobs: a read in bulk of any length, handed in, worked piece by piece, and fetched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask.typing import ResponseReturnValue

from web.answers import json_response
from web.api import shapes
from web.api.bulk import item_shown, targets_of
from web.api.handing_over import FORMS, made_conditional, many_handed_over
from web.api.negotiation import JSON, PARQUET, choose_form
from web.api.permissions import COMMON
from web.api.readings import CONTENT_OF_MANY, HEADERS, NOT_MODIFIED, TAG, window_of
from web.api.schemas import jobs as forms
from web.api.schemas.readings import FormatQuery
from web.api.wire import operation
from web.bearer import bearer_proof
from web.door import ask

_PART = {
    206: {
        "description": "The bytes that `Range` asked of a Parquet file.",
        "content": {PARQUET: CONTENT_OF_MANY[PARQUET]},
    }
}


@operation(
    "/api/v1/jobs",
    "POST",
    status=202,
    summary="Hand in a read of many, to be worked in pieces",
    body=forms.JobQuery,
    body_example=forms.JOB_QUERY,
    answer=forms.Job,
    example=forms.JOB,
    refusals=(*COMMON, "too-large", "unsupported-media-type", "conflict"),
)
def hand_in(body: dict[str, Any]) -> ResponseReturnValue:
    """For what is more than one answer holds, or can wait for the night: up to 100,000 permissions or access points.

    A piece is at most a thousand of them, fewer where the period is long. Each piece is decided when it is worked, and
    is one entry of the ledger; each grid user sees a read of the own point. Handed in again while it lives, the same
    request is the same job; four of yours may be under way. It has a week; once it is through,
    two days are left to fetch.
    """
    choose_form((JSON,))
    target, _ = targets_of(body)
    answer = ask(
        "job.hand_in",
        bearer_proof(),
        **window_of(body),
        **target,
        at_night=body["at_night"],
        registers=body["registers"],
    )
    response = json_response(_job(answer), 202)
    response.headers["Location"] = f"/api/v1/jobs/{answer['job_id']}"
    return response


@operation(
    "/api/v1/jobs",
    "GET",
    summary="List your jobs",
    answer=forms.Jobs,
    example={"jobs": [forms.JOB]},
    refusals=COMMON,
)
def list_jobs() -> ResponseReturnValue:
    """Newest first; those whose time is over are gone."""
    choose_form((JSON,))
    return json_response({"jobs": [_job(one) for one in ask("job.list", bearer_proof())["jobs"]]})


@operation(
    "/api/v1/jobs/<uuid:job>",
    "GET",
    summary="Show how far a job is",
    answer=forms.Job,
    example=forms.JOB,
    refusals=(*COMMON, "not-found"),
)
def show_job(job: UUID) -> ResponseReturnValue:
    """Another party's job does not exist for you."""
    choose_form((JSON,))
    return json_response(_job(ask("job.show", bearer_proof(), job_id=str(job))))


@operation(
    "/api/v1/jobs/<uuid:job>",
    "DELETE",
    summary="Cancel a job",
    answer=forms.JobCancelled,
    example={"cancelled": True},
    refusals=(*COMMON, "not-found"),
)
def cancel_job(job: UUID) -> ResponseReturnValue:
    """No piece more is worked, and none can be fetched; what was recorded stays on record."""
    choose_form((JSON,))
    ask("job.cancel", bearer_proof(), job_id=str(job))
    return json_response({"cancelled": True})


@operation(
    "/api/v1/jobs/<uuid:job>/pieces/<ledger_index:piece>",
    "GET",
    summary="Fetch a piece of a job",
    query=FormatQuery,
    answer=forms.JobPiece,
    example=forms.JOB_PIECE,
    content=CONTENT_OF_MANY,
    headers={**HEADERS, **TAG},
    refusals=(*COMMON, "not-found", "conflict", "range-not-satisfiable", "stopped"),
    also={**NOT_MODIFIED, **_PART},
)
def fetch_piece(query: dict[str, Any], job: UUID, piece: int) -> ResponseReturnValue:
    """Pieces are numbered from 0 on; one that is not recorded yet is 409. Fetched again, it is the same values.

    Nothing is kept but what was decided: what you may not have any more when you fetch, such as after a withdrawal, is
    refused and not opened, and the refusal is on record (`withheld`, where it is the first time); what you may have
    otherwise than was recorded has the problem `conflict`: ask for it anew.
    So a download that broke off goes on where it was, piece by piece; and within a piece as Parquet, with `Range` and
    the tag in `If-Range`: where it became another file meanwhile, it comes whole.
    """
    form = choose_form(FORMS, query.get("format"))
    answer = ask("job.fetch", bearer_proof(), job_id=str(job), piece=piece)
    items = [
        {"place": place, **item_shown(one)} for place, one in enumerate(answer["items"], answer["first"])
    ]
    withheld = answer["withheld"] and shapes.receipt(answer["withheld"])
    return made_conditional(many_handed_over(form, answer, items, {"withheld": withheld}), form)


def _job(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {"job" if name == "job_id" else name: value for name, value in answer.items()}
