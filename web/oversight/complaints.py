"""`/toezicht/klachten`: from a complaint to an evidence bundle, which is checked here before it is handed out.

The door opens the entries and signs for what it made of them; the proofs are of the published log.
"""

from __future__ import annotations

from base64 import b64decode
from typing import Any
from uuid import UUID, uuid4

from flask import Blueprint, Response, current_app, json, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import ValidationError, fields, validate, validates_schema

from databeheer.door.client import DoorRefusedError
from ledger import evidence_bundle
from ledger.checkpoint import open_checkpoint
from ledger.errors import LedgerError, NotPublishedError
from ledger.tiles import MAX_CHECKPOINT_LENGTH, TileDirectory, TileReader
from ledger.tree import inclusion_proof
from ledger.vkeys import keys_of_door, keys_of_log
from web.days import TURNED_AROUND, PastDay
from web.door import ask
from web.forms import ONE_LINE, EANField, Form, no_ean, parse_or_refuse, parse_or_tell
from web.oversight.guard import require_inspector
from web.public.log import published_keys
from web.public.parties import registered
from web.settings import WebSettings

blueprint = Blueprint("complaints", __name__)

ORIGINS = {
    "customer": "een klant",
    "party": "een partij",
    "authority": "een andere overheid",
    "own": "niemand: eigen onderzoek",
}
OUTCOMES = {
    "founded": "gegrond",
    "unfounded": "niet gegrond",
    "passed_on": "doorgegeven aan een andere dienst",
}
REFERENCE = (
    "Noem uw dossier in 3 tot 30 tekens zonder spaties: letters, cijfers, '.', '/' of '-'. Hoogstens acht cijfers,"
    " en geen zeven na elkaar."
)
WHO, DAY, WHOM = "Kies wie klaagt.", "Vul een dag in.", "Kies een partij, geef een EAN-code in, of allebei."
TOO_MUCH = "Dit zijn te veel regels voor één bestand. Open per deel van de dagen een klacht."
SENT = "Met dit formulier is al een andere klacht geopend. Kijk het na en druk opnieuw om ook deze te openen."
GONE = "Deze klacht is gesloten. Open een nieuwe klacht om opnieuw te kijken."

UUID_OR_NONE = r"([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})?\Z"


class ComplaintForm(Form):
    """A new dossier: about a party, an access point or both; or about a case of doubt, which says that itself.

    `eenmaal` names it, so that the button pressed twice opens one.
    """

    eenmaal = fields.UUID(required=True)
    dossier = fields.String(
        required=True,
        validate=validate.Regexp(
            r"(?!.*[0-9]{7})(?!(?:[^0-9]*[0-9]){9})[A-Za-z0-9][A-Za-z0-9./-]{2,29}\Z", error=REFERENCE
        ),
        error_messages={"required": REFERENCE},
    )
    wie = fields.String(load_default="", validate=validate.OneOf(["", *ORIGINS], error=WHO))
    twijfel = fields.UUID(load_default=None)
    partij = fields.String(load_default="", validate=validate.Regexp(UUID_OR_NONE, error="Kies een partij."))
    ean = EANField(load_default="")
    van = PastDay(required=True, error_messages={"required": DAY})
    tot = PastDay(required=True, error_messages={"required": DAY})
    woorden = fields.String(
        load_default="",
        validate=[
            validate.Length(max=1000, error="Hoogstens 1000 tekens."),
            validate.Regexp(ONE_LINE, error="Hier staan vreemde tekens in."),
            no_ean,
        ],
    )

    @validates_schema(skip_on_field_errors=True)
    def check(self, data: dict[str, Any], **_: Any) -> None:
        if data["tot"] < data["van"]:
            raise ValidationError([TURNED_AROUND], "tot")
        if data["twijfel"] is None and not data["wie"]:
            raise ValidationError([WHO], "wie")
        if data["twijfel"] is None and not (data["partij"] or data["ean"]):
            raise ValidationError([WHOM], "partij")


class CaseQuery(Form):
    """Which case of doubt the form is about."""

    twijfel = fields.UUID(load_default=None)


class CloseForm(Form):
    """What came of it."""

    uitkomst = fields.String(
        required=True,
        validate=validate.OneOf(OUTCOMES, error="Kies wat eruit kwam."),
        error_messages={"required": "Kies wat eruit kwam."},
    )


@blueprint.get("/toezicht/klachten")
@require_inspector
def every() -> ResponseReturnValue:
    """Show the dossiers, and the form for a new one."""
    case = parse_or_refuse(CaseQuery(), request.args)["twijfel"]
    return _page({"twijfel": str(case)} if case else {})


@blueprint.post("/toezicht/klachten")
@require_inspector
def begin() -> ResponseReturnValue:
    """Open a dossier."""
    names = ("dossier", "wie", "twijfel", "partij", "ean", "van", "tot", "woorden")
    form, errors = parse_or_tell(ComplaintForm(), request.form, names)
    if errors:
        return _page(request.form, errors), 400
    case = form["twijfel"]
    about: dict[str, Any] = (
        {"case_id": str(case)}
        if case
        else {
            "origin": form["wie"],
            "party_id": form["partij"] or None,
            "ean": form["ean"] or None,
        }
    )
    try:
        opened = ask(
            "complaint.open",
            complaint_id=str(form["eenmaal"]),
            reference=form["dossier"],
            first=form["van"].isoformat(),
            last=form["tot"].isoformat(),
            words=form["woorden"],
            **about,
        )
    except DoorRefusedError as refusal:
        if refusal.code == "conflict":
            return _page(request.form, {"dossier": SENT}, again=True), 409
        if refusal.code != "not-found":
            raise
        said = (
            "Dit geval van twijfel kennen wij niet."
            if case
            else "Deze partij of aansluiting kennen wij niet."
        )
        return _page(request.form, {"ean": said}), 404
    return redirect(url_for("complaints.show", complaint_id=opened["complaint_id"]), 303)


@blueprint.get("/toezicht/klachten/<uuid:complaint_id>")
@require_inspector
def show(complaint_id: UUID) -> ResponseReturnValue:
    """Show one dossier."""
    return _one(complaint_id)


@blueprint.post("/toezicht/klachten/<uuid:complaint_id>/bewijs")
@require_inspector
def evidence(complaint_id: UUID) -> ResponseReturnValue:
    """Hand out the bundle, once it holds."""
    try:
        packed = _bundle(complaint_id)
    except DoorRefusedError as refusal:
        words = {"malformed-request": TOO_MUCH, "conflict": GONE}.get(refusal.code)
        if words is None:
            raise
        return _one(complaint_id, words), 400
    except NotPublishedError:
        return _one(
            complaint_id, "Er is nog niets gepubliceerd. Probeer het over enkele seconden opnieuw."
        ), 400
    except LedgerError as error:
        return _one(complaint_id, f"Het bestand klopt niet, en wij geven het niet: {error}"), 500
    return Response(
        packed,
        content_type="application/zip",
        headers={
            "Content-Disposition": f'attachment; filename="bewijs-{complaint_id}.zip"',
            "Cache-Control": "no-store",
        },
    )


@blueprint.post("/toezicht/klachten/<uuid:complaint_id>/sluiten")
@require_inspector
def close(complaint_id: UUID) -> ResponseReturnValue:
    """Close a dossier."""
    form, errors = parse_or_tell(CloseForm(), request.form, ("uitkomst",))
    if errors:
        return _one(complaint_id, errors["uitkomst"], "uitkomst"), 400
    try:
        ask("complaint.close", complaint_id=str(complaint_id), outcome=form["uitkomst"])
    except DoorRefusedError as refusal:
        if refusal.code != "conflict":
            raise
        return _one(complaint_id, GONE), 409
    return redirect(url_for("complaints.show", complaint_id=complaint_id), 303)


def _bundle(complaint_id: UUID) -> bytes:
    """Ask the door for what it signs, prove it by the published log, and check the whole as anybody will.

    Raises:
        NotPublishedError: there is no checkpoint yet.
        LedgerError: it does not hold.
    """
    settings: WebSettings = current_app.config["WEB_SETTINGS"]
    source, keys = TileDirectory(settings.ledger_directory), published_keys()
    if not keys:
        raise NotPublishedError("no key is published")
    note = source.fetch("checkpoint", MAX_CHECKPOINT_LENGTH)
    checkpoint = open_checkpoint(note, keys_of_log(keys))
    made = ask("complaint.bundle", complaint_id=str(complaint_id), below=checkpoint.size)
    files = {name: b64decode(content) for name, content in made["files"].items()}
    reader = TileReader(source, checkpoint.size)
    proofs = {
        index: inclusion_proof(reader, index, checkpoint.size)
        for index in evidence_bundle.indexes(json.loads(files[evidence_bundle.ENTRIES]))
    }
    files |= {
        evidence_bundle.MANIFEST: b64decode(made["manifest"]),
        evidence_bundle.CHECKPOINT: note,
        evidence_bundle.PROOFS: evidence_bundle.write_proofs(proofs),
    }
    evidence_bundle.verify(files, keys_of_log(keys), keys_of_door(keys))
    return evidence_bundle.pack(files)


def _page(given: Any, errors: dict[str, str] | None = None, *, again: bool = False) -> str:
    once = None if again else request.form.get("eenmaal")
    return render_template(
        "oversight/complaints.html",
        complaints=ask("complaint.list")["complaints"],
        parties=sorted(((one.party_id, one.name) for one in registered()), key=lambda one: one[1]),
        origins=ORIGINS,
        outcomes=OUTCOMES,
        given=given,
        once=once or str(uuid4()),
        errors=errors or {},
    )


def _one(complaint_id: UUID, error: str = "", error_at: str = "") -> str:
    settings: WebSettings = current_app.config["WEB_SETTINGS"]
    return render_template(
        "oversight/complaint.html",
        one=ask("complaint.show", complaint_id=str(complaint_id))["complaint"],
        origins=ORIGINS,
        outcomes=OUTCOMES,
        base_url=settings.base_url,
        error=error,
        error_at=error_at,
    )
