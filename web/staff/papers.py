"""`/dienst/loket/…`: what a customer signed on paper, entered with the hash of its scan."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue
from marshmallow import fields, validate
from werkzeug.datastructures import MultiDict

from databeheer.door.client import DoorRefusedError
from databeheer.rights.requests import Fact, Kind
from web.door import ask
from web.forms import EANField, Form, Lines, no_ean, parse_or_tell
from web.security import takes_files
from web.staff.contacts import WRITERS, page, refused
from web.staff.guard import require_role
from web.staff.scans import MOST_BYTES, SCAN, scan, with_scan

blueprint = Blueprint("staff_papers", __name__)

ANSWERED = (
    "Dit gaat niet: de vraag is al beantwoord of de toestemming is al voorbij, of dit contact is niet op papier. "
    "Er is niets veranderd. Drukte u twee keer? Onderaan leest u of het papier ingevoerd is."
)
NO_SUCH = "Deze vraag of toestemming hoort niet bij dit adres. Kijk opnieuw."
KIND = "Kies wat de klant vraagt."
FACT = "Kies wat er fout staat."
BASIS = "Kies waartegen de klant bezwaar maakt."
ASKED = (
    "Dit vroeg de klant al, of dit contact is niet op papier. Er is niets veranderd. Drukte u twee keer? "
    "Onderaan leest u of het papier ingevoerd is."
)
USED_CODE = "scan-used"
USED = (
    "Deze scan hoort al bij contact {}. Er is niets veranderd. Kies de scan van dit papier; een brief van twee klanten "
    "scant u voor elk apart."
)
WHICH = "Vul de EAN-code of het meternummer in dat geblokkeerd is."
LOCKS = (
    "Dit gaat alleen met een papier: per brief, of afgegeven aan het loket. Een scan ontgrendelt alleen wat er de "
    "eerste keer bij stond: scan het papier van elke woning apart. In een contact ontgrendelt u hoogstens drie keer."
)


class PermissionForm(Form):
    """Which permission, and the scan of what was signed."""

    toestemming = fields.UUID(required=True)
    scan = scan()


class RightForm(Form):
    """A request about the own data."""

    scan = scan()
    vraag = fields.String(
        required=True,
        validate=validate.OneOf([kind.value for kind in Kind], error=KIND),
        error_messages={"required": KIND},
    )
    fout = fields.String(
        load_default="", validate=validate.OneOf(["", *(fact.value for fact in Fact)], error=FACT)
    )
    grond = fields.String(load_default="", validate=validate.Length(max=60, error=BASIS))
    woorden = Lines(
        load_default="", validate=[validate.Length(max=2000, error="Houd het bij 2000 tekens."), no_ean]
    )


class UnlockForm(Form):
    """What was locked."""

    scan = scan()
    ean = EANField(load_default="")
    meter = fields.String(load_default="", validate=validate.Regexp(r"[ -~]{0,40}\Z", error=WHICH))


@blueprint.post("/dienst/loket/<reference>/geven")
@takes_files(MOST_BYTES)
@require_role(*WRITERS, writing=True)
def grant(reference: str) -> ResponseReturnValue:
    """Enter a permission that was signed on paper."""
    return _of_permission(reference, "desk.paper_grant")


@blueprint.post("/dienst/loket/<reference>/intrekken")
@takes_files(MOST_BYTES)
@require_role(*WRITERS, writing=True)
def withdraw(reference: str) -> ResponseReturnValue:
    """Enter that a permission was withdrawn on paper: as many fields as granting, and it ends at once."""
    return _of_permission(reference, "desk.paper_withdraw")


@blueprint.post("/dienst/loket/<reference>/recht")
@takes_files(MOST_BYTES)
@require_role(*WRITERS, writing=True)
def ask_right(reference: str) -> ResponseReturnValue:
    """Enter a request about the own data."""
    given = with_scan()
    form, errors = parse_or_tell(RightForm(), given, ("scan", "vraag", "fout", "grond", "woorden"))
    if not errors and (form["vraag"] == Kind.RECTIFICATION) is not bool(form["fout"]):
        errors["fout"] = FACT
    if not errors and (form["vraag"] == Kind.OBJECTION) is not bool(form["grond"]):
        errors["grond"] = BASIS
    if errors:
        return page(reference, _named("recht", errors), status=400, given=_shown(given, errors))
    try:
        answer = ask(
            "desk.paper_right",
            reference=reference,
            document_sha256=form["scan"],
            kind=form["vraag"],
            fact=form["fout"] or None,
            basis=form["grond"] or None,
            words=form["woorden"],
        )
    except DoorRefusedError as refusal:
        if refusal.code == "no-right-to-object":
            return page(reference, {"recht-grond": BASIS}, status=400)
        if refusal.code == USED_CODE:
            return page(reference, {"recht-scan": used(refusal)}, status=409, given=_without_scan(given))
        return refused(refusal, reference, {"recht-vraag": ASKED}, malformed={"recht-vraag": KIND})
    return page(reference, entered=answer | {"what": "right", "kind": form["vraag"]})


@blueprint.post("/dienst/loket/<reference>/ontgrendel")
@takes_files(MOST_BYTES)
@require_role(*WRITERS, writing=True)
def unlock(reference: str) -> ResponseReturnValue:
    """Enter that somebody asked to be unlocked."""
    given = with_scan()
    form, errors = parse_or_tell(UnlockForm(), given, ("scan", "ean", "meter"))
    if not errors and not form["ean"] and not form["meter"].strip():
        errors["ean"] = WHICH
    if errors:
        return page(reference, _named("open", errors), status=400, given=_shown(given, errors))
    try:
        ask(
            "desk.paper_unlock",
            reference=reference,
            document_sha256=form["scan"],
            ean=form["ean"] or None,
            meter=form["meter"].strip() or None,
        )
    except DoorRefusedError as refusal:
        if refusal.code == USED_CODE:
            return page(reference, {"open-scan": used(refusal)}, status=409, given=_without_scan(given))
        return refused(refusal, reference, {"open-scan": LOCKS}, malformed={"open-scan": SCAN})
    return page(reference, entered={"what": "unlocked"})


def _of_permission(reference: str, command: str) -> ResponseReturnValue:
    given = with_scan()
    form, errors = parse_or_tell(PermissionForm(), given, ("scan",))
    if errors:
        return page(reference, {"papier-scan": errors["scan"]}, status=400, given=_shown(given, errors))
    try:
        answer = ask(
            command,
            reference=reference,
            permission_id=str(form["toestemming"]),
            document_sha256=form["scan"],
        )
    except DoorRefusedError as refusal:
        if refusal.code == USED_CODE:
            return page(reference, {"papier-scan": used(refusal)}, status=409, given=_without_scan(given))
        return refused(refusal, reference, {"papier": ANSWERED}, missing={"papier": NO_SUCH})
    return page(reference, entered=answer | {"what": "permission"})


def _shown(given: MultiDict[str, str], errors: dict[str, str]) -> MultiDict[str, str]:
    """What stays in the form: of a hash that is wrong nothing."""
    return _without_scan(given) if "scan" in errors else given


def _without_scan(given: MultiDict[str, str]) -> MultiDict[str, str]:
    return MultiDict((name, value) for name, value in given.items() if name != "scan")


def used(refusal: DoorRefusedError) -> str:
    """What to say of a scan that was entered in another contact: in which."""
    return USED.format(str(refusal).partition(":")[0])


def _named(where: str, errors: dict[str, str]) -> dict[str, str]:
    """Errors under the names that the fields have on the page, where three forms ask for a scan."""
    return {f"{where}-{name}": message for name, message in errors.items()}
